/** Held-out images by their rows: the originals, or their codes' decodes where those are missing. */

import { split } from "./pixels.js";
import { LiveChannel } from "./wire.js";

export class RealImages {
  /**
   * @param {object} options
   * @param {string} options.model
   * @param {number[]} options.shape [H, W, C]
   * @param {boolean} options.originals whether they are at hand
   * @param {string[]} options.lanes what asks, the most important first
   * @param {(sentence: string) => void} options.onError
   */
  constructor({ model, shape, originals, lanes, onError }) {
    Object.assign(this, { shape, originals });
    const open = (op) => new LiveChannel({ model, op, lanes, onError });
    this.first = open(originals ? "images" : "codes");
    this.second = originals ? null : open("decode");
  }

  /** @param {number[]} rows @param {(images: Uint8Array[]) => void} answered one for each row */
  ask(lane, rows, answered) {
    const show = (answer) => answered(split(answer, this.shape));
    this.first.ask(lane, Uint32Array.from(rows), this.originals ? show
      : (codes) => this.second.ask(lane, new Float32Array(codes), show));
  }

  close() {
    this.first.close();
    this.second?.close();
  }
}
