/** Where a code stands on a map: about there while it moves, exactly once it rests. No DOM. */

const same = (a, b) => a !== null && a.length === b.length && a.every((v, i) => v === b[i]);

export class Following {
  /**
   * @param {object} lines what is asked; each may leave out all but the newest question
   * @param {(z: number[], answered: (place: object) => void) => void} lines.ask its smooth place
   * @param {((z: number[], row: number | null, answered: (place: object) => void) => void) | null}
   *   lines.askExact its exact place; null where there is none, or `ask` is exact already
   * @param {object} on
   * @param {(place: object, exact: boolean) => void} on.placed
   * @param {() => void} on.changed the state is another
   */
  constructor({ ask, askExact }, on) {
    Object.assign(this, { ask, askExact, on });
    this.z = null;
    this.turn = 0; // of the newest z
    this.asked = 0; // the turn whose exact place was asked for
    this.exact = 0; // the turn whose exact place was shown
    this.closed = false;
  }

  /** @returns {"moving" | "placing" | "exact"} "placing": it rests, its exact place is on its way */
  get state() {
    if (this.turn && this.exact === this.turn) return "exact";
    return this.turn && this.asked === this.turn ? "placing" : "moving";
  }

  /** The code moves. The same one again changes nothing. */
  show(z) {
    if (same(this.z, z)) return;
    this.z = Array.from(z);
    const turn = (this.turn += 1);
    this.on.changed();
    this.ask(this.z, (place) => {
      // The exact place of this z, or of a later one, may have come first.
      if (!this.closed && turn > this.exact) this.on.placed(place, false);
    });
  }

  /** The hand let go at z. @param {number | null} row of the held-out image it encodes, if one's */
  settle(z, row = null) {
    this.show(z);
    if (this.askExact === null || this.asked === this.turn) return;
    const turn = (this.asked = this.turn);
    this.on.changed();
    this.askExact(this.z, row, (place) => {
      if (this.closed || turn !== this.turn) return;
      this.exact = turn;
      this.on.placed(place, true);
    });
  }

  /** Exact places are refused: the smooth ones stay. */
  refuse() {
    this.askExact = null;
    this.asked = 0;
    this.on.changed();
  }

  close() {
    this.closed = true;
  }
}
