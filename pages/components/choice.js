/** Which point of the map is chosen, here and in Python: each hears of the other's choice once. */

import { sameCode } from "./latent.js";

const TELL_AFTER = 250; // ms of rest after an arrow key before Python is told

const sameZ = (a, b) => a === b || sameCode(a, b ?? []);
const pointOf = (data) => ({ index: data.picked?.index ?? null, z: data.z });

export class Choice {
  /**
   * @param {{picked: {index: number} | null, z: number[] | null}} data from Python
   * @param {(point: {index: number | null, z: number[] | null}) => void} tell Python
   */
  constructor(data, tell) {
    this.known = pointOf(data); // what Python said last
    this.told = null; // what was told last, whose echo is not news
    this.tell = tell;
    this.timer = null;
    ({ index: this.picked, z: this.free } = this.known);
  }

  /** There is a point for the buttons. */
  get any() {
    return this.picked !== null || this.free !== null;
  }

  /** An image's row, or a code that is no image's. Python hears of it at once. */
  choose(target) {
    this.#take(target);
    this.#send();
  }

  /** The same on the way to another one, by the arrow keys: Python hears of the last. */
  step(target) {
    this.#take(target);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#send(), TELL_AFTER);
  }

  /** Take over what Python says, if that is news. @returns {boolean} whether it was */
  accept(data) {
    const [before, now] = [this.known, pointOf(data)];
    this.known = now;
    const echo = this.told !== null && this.told.index === now.index
      && (this.told.z === null || sameZ(this.told.z, now.z));
    const same = before.index === now.index && sameZ(before.z, now.z);
    if (echo || same) return false;
    ({ index: this.picked, z: this.free } = now);
    return true;
  }

  /** Tell what waits to be told. */
  flush() {
    if (this.timer) this.#send();
  }

  close() {
    clearTimeout(this.timer);
  }

  #take({ index, z }) {
    [this.picked, this.free] = [index ?? null, z ?? null];
  }

  #send() {
    clearTimeout(this.timer);
    this.timer = null;
    const z = this.free ? Array.from(this.free, (v) => Math.round(v * 1e4) / 1e4) : null;
    this.told = { index: this.picked, z };
    this.tell(this.told);
  }
}
