/** The real images nearest to a code, and how near: on the data, near it, or off it. */

import { fetchCodes } from "./codes.js";
import { element } from "./dom.js";
import { brief, pack } from "./latent.js";
import { drawPixels, split } from "./pixels.js";
import { LiveChannel } from "./wire.js";

const SHOWN = 5;
const EVERY = 100; // ms between two questions
const LATE = 300; // ms without an answer: the word is faint, for it is about an earlier z
const KEPT = 400; // images held, so that going back and forth asks nothing
const NEAR = 1.5; // so many usual distances away is still near

/**
 * How near the data a code is, by its distance to the nearest held-out code. Pure.
 * @param {number | null} usual the distance within which 95 % of these codes have another one
 * @returns {"on" | "near" | "off" | null} null where nothing is usual: there is only one code
 */
export function nearness(distance, usual) {
  if (usual == null) return null;
  if (distance <= usual) return "on";
  return distance <= NEAR * usual ? "near" : "off";
}

/** The server's answer to one z: float32 row and distance, nearest first. Pure. */
export function readNearest(answer) {
  const flat = new Float32Array(answer);
  return Array.from({ length: flat.length / 2 }, (_, i) =>
    ({ row: flat[2 * i], distance: flat[2 * i + 1] }));
}

export class Neighbours {
  /**
   * @param {object} options
   * @param {string} options.model
   * @param {number[]} options.shape [H, W, C]
   * @param {number} options.latentDim
   * @param {number} options.images how many held-out images the model has
   * @param {number | null} options.usual see `nearness`
   * @param {(rows: Float32Array, answered: Function) => void} options.decode
   * @param {(z: ArrayLike<number>, row: number) => void} options.onPicked
   * @param {(level: "on" | "near" | "off" | null) => void} options.onLevel see `nearness`
   * @param {(sentence: string) => void} options.onError
   */
  constructor(options) {
    Object.assign(this, options);
    this.count = Math.min(SHOWN, options.images);
    this.images = new Map(); // row → bytes, the latest come last
    this.codes = new Map(); // row → z, where the originals are not at hand
    this.found = [];
    this.absence = null; // the server's reason why there are no originals
    this.fetching = false;
    this.turn = 0; // of the latest question
    this.late = null; // until the word is marked as one on an earlier z
    this.word = element("b", { class: "nearness" }, "…");
    this.caption = element("span", { class: "quiet" }, "nearest real images");
    this.tiles = Array.from({ length: this.count }, (_, i) => {
      const canvas = element("canvas");
      canvas.style.aspectRatio = `${this.shape[1]} / ${this.shape[0]}`;
      const tile = element("button", { type: "button", disabled: true,
        onclick: () => this.#pick(this.found[i].row) }, canvas);
      return { tile, canvas };
    });
    this.element = element("div", { class: "neighbours" },
      this.caption, element("div", { class: "tiles" }, ...this.tiles.map(({ tile }) => tile)));
  }

  /** Ask which are nearest to z. The first question opens the lines. */
  ask(z) {
    this.channel ??= new LiveChannel({
      model: this.model, op: "nearest", query: `?k=${this.count}`, onError: this.onError,
      lanes: [{ name: "nearest", every: EVERY }],
    });
    const turn = (this.turn += 1);
    this.late ??= setTimeout(() => this.word.classList.add("late"), LATE);
    this.channel.ask("nearest", Float32Array.from(z), (answer) => {
      if (turn === this.turn) this.#inTime();
      this.found = readNearest(answer);
      this.#describe();
      this.#show();
    });
  }

  close() {
    this.closed = true;
    clearTimeout(this.late);
    this.channel?.close();
    this.originals?.close();
  }

  #inTime() {
    clearTimeout(this.late);
    this.late = null;
    this.word.classList.remove("late");
  }

  #describe() {
    const [{ distance }] = this.found;
    const level = nearness(distance, this.usual);
    this.word.dataset.level = level ?? "";
    this.onLevel(level);
    this.word.textContent = level ? `${level} the data` : `${brief(distance)} from the data`;
    this.word.title = `Distance to the nearest held-out code: ${brief(distance)}. `
      + (this.usual === null ? "" : `95 % of these codes have another one within `
        + `${brief(this.usual)}: up to that, “on the data”; up to ${NEAR} times that, “near”.`);
  }

  /** Show the images of what was found, all at once, as soon as all are here. */
  #show() {
    const missing = this.found.map(({ row }) => row).filter((row) => !this.images.has(row));
    if (missing.length) {
      this.#fetch(missing);
      return;
    }
    this.found.forEach(({ row, distance }, i) => {
      const { tile, canvas } = this.tiles[i];
      drawPixels(canvas, this.images.get(row), this.shape);
      tile.disabled = false;
      const words = `Image ${row}, at a distance of ${brief(distance)}`;
      tile.title = `${words}: go there`;
      tile.setAttribute("aria-label", tile.title);
    });
  }

  #fetch(rows) {
    if (this.absence !== null) {
      this.#decode(rows);
      return;
    }
    this.originals ??= new LiveChannel({
      model: this.model, op: "images", onError: (sentence) => this.#doWithout(sentence),
    });
    this.originals.ask("main", Uint32Array.from(rows), (answer) => this.#keep(rows, answer));
  }

  /** The originals are not on the server: what stands for them is said, and why. */
  #doWithout(sentence) {
    this.originals.close();
    this.absence = sentence;
    this.caption.textContent = "nearest real images, decoded from their codes";
    this.caption.title = sentence;
    this.#show();
  }

  async #decode(rows) {
    if (this.fetching) return; // what is missing then is asked for when this has come
    this.fetching = true;
    try {
      const codes = await fetchCodes(this.model, this.latentDim, rows);
      rows.forEach((row, i) => this.codes.set(row, codes[i]));
      if (!this.closed) this.decode(pack(codes), (answer) => this.#keep(rows, answer));
    } catch (error) {
      this.onError(`The codes of the nearest images did not come: ${error.message}`);
    } finally {
      this.fetching = false;
    }
  }

  #keep(rows, answer) {
    split(answer, this.shape).forEach((bytes, i) => this.images.set(rows[i], bytes));
    this.#show();
    for (const row of this.images.keys()) {
      if (this.images.size <= KEPT) break;
      this.images.delete(row);
      this.codes.delete(row);
    }
  }

  async #pick(row) {
    try {
      const [z] = this.codes.has(row) ? [this.codes.get(row)]
        : await fetchCodes(this.model, this.latentDim, [row]);
      if (!this.closed) this.onPicked(z, row);
    } catch (error) {
      this.onError(`The code of image ${row} did not come: ${error.message}`);
    }
  }
}
