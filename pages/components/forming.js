/** A map forming: the places of its points while they were, or are being, arranged. */

import { button, element } from "./dom.js";
import { fetchFrames } from "./frames.js";

const PER_SECOND = 6; // frames, each 25 iterations, between which points glide
const POLL = 400; // ms between two looks at a fit that is at work
const HURRY = 16; // frames a second of what was missed, when the fit has ended
const LINGER = 1500; // ms at the end of a film, before the map itself is back

/**
 * Places of a frame in the box of the finished map: a map grows a million times while it forms, so
 * each moment is shown as large as the end. Pure.
 * @param {{box: number[], coords: Float32Array}} a frame of `parseFrames` @param {object} b the next
 * @param {number} t 0 for a, 1 for b
 * @param {{x: number[], y: number[]}} whole the box of the finished map
 * @param {Float32Array} into
 */
export function placesBetween(a, b, t, whole, into) {
  const scaled = ({ box: [x0, x1, y0, y1] }) => {
    const side = Math.max(x1 - x0, y1 - y0) || 1;
    const wide = Math.max(whole.x[1] - whole.x[0], whole.y[1] - whole.y[0]) / side;
    const middle = (low, high) => (low + high) / 2;
    return [(x1 - x0) * wide, middle(...whole.x), (y1 - y0) * wide, middle(...whole.y)];
  };
  const [ax, mx, ay, my] = scaled(a);
  const [bx, , by] = scaled(b);
  for (let i = 0; i < a.coords.length; i += 2) {
    into[i] = mx + (1 - t) * ax * (a.coords[i] - 0.5) + t * bx * (b.coords[i] - 0.5);
    into[i + 1] = my + (1 - t) * ay * (a.coords[i + 1] - 0.5) + t * by * (b.coords[i + 1] - 0.5);
  }
  return into;
}

export class Forming {
  /**
   * @param {object} options
   * @param {string} options.model
   * @param {() => object} options.whole the box to draw in
   * @param {(places: Float32Array | null) => void} options.show places of the first points, or null
   *   for the map as it is
   * @param {(sentence: string) => void} options.onError
   */
  constructor(options) {
    Object.assign(this, options);
    this.range = element("input", {
      type: "range", min: 0, max: 1, step: 0.01, value: 0, "aria-label": "Moment of the arrangement",
      oninput: () => {
        this.#pause();
        this.#goTo(Number(this.range.value));
      },
    });
    this.words = element("span", { class: "number" });
    this.toggle = button("❚❚", "Play or pause", () => (this.playing ? this.#pause() : this.#go()));
    this.element = element("div", { class: "forming", hidden: true }, this.toggle, this.range,
      this.words, button("✕", "Back to the map", () => {
        this.dismissed = this.map;
        this.close();
      }));
    this.map = null;
    this.dismissed = null; // a map that nobody wants to see forming any more
    this.turn = 0; // of the latest play: what comes for a former one comes to nothing
  }

  /** Whether a map is seen forming, instead of the finished one. */
  get on() {
    return this.map !== null && this.frames.length > 0;
  }

  /**
   * Show how a map formed, from the start; or, with `live`, how one is forming.
   * @throws if there is nothing to be seen
   */
  async play(map, live = false) {
    this.close();
    const turn = this.turn;
    Object.assign(this, {
      map, live, frames: [], at: 0, playing: false, paused: false, hurry: false,
    });
    await this.#fetch(turn);
    if (turn === this.turn && this.frames.length && !this.playing && !this.paused) this.#go();
  }

  /** The fit has ended and its map is there: show what was missed, quickly, and give way to it. */
  async conclude() {
    const turn = this.turn;
    clearTimeout(this.timer);
    Object.assign(this, { live: false, hurry: true });
    try {
      await this.#fetch(turn);
    } catch {
      return; // its frames were not kept: the film has been closed
    }
    if (turn !== this.turn) return;
    if (this.at < this.frames.length - 1) this.#go();
    else this.close();
  }

  close() {
    this.turn += 1;
    clearTimeout(this.timer);
    if (this.map === null) return;
    this.map = null;
    this.#pause();
    this.element.hidden = true;
    this.show(null);
  }

  /** Fetch what is not here; while the fit is at work, again and again. */
  async #fetch(turn) {
    try {
      for (;;) {
        const { frames, total } = await fetchFrames(this.model, this.map, this.frames.length);
        if (turn !== this.turn) return;
        if (frames.length) this.total = total;
        this.frames.push(...frames);
        this.range.max = Math.max(1, this.frames.length - 1);
        if (!frames.length) break;
      }
    } catch (error) {
      if (turn !== this.turn) return;
      // A fit that has just been started has no frames until its neighbours are found.
      if (!this.live) {
        this.close();
        throw error;
      }
    }
    if (this.live) this.timer = setTimeout(() => this.#again(turn), POLL);
  }

  async #again(turn) {
    await this.#fetch(turn);
    if (turn === this.turn && this.frames.length && !this.playing && !this.paused) this.#go();
  }

  #go() {
    if (this.at >= this.frames.length - 1 && !this.live) this.at = 0;
    clearTimeout(this.ending);
    this.element.hidden = false;
    this.playing = true;
    this.paused = false;
    this.toggle.textContent = "❚❚";
    let before = performance.now();
    const step = (now) => {
      if (!this.playing) return;
      const passed = Math.max(0, now - before) / 1000; // a frame may have begun before the click
      const last = this.frames.length - 1;
      // A fit that runs ahead is caught up with.
      const rate = this.hurry ? HURRY : Math.max(PER_SECOND, this.live ? last - this.at : 0);
      this.#goTo(Math.min(last, this.at + passed * rate));
      before = now;
      if (this.at < last || this.live) this.frame = requestAnimationFrame(step);
      else this.#end();
    };
    this.frame = requestAnimationFrame(step);
  }

  #end() {
    this.#pause();
    if (this.hurry) this.close();
    else this.ending = setTimeout(() => this.close(), LINGER);
  }

  #pause() {
    clearTimeout(this.ending);
    this.playing = false;
    this.paused = true;
    this.toggle.textContent = "▶";
    cancelAnimationFrame(this.frame);
  }

  #goTo(at) {
    this.at = at;
    const [a, b] = [this.frames[Math.floor(at)], this.frames[Math.ceil(at)]];
    this.places = this.places?.length === a.coords.length ? this.places : new Float32Array(a.coords.length);
    this.show(placesBetween(a, b, at - Math.floor(at), this.whole(), this.places));
    this.range.value = at;
    const nearest = at % 1 < 0.5 ? a : b;
    this.words.textContent = `iteration ${nearest.iteration} of ${this.total}`
      + (Number.isFinite(nearest.kl) ? `, KL(P‖Q) ${nearest.kl.toFixed(2)} nats` : "");
  }
}
