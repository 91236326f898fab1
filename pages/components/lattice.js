/** The manifold: a lattice of decoded places among the points, which refines as it loads. */

import { element } from "./dom.js";
import { liftTo } from "./lens.js";
import { drawSheet, fillSheet } from "./sheet.js";
import { centreOf, parts, sameView, sheetsOf } from "./tiles.js";
import { LiveChannel } from "./wire.js";

const DIM = 0.65; // of its light, where points shine through it
const REST = 120; // ms without a move before a view is asked for
const EVERY = 80; // ms between two questions, so that the image under the hand goes first

export class Lattice {
  /**
   * @param {HTMLElement} root whose `data-lattice` tells the finest level that is whole, 0 for none;
   *   browser tests find this at `root.lattice`
   * @param {object} options
   * @param {string} options.model
   * @param {number[]} options.shape [H, W, C]
   * @param {(sentence: string) => void} options.onError
   */
  constructor(root, { model, shape, onError }) {
    Object.assign(this, { root, model, shape, onError });
    root.lattice = this;
    // The images lie over the points as light, so these are seen through their dark; behind both
    // is black.
    this.canvas = element("canvas", { class: "lattice", hidden: true });
    this.ground = element("i", { class: "ground", hidden: true });
    this.sheets = []; // what is drawn, in this order
    this.lift = null;
    this.on = false;
    this.turn = 0; // answers to a former view's questions are dropped
  }

  /** Show the manifold of another plane of codes, or, with null, of none. */
  use(lift) {
    this.lift = lift;
    this.stale = true; // what is drawn stays until the first sheet of the new plane
    if (!lift) this.sheets = [];
    this.#forget();
  }

  /** @param {boolean} on @param {boolean} dimmed for points to shine through */
  show(on, dimmed) {
    this.dimmed = dimmed;
    if (on !== this.on) {
      this.on = on;
      this.#forget();
    } else if (!this.canvas.hidden) this.#drawSoon();
  }

  #forget() {
    this.asked = null;
    this.turn += 1;
    this.canvas.hidden = this.ground.hidden = !this.on || !this.lift;
    clearTimeout(this.timer);
    this.#refined(0);
    if (this.plane) this.follow(this.plane);
  }

  #refined(n) {
    this.root.dataset.lattice = String(n);
  }

  /** The plane has moved, or is drawn: draw what is here at its place, ask for what is in view. */
  follow(plane) {
    this.plane = plane;
    if (this.canvas.hidden || !plane.ready) return;
    this.#drawSoon();
    clearTimeout(this.timer);
    if (sameView(this.asked, plane.seen)) return;
    this.timer = setTimeout(() => this.#ask(), this.asked ? REST : 0);
  }

  close() {
    this.turn += 1;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.channel?.close();
  }

  #ask() {
    this.asked = this.plane.seen;
    this.turn += 1;
    this.#refined(0);
    const sheets = sheetsOf(this.asked, this.shape, this.plane.scale);
    const work = sheets.flatMap((sheet) =>
      parts(sheet.columns * sheet.rows, this.shape).map(([from, to]) => ({ sheet, from, to })));
    this.channel ??= new LiveChannel({
      model: this.model, lanes: [{ name: "lattice", every: EVERY }],
      onError: (sentence) => {
        this.asked = null; // the next move asks again
        this.onError(sentence);
      },
    });
    this.#next(this.turn, work);
  }

  /** Ask for the first part of `work`, then for the others, one by one. */
  #next(turn, [part, ...rest]) {
    if (!part) return;
    const { sheet, from, to } = part;
    const d = this.lift.origin.length;
    const rows = new Float32Array((to - from) * d);
    for (let i = from; i < to; i += 1)
      rows.set(liftTo(this.lift, ...centreOf(sheet, i)), (i - from) * d);
    this.channel.ask("lattice", rows, (answer) => {
      if (turn !== this.turn) return;
      this.#fill(sheet, new Uint8Array(answer));
      if (to === sheet.columns * sheet.rows) {
        // The view is whole: all that it needs, and the coarsest for what a move brings in.
        if (!rest.length) this.sheets = [...new Set([this.base, sheet])];
        this.#refined(sheet.n);
      }
      this.#next(turn, rest);
    });
  }

  #fill(sheet, bytes) {
    const isNew = !sheet.canvas;
    fillSheet(sheet, bytes, this.shape);
    if (isNew) {
      if (this.stale) [this.sheets, this.base, this.stale] = [[], sheet, false];
      // Finer ones over coarser ones, of whatever view they are.
      this.sheets = [...this.sheets, sheet].sort((a, b) => b.dx - a.dx);
    }
    this.#drawSoon();
  }

  #drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (!this.canvas.hidden && this.plane.ready) this.#draw();
    });
  }

  #draw() {
    const { left, top, right, bottom } = this.plane.frame;
    const density = globalThis.devicePixelRatio || 1;
    const [width, height] = [right - left, bottom - top].map((side) =>
      Math.max(1, Math.round(side * density)));
    const { canvas } = this;
    if (canvas.width !== width || canvas.height !== height)
      [canvas.width, canvas.height] = [width, height];
    const place = {
      left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px`,
    };
    for (const { style } of [canvas, this.ground]) Object.assign(style, place);
    const context = canvas.getContext("2d");
    context.setTransform(density, 0, 0, density, -left * density, -top * density);
    context.clearRect(left, top, right - left, bottom - top);
    context.globalAlpha = this.dimmed ? DIM : 1;
    for (const sheet of this.sheets) drawSheet(context, sheet, this.plane, density);
  }
}
