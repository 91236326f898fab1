/** The code that is explored: its moves, jumps and undo, and what Python is told of it. No DOM. */

import { mustShow } from "./codes.js";
import { History } from "./history.js";
import { sameCode } from "./latent.js";

const TELL_AFTER = 250; // ms of rest: a rerun of the page is not for every step of the hand

const exactly = (a, b) => a.z.length === b.z.length && a.z.every((v, i) => v === b.z[i]);

export class Exploration {
  /**
   * @param {{z: number[], origin: {index: number, label: string | null} | null, unit?: number}}
   *   point `origin`: the held-out image whose posterior mean z is, if it is one's; `unit`: the
   *   scale of codes
   * @param {object} on
   * @param {() => void} on.moved z has changed, in some coordinates
   * @param {() => void} [on.settled] z stands still: the hand let go, or it is another at once
   * @param {(point: {z: number[], index: number | null}) => void} on.rested tell Python
   */
  constructor({ z, origin, unit = 1 }, on) {
    this.on = on;
    this.unit = unit;
    this.z = [...z];
    this.origin = origin ?? null;
    this.start = { z: [...z], origin: this.origin };
    this.history = new History(this.start, exactly);
    this.incoming = z; // what Python said last
    this.told = z; // what it knows
    this.sent = []; // what was told lately, whose echo is not news
    this.timer = null; // until what was settled is told
  }

  /** True at the place where this exploration began. */
  get atStart() {
    return sameCode(this.z, this.start.z, this.unit);
  }

  /** Some coordinates, while the hand moves: [[dimension, value], …]. */
  move(changes) {
    this.#wait();
    for (const [dim, value] of changes) this.z[dim] = value;
    this.origin = null;
    this.on.moved();
  }

  /** Another code at once; it is settled. */
  jump(z, origin = null) {
    this.#show({ z, origin });
    this.settle();
  }

  /** The hand let go: one step of undo; Python is told when it rests. */
  settle() {
    this.history.push({ z: [...this.z], origin: this.origin });
    this.on.settled?.();
    this.#wait(TELL_AFTER);
  }

  reset() {
    this.jump(this.start.z, this.start.origin);
  }

  undo() {
    this.#return(this.history.undo());
  }

  redo() {
    this.#return(this.history.redo());
  }

  /**
   * Take over what Python says, if that is news.
   * @param {{z: number[], origin: object | null}} data @param {boolean} held by the hand
   */
  accept(data, held) {
    if (data.origin && this.origin?.index === data.origin.index) {
      this.origin = data.origin; // Python knows its label
      this.history.now.origin = data.origin;
      this.on.moved();
    }
    if (sameCode(data.z, this.incoming, this.unit)) return;
    this.incoming = data.z;
    if (!mustShow(data.z, { shown: this.z, sent: this.sent, held, unit: this.unit })) return;
    this.told = data.z;
    this.start = { z: [...data.z], origin: data.origin ?? null };
    this.history.push(this.start);
    this.#show(this.start);
    this.on.settled?.();
  }

  #show({ z, origin }) {
    this.z = Array.from(z);
    this.origin = origin;
    this.on.moved();
  }

  #return(state) {
    if (!state) return;
    this.#show(state);
    this.on.settled?.();
    this.#wait(TELL_AFTER);
  }

  /** Tell what waits to be told. */
  flush() {
    if (this.timer === null) return;
    this.#wait();
    const { z, origin } = this.history.now;
    if (exactly({ z }, { z: this.told })) return;
    this.told = z;
    this.sent = [...this.sent.slice(-9), z];
    this.on.rested({ z: z.map(Math.fround), index: origin?.index ?? null });
  }

  /** Put off the telling by so many ms, or, while the hand moves, until it lets go. */
  #wait(ms = null) {
    clearTimeout(this.timer);
    this.timer = ms === null ? null : setTimeout(() => this.flush(), ms);
  }
}
