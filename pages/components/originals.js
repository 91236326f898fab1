/** The original images of a model's codes, asked for as the hand comes by; the newest wins. */

import { LiveChannel } from "./wire.js";

const KEPT = 200; // images held, so that going back and forth asks nothing

export class Originals {
  /**
   * @param {string} model
   * @param {() => string | null} absence why there are none, if so: then none is asked for
   * @param {(sentence: string) => void} onError
   */
  constructor(model, absence, onError) {
    this.model = model;
    this.absence = absence;
    this.onError = onError;
    this.kept = new Map(); // row → bytes, the latest used last
  }

  /** @param {number} row @param {(bytes: Uint8Array) => void} answered at once if it is here */
  ask(row, answered) {
    if (this.absence() || row === this.wanted) return; // the latter is shown, or on its way
    this.wanted = row;
    const known = this.kept.get(row);
    if (known) {
      this.#keep(row, known);
      answered(known);
      return;
    }
    this.channel ??= new LiveChannel({ model: this.model, op: "images", onError: this.onError });
    this.channel.ask("main", Uint32Array.of(row), (answer) => {
      const bytes = new Uint8Array(answer);
      this.#keep(row, bytes);
      if (row === this.wanted) answered(bytes);
    });
  }

  #keep(row, bytes) {
    this.kept.delete(row);
    this.kept.set(row, bytes);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
  }

  close() {
    this.channel?.close();
  }
}
