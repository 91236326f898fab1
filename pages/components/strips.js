/** Strips: every row's decodes along its dimension, kept up to date while other dimensions move. */

import { clamp, pack, traverse, valueAt } from "./latent.js";
import { drawTiles } from "./pixels.js";

const EVERY = 80; // ms between two updates of all rows, at best: twelve a second
const PATIENCE = 2; // round trips until the next question, of strips and of the large image: where
// answers are slow, strips are asked for less often, and the image goes first
const BYTES = 128 * 1024; // of one answer
const GAP = 1; // transparent pixels between tiles

/** How many tiles of `shape` fill a strip of that size, in px. Pure. */
export const tilesFor = (width, height, shape) =>
  clamp(Math.round((width * shape[0]) / (height * shape[1])), 5, 13);

/** The values at the middles of n equal parts of a track: what its tiles show. Pure. */
export const tileValues = (range, n) =>
  Array.from({ length: n }, (_, i) => valueAt((i + 0.5) / n, range));

/** Whether what was decoded around `painted`, with the `free` dimensions varied, is out of date. */
export const stale = (z, painted, free) =>
  !painted || z.some((v, i) => v !== painted[i] && !free.includes(i));

/** How many rows of n tiles one question may have. Pure. */
export const rowsAtOnce = (n, [height, width, channels]) =>
  Math.max(1, Math.floor(BYTES / (n * height * width * channels)));

export class Strips {
  /**
   * @param {object} options
   * @param {number[]} options.shape [H, W, C]
   * @param {number} options.tiles of a strip
   * @param {(rows: Float32Array, answered: Function) => void} options.ask the decoder
   * @param {() => void} options.onWhole all rows in view have been painted once more
   */
  constructor({ shape, tiles, ask, onWhole }) {
    Object.assign(this, { shape, tiles, ask, onWhole });
    this.rows = new Map(); // canvas → {dim, range, painted}
    this.inView = new Set();
    this.round = new Set(); // rows in view that this update has not painted yet
    this.z = null;
    this.timer = null;
    this.asking = false;
    this.trip = 0; // ms, of the large image, smoothed
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries)
        this.inView[isIntersecting ? "add" : "delete"](this.rows.get(target));
      this.#soon(0);
    });
  }

  /** @param {number} dim @param {HTMLCanvasElement} canvas @param {() => [number, number]} range */
  add(dim, canvas, range) {
    const [height, width] = this.shape; // its room is kept before it is painted
    canvas.style.aspectRatio = `${this.tiles * (width + GAP) - GAP} / ${height}`;
    this.rows.set(canvas, { dim, canvas, range, painted: null });
    this.observer.observe(canvas);
  }

  /** z has moved: rows that this changes follow, those in view only. */
  refresh(z) {
    this.z = [...z];
    this.#soon(0);
  }

  /** The large image took so many ms. */
  giveWay(ms) {
    this.trip += 0.3 * (ms - this.trip);
  }

  /** A question was refused: what it asked for is asked with the next move. */
  refused() {
    this.asking = false;
  }

  close() {
    clearTimeout(this.timer);
    this.observer.disconnect();
  }

  #soon(ms) {
    if (this.asking || this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.#next();
    }, ms);
  }

  #next() {
    if (!this.z) return;
    const due = [...this.inView].filter((row) => this.#due(row));
    for (const row of this.round) if (!due.includes(row)) this.round.delete(row);
    if (!this.round.size) this.round = new Set(due);
    const rows = [...this.round].slice(0, rowsAtOnce(this.tiles, this.shape));
    if (!rows.length) return;
    this.asking = true;
    const z = this.z;
    const keys = rows.map((row) => String(row.range()));
    const codes = rows.flatMap((row) =>
      traverse(z, row.dim, tileValues(row.range(), this.tiles)));
    const share = rows.length / due.length;
    this.ask(pack(codes), (answer, ms) => {
      this.asking = false;
      const size = answer.byteLength / rows.length;
      rows.forEach((row, i) => {
        const bytes = new Uint8Array(answer, i * size, size);
        drawTiles(row.canvas, bytes, this.shape, this.tiles, GAP);
        row.painted = { z, range: keys[i] };
        this.round.delete(row);
      });
      if (!this.round.size) this.onWhole();
      this.#soon(Math.max(EVERY * share, PATIENCE * Math.max(ms, this.trip)) - ms);
    });
  }

  #due(row) {
    const { painted, dim } = row;
    return painted?.range !== String(row.range()) || stale(this.z, painted?.z, [dim]);
  }
}
