/** Posteriors over a map: ellipses in true scale where it is linear, else draws placed on it. */

import { element } from "./dom.js";
import { meanAndDraws, noise } from "./posterior.js";
import { TrueScale } from "./truescale.js";
import { LiveChannel } from "./wire.js";

const SAMPLE = 200; // images whose posteriors are shown together
const DRAWS = 40; // of one image's posterior, on a map that has no formula

/**
 * The Gaussians in an answer of `posteriors`. Pure.
 * @param {ArrayBuffer} answer float32 n × 2 × d: means and log-variances
 * @returns {Array<{mean: Float32Array, variance: Float32Array}>}
 */
export function readPosteriors(answer, d) {
  const flat = new Float32Array(answer);
  return Array.from({ length: flat.length / (2 * d) }, (_, i) => ({
    mean: flat.subarray(2 * i * d, (2 * i + 1) * d),
    variance: flat.subarray((2 * i + 1) * d, (2 * i + 2) * d).map(Math.exp),
  }));
}

/** `count` rows of n, evenly spread. Pure. */
export const evenRows = (n, count) => Uint32Array.from(
  { length: Math.min(n, count) }, (_, i) => Math.floor((i * n) / Math.min(n, count)));

export class MapPosteriors {
  /**
   * @param {object} options
   * @param {string} options.model
   * @param {number} options.n images @param {number} options.dims of z
   * @param {(key: string) => boolean} options.on what is to be shown, see mapmenu.js
   * @param {() => void} options.changed something is to be put in its place
   * @param {(sentence: string) => void} options.onError
   */
  constructor(options) {
    Object.assign(this, options);
    this.scale = new TrueScale();
    this.key = element("span", { class: "posterior-key", hidden: true });
    this.channel = new LiveChannel({
      model: options.model, op: "posteriors", lanes: ["one", "sample"], onError: options.onError,
    });
    this.one = null; // {row, mean, variance} of the image that is shown
    this.sample = null;
    this.lift = null;
  }

  /** The map that is drawn now. @param {{map: string, lift: object | null}} data */
  use({ map, lift }) {
    Object.assign(this, { map, lift, dots: null });
    this.places?.close();
    this.places = null;
    this.refresh();
  }

  /** The image that is shown now, by row, or null. */
  subject(row) {
    if (row === (this.wanted ?? null)) return;
    this.wanted = row;
    this.one = this.dots = null;
    if (row === null || !this.on("posterior")) return void this.refresh();
    this.#ask();
  }

  #ask() {
    const row = this.wanted;
    this.channel.ask("one", Uint32Array.of(row), (answer) => {
      if (row !== this.wanted) return;
      [this.one] = readPosteriors(answer, this.dims);
      this.refresh();
    });
  }

  /** Show what is on, as far as it is here; ask for what is not. */
  refresh() {
    const { lift, one } = this;
    const gaussians = [];
    if (lift && this.on("prior")) {
      const d = this.dims;
      gaussians.push({
        kind: "prior", mean: new Float32Array(d), variance: new Float32Array(d).fill(1),
        sigmas: [1, 2],
      });
    }
    if (lift && this.on("posteriors")) {
      if (this.sample)
        gaussians.push(...this.sample.map((q) => ({ ...q, kind: "sample", sigmas: [1] })));
      else this.#askSample();
    }
    const shown = this.on("posterior");
    if (shown && !one && (this.wanted ?? null) !== null) this.#ask();
    if (shown && one && lift) gaussians.push({ ...one, kind: "one", sigmas: [1, 2] });
    if (shown && one && !lift && !this.dots) this.#askDots();
    const dots = shown && !lift ? this.dots ?? [] : [];
    this.scale.show(lift, gaussians, dots);
    const said = [
      dots.length && "●  draws of q(z∣x)", lift && shown && one && "q(z∣x): 1σ solid, 2σ dashed",
      lift && this.on("prior") && "prior: 1σ solid, 2σ dashed",
    ].filter(Boolean).join("   ");
    this.key.textContent = said;
    this.key.hidden = !said;
    this.changed();
  }

  #askSample() {
    this.channel.ask("sample", evenRows(this.n, SAMPLE), (answer) => {
      this.sample = readPosteriors(answer, this.dims);
      this.refresh();
    });
  }

  #askDots() {
    const { one, map } = this;
    this.places ??= new LiveChannel({
      model: this.model, op: "place", query: `?map=${encodeURIComponent(map)}`,
      onError: this.onError,
    });
    const q = { mean: one.mean, sigma: one.variance.map(Math.sqrt) };
    const rows = meanAndDraws(q, noise(DRAWS, this.dims)).subarray(this.dims); // without the mean
    this.places.ask("main", rows, (answer) => {
      if (one !== this.one || map !== this.map) return;
      const flat = new Float32Array(answer);
      this.dots = Array.from({ length: flat.length / 3 }, (_, i) => [flat[3 * i], flat[3 * i + 1]]);
      this.refresh();
    });
  }

  close() {
    this.channel.close();
    this.places?.close();
  }
}
