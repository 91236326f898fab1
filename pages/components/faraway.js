/** A map of more points than can be sent: an image of how many lie where, and points from near. */

import { readValues, rgbOf, viridis } from "./colouring.js";
import { element } from "./dom.js";
import { fetchBytes } from "./fetching.js";
import { sameView } from "./tiles.js";

const REST = 120; // ms without a move before a view is asked for
const MOST = 20000; // points that are drawn one by one
const SIDE = 2; // px of a bin
const GREY = [128, 128, 128];
const FAINTEST = 0.15; // opacity of a bin with one point

/**
 * The bins in an answer of `density`: counts, and of each bin its most frequent class, or the mean
 * of a number. Pure.
 * @param {ArrayBuffer} answer @param {number} size bins @param {boolean} numeric
 */
export function readDensity(answer, size, numeric) {
  const counts = new Uint32Array(answer, 0, size);
  if (!numeric) return { counts, classes: new Uint16Array(answer, 4 * size, size) };
  return { counts, means: readValues(answer.slice(4 * size)) };
}

/**
 * Its picture, RGBA: colours by class or mean, the more opaque the more points. Pure.
 * @param {(value: number) => number[] | null} colourOf a class or a mean, null for a class that is
 *   not shown
 */
export function densityImage({ counts, classes, means }, colourOf, into) {
  const most = Math.log1p(counts.reduce((a, b) => Math.max(a, b), 0)) || 1;
  for (let i = 0; i < counts.length; i += 1) {
    const rgb = counts[i] ? colourOf((classes ?? means)[i]) : null;
    if (!rgb) {
      into[4 * i + 3] = 0;
      continue;
    }
    into.set(rgb, 4 * i);
    into[4 * i + 3] = 255 * (FAINTEST + (1 - FAINTEST) * (Math.log1p(counts[i]) / most));
  }
  return into;
}

/** The points in an answer of `points`. Pure. */
export function readPoints(answer) {
  const [total, count] = new Uint32Array(answer, 0, 2);
  return {
    total,
    rows: new Uint32Array(answer, 8, count),
    places: new Float32Array(answer, 8 + 4 * count, 2 * count),
    labels: new Uint16Array(answer, 8 + 12 * count, count),
  };
}

export class FarAway {
  /**
   * @param {object} options
   * @param {string} options.model
   * @param {Array<{label: number, colour: string}>} options.classes
   * @param {object} options.colours see mapcolours.js
   * @param {(found: object | null) => void} options.found the points in view are few enough to be
   *   drawn: those of `readPoints`; null while they are not
   * @param {(sentence: string) => void} options.onError
   */
  constructor(options) {
    Object.assign(this, options);
    this.canvas = element("canvas", { class: "points faraway" });
    this.image = document.createElement("canvas");
    this.classColours = new Map(options.classes.map(({ label, colour }) => [label, rgbOf(colour)]));
    this.turn = 0;
  }

  /** Show this map, from the next move of the plane on. */
  use(map) {
    this.rest();
    this.map = map;
    this.canvas.hidden = false;
  }

  /** Show nothing; what is under way comes to nothing. */
  rest() {
    this.turn += 1;
    clearTimeout(this.timer);
    this.asked = this.shown = null;
    this.canvas.hidden = true;
  }

  follow(plane) {
    this.plane = plane;
    this.#draw();
    const { by } = this.colours;
    if (sameView(this.asked, plane.seen) && by === this.askedBy) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), this.asked ? REST : 0);
  }

  /** Draw what is here: other classes are shown, perhaps. */
  repaint() {
    if (this.shown) {
      const { w, h, bins } = this.shown;
      [this.image.width, this.image.height] = [w, h];
      const context = this.image.getContext("2d");
      const picture = context.createImageData(w, h);
      densityImage(bins, (value) => this.#colourOf(value), picture.data);
      context.putImageData(picture, 0, 0);
    }
    if (this.plane) this.#draw();
  }

  close() {
    this.turn += 1;
    clearTimeout(this.timer);
    this.canvas.remove();
  }

  async #ask() {
    const turn = (this.turn += 1);
    const { seen, frame } = this.plane;
    [this.asked, this.askedBy] = [seen, this.colours.by];
    const [w, h] = [frame.right - frame.left, frame.bottom - frame.top].map((side) =>
      Math.max(1, Math.min(1024, Math.round(side / SIDE))));
    const box = { x0: seen.x[0], x1: seen.x[1], y0: seen.y[0], y1: seen.y[1] };
    const by = this.askedBy;
    try {
      const get = (what, query) => fetchBytes(this.model, what, { map: this.map, ...box, ...query });
      const points = readPoints(await get("points", { most: MOST }));
      const few = points.total <= MOST;
      const answer = few ? null : await get("density", { w, h, ...(by ? { by } : {}) });
      if (turn !== this.turn) return;
      this.shown = answer && { seen, w, h, bins: readDensity(answer, w * h, by !== null) };
      this.repaint();
      this.found(few ? points : null);
    } catch (error) {
      if (turn === this.turn) this.onError(`The map did not come: ${error.message}`);
    }
  }

  /** Of a class or a number, as the legend says; grey where the colours are those of a column. */
  #colourOf(value) {
    const { colours } = this;
    if (this.askedBy !== null && colours.range) {
      const [low, high] = colours.range;
      return Number.isNaN(value) ? GREY : viridis((value - low) / (high - low || 1));
    }
    if (!colours.byClass) return GREY;
    return colours.hidden(value) ? null : this.classColours.get(value) ?? GREY;
  }

  #draw() {
    const { canvas, plane, shown } = this;
    const { left, top, right, bottom } = plane.frame;
    [canvas.width, canvas.height] = [right - left, bottom - top].map((side) => Math.max(1, side));
    Object.assign(canvas.style, { left: `${left}px`, top: `${top}px` });
    if (!shown) return;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    const [x, y] = plane.toPixel(shown.seen.x[0], shown.seen.y[1]);
    const [u, v] = plane.toPixel(shown.seen.x[1], shown.seen.y[0]);
    context.drawImage(this.image, x - left, y - top, u - x, v - y);
  }
}
