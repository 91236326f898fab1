/** What a coordinate changes: the central difference of decodes, pixel by pixel, over the image. */

import { element } from "./dom.js";
import { dimensionName, pack, traverse } from "./latent.js";

export const H = 0.25; // the step to either side, where codes have the prior's scale
const FAINTEST = 0.05; // brightness per unit of z: full colour never stands for less than that
const DWELL = 150; // ms that the pointer rests on a row: it may only be passing by
const BRIGHTER = [255, 140, 0]; // orange and blue are told apart by all kinds of colour vision
const DARKER = [40, 150, 255];

/**
 * (x(z + h·e_j) − x(z − h·e_j)) / 2h for each pixel, in brightness 0–1 per unit of z_j; the mean
 * over the channels of a colour image. Pure.
 * @param {Uint8Array} plus @param {Uint8Array} minus H·W·C pixels each
 * @returns {Float32Array} H·W
 */
export function centralDifference(plus, minus, h, channels = 1) {
  const result = new Float32Array(plus.length / channels);
  for (let i = 0; i < plus.length; i += 1)
    result[Math.floor(i / channels)] += (plus[i] - minus[i]) / (255 * channels * 2 * h);
  return result;
}

/** The largest change to either side. Pure. */
export const strongest = (differences) =>
  differences.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Differences as colours to lay over the image: the stronger, the less transparent. Pure. */
export function differenceRGBA(differences, full) {
  const into = new Uint8ClampedArray(4 * differences.length);
  differences.forEach((value, i) => {
    into.set(value > 0 ? BRIGHTER : DARKER, 4 * i);
    into[4 * i + 3] = 255 * Math.min(1, Math.abs(value) / full);
  });
  return into;
}

export class Sensitivity {
  /**
   * @param {object} options
   * @param {number[]} options.shape [H, W, C]
   * @param {number} [options.h] the step to either side
   * @param {() => number[]} options.z
   * @param {() => number} options.chosen the dimension that is shown while it is switched on
   * @param {(rows: Float32Array, answered: Function) => void} options.ask the decoder
   */
  constructor({ shape, h = H, z, chosen, ask }) {
    Object.assign(this, { shape, z, chosen, ask, h, faintest: (FAINTEST * H) / h });
    const [height, width] = shape;
    this.canvas = element("canvas", { class: "changes", width, height, "aria-hidden": "true" });
    this.canvas.hidden = true;
    this.legend = element("p", { class: "legend", role: "status" });
    this.toggle = element("button", {
      type: "button", "aria-pressed": "false", onclick: () => this.#switch(),
      title: "Keep showing where the marked slider acts on the image",
    }, "What changes");
    this.pointed = null; // the row under the pointer, or focused by Tab
    this.muted = false; // the hand has moved something since: the image is what counts
    this.on = false;
    this.sliders = true; // what is pointed at; not on the pad
    this.#update();
  }

  /** The pointer, or the keyboard's focus, is on a row; null when it has left. */
  point(dim) {
    clearTimeout(this.timer);
    this.pointed = null;
    if (dim === null) return this.#update();
    this.timer = setTimeout(() => {
      this.pointed = dim;
      this.muted = false;
      this.#update();
    }, DWELL);
  }

  /** The hand touches something: until it points anew the image is shown as it is. */
  mute() {
    clearTimeout(this.timer);
    if (this.muted) return;
    this.muted = true;
    this.#update();
  }

  /** z, or the chosen dimension, is another. */
  refresh() {
    if (this.#dim() !== null) this.#update();
  }

  /** Whether there are sliders to point at, or the pad. */
  use(sliders) {
    this.sliders = sliders;
    this.#update();
  }

  close() {
    clearTimeout(this.timer);
  }

  #switch() {
    this.on = !this.on;
    this.toggle.setAttribute("aria-pressed", String(this.on));
    this.#update();
  }

  #dim() {
    if (this.on) return this.chosen();
    return this.muted ? null : this.pointed;
  }

  #update() {
    const dim = this.#dim();
    if (dim === null) {
      this.canvas.hidden = true;
      const words = this.sliders && matchMedia("(hover: hover)").matches
        ? "Point at a slider to see what it changes."
        : `“What changes” shows where ${dimensionName(this.chosen())} acts.`;
      this.legend.replaceChildren(element("span", { class: "quiet" }, words));
      return;
    }
    const z = this.z();
    this.ask(pack(traverse(z, dim, [z[dim] + this.h, z[dim] - this.h])), (answer) => {
      if (dim === this.#dim()) this.#paint(dim, new Uint8Array(answer));
    });
  }

  #paint(dim, bytes) {
    const [height, width, channels] = this.shape;
    const half = bytes.length / 2;
    const differences = centralDifference(
      bytes.subarray(0, half), bytes.subarray(half), this.h, channels);
    const most = strongest(differences);
    const data = differenceRGBA(differences, Math.max(most, this.faintest));
    this.canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
    this.canvas.hidden = false;
    const name = dimensionName(dim);
    const swatch = (words) => [element("i", { class: words }), words, " "];
    this.legend.replaceChildren(element("span", {
      title: `(x(z + h) − x(z − h)) / 2h with h = ${this.h} along ${name}, in brightness 0–1 per unit `
        + "of z; full colour at the largest",
    }, `${name} up: `, ...swatch("brighter"), ...swatch("darker"),
    most < this.faintest ? `· hardly anything (h = ${this.h})`
      : `· at most ${most.toFixed(2)} per unit · h = ${this.h}`));
  }
}
