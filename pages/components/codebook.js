/** The codes of a model's images by row: all of them where they are few, else those asked for. */

import { fetchCodes } from "./codes.js";
import { nearestCode } from "./lens.js";
import { LiveChannel } from "./wire.js";

const MOST = 48 * 2 ** 20; // bytes of codes that a browser fetches whole
const KEPT = 5000; // codes held where they are too many

export class Codebook {
  /** @param {(sentence: string) => void} onError */
  constructor({ model, n, dims, onError }) {
    Object.assign(this, { model, n, dims, onError });
    this.few = 4 * n * dims <= MOST;
    this.codes = null; // all
    this.kept = new Map(); // row → code
  }

  /** Fetch all codes, where they are few. */
  async load() {
    if (!this.few) return;
    this.loading ??= fetchCodes(this.model, this.dims);
    try {
      this.codes = await this.loading;
    } catch (error) {
      this.loading = null; // the next who asks tries again
      throw error;
    }
  }

  /** The code of a row, or null if it is not here yet. */
  get(row) {
    return this.codes?.[row] ?? this.kept.get(row) ?? null;
  }

  /** The codes of rows, at most 1,024 of them at a time asked of the server. */
  async of(rows) {
    if (this.few) await this.load();
    const found = new Map(Array.from(rows, (row) => [row, this.get(row)]));
    const missing = [...found.keys()].filter((row) => found.get(row) === null);
    for (let from = 0; from < missing.length; from += 1024) {
      const part = missing.slice(from, from + 1024);
      const codes = await fetchCodes(this.model, this.dims, part);
      part.forEach((row, i) => {
        found.set(row, codes[i]);
        this.kept.set(row, codes[i]);
      });
    }
    for (const row of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(row);
    }
    return Array.from(rows, (row) => found.get(row));
  }

  /**
   * The row of the code nearest to z and its distance: at once where all codes are here, else as
   * soon as the server has answered.
   * @param {(near: {row: number, distance: number}) => void} answered
   */
  nearest(z, answered) {
    if (this.codes) {
      answered(nearestCode(this.codes, z));
      return;
    }
    this.channel ??= new LiveChannel({ model: this.model, op: "nearest", onError: this.onError });
    this.channel.ask("main", Float32Array.from(z), (answer) => {
      const [row, distance] = new Float32Array(answer);
      answered({ row, distance });
    });
  }

  close() {
    this.channel?.close();
  }
}
