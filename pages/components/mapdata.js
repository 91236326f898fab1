/** What the map asks of the server: its places, and where a code that is no point of it lies. */

import { fetchBytes } from "./fetching.js";
import { project } from "./lens.js";
import { groupRows, medoid } from "./nearest.js";
import { LiveChannel } from "./wire.js";

/** The places of a model's held-out codes on a map: x0, y0, x1, y1 … @throws if they do not come */
export const fetchPlaces = async (model, map) =>
  new Float32Array(await fetchBytes(model, "map", { map }));

/** The classes of a model's held-out images. @throws if they do not come */
export const fetchLabels = async (model) =>
  new Uint16Array(await fetchBytes(model, "labels"));

/**
 * The points of each class, and the row at which the class is named (-1 for one without points).
 * @param {Uint16Array} labels @param {Array<{label: number}>} classes @param {Float32Array} coords
 */
export function groupClasses(labels, classes, coords) {
  const members = groupRows(labels, classes.map(({ label }) => label), coords.length / 2);
  return {
    groups: members.map((rows, i) => ({ ...classes[i], rows })),
    centres: members.map((rows) => medoid(coords, rows)),
  };
}

/** Finds where a code lies on a map: by its formula, or else by asking; the newest wins. */
export class Placer {
  /** @param {string} model @param {(sentence: string) => void} onError */
  constructor(model, onError) {
    this.model = model;
    this.onError = onError;
    this.channel = null;
  }

  /**
   * @param {{map: string, lift: object | null}} data of the map
   * @param {(placed: {x: number, y: number, spread: number}) => void} answered
   */
  ask({ map, lift }, code, answered) {
    this.close();
    if (lift) {
      const [x, y] = project(lift, code);
      answered({ x, y, spread: 0 });
      return;
    }
    const channel = new LiveChannel({
      model: this.model, op: "place", query: `?map=${encodeURIComponent(map)}&exact=1`,
      onError: this.onError,
    });
    this.channel = channel;
    channel.ask("main", Float32Array.from(code), (answer) => {
      if (this.channel !== channel) return;
      const [x, y, spread] = new Float32Array(answer);
      this.close();
      answered({ x, y, spread });
    });
  }

  close() {
    this.channel?.close();
    this.channel = null;
  }
}
