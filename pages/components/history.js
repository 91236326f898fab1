/** Undo and redo: the states that were settled on, and which of them is shown. No DOM. */

const KEPT = 200;

export class History {
  /**
   * @param {*} first
   * @param {(a, b) => boolean} same states that are the same make no new step
   */
  constructor(first, same) {
    this.states = [first];
    this.at = 0;
    this.same = same;
  }

  get now() {
    return this.states[this.at];
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.states.length - 1;
  }

  /** Another state; what was undone is forgotten. @returns {boolean} whether it is another one */
  push(state) {
    if (this.same(state, this.now)) return false;
    this.states = [...this.states.slice(0, this.at + 1), state].slice(-KEPT);
    this.at = this.states.length - 1;
    return true;
  }

  /** The state before, or null at the beginning. */
  undo() {
    if (!this.canUndo) return null;
    this.at -= 1;
    return this.now;
  }

  /** The state that was undone last, or null. */
  redo() {
    if (!this.canRedo) return null;
    this.at += 1;
    return this.now;
  }
}
