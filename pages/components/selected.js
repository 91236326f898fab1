/** Which points are selected, here and in Python: each hears of the other's choice once. No DOM. */

import { unpackBase64 } from "./nearest.js";

/** Rows as a bit mask in base64: bit i of byte i >> 3. */
export function packRows(rows, n) {
  const bytes = new Uint8Array((n + 7) >> 3);
  for (const row of rows) bytes[row >> 3] |= 1 << (row & 7);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192)
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** The rows of such a mask, ascending. */
export function unpackRows(mask) {
  const bytes = mask ? unpackBase64(mask, Uint8Array) : [];
  const rows = [];
  bytes.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) rows.push(8 * at + bit);
  });
  return Uint32Array.from(rows);
}

export class Selected {
  /**
   * @param {number} n points
   * @param {string | null} mask what Python says
   * @param {(mask: string | null) => void} tell Python
   */
  constructor(n, mask, tell) {
    Object.assign(this, { n, tell, known: mask });
    this.#take(unpackRows(mask));
  }

  get any() {
    return this.rows.length > 0;
  }

  /** @param {Uint32Array | number[]} rows @param {"new" | "add" | "remove"} how */
  choose(rows, how = "new") {
    const after = new Set(how === "new" ? [] : this.rows);
    for (const row of rows) {
      if (how === "remove") after.delete(row);
      else after.add(row);
    }
    this.#take(Uint32Array.from(after).sort());
    this.known = this.any ? packRows(this.rows, this.n) : null;
    this.tell(this.known);
  }

  /** Take over what Python says, if that is news. @returns {boolean} whether it was */
  accept(mask) {
    if (mask === this.known || (!mask && !this.known)) return false;
    this.known = mask;
    this.#take(unpackRows(mask));
    return true;
  }

  /** 1 for each selected row; null where none is. */
  get flags() {
    if (!this.any) return null;
    this.marked ??= this.rows.reduce((flags, row) => {
      flags[row] = 1;
      return flags;
    }, new Uint8Array(this.n));
    return this.marked;
  }

  #take(rows) {
    this.rows = rows;
    this.marked = null;
  }
}
