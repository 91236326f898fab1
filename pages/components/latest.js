/** Which question goes next over a line that carries one at a time. No sockets, no clock. */

export class Latest {
  /**
   * @param {Array<string | {name: string, every?: number}>} lanes most important first; `every` is
   *   the least time in ms between two questions of that lane
   * @param {number} patience how often a waiting lane may be passed over before it goes first
   */
  constructor(lanes = ["main"], patience = 3) {
    this.lanes = lanes.map((lane) => ({
      every: 0, sentAt: -Infinity, passed: 0, pending: null, ...(lane.name ? lane : { name: lane }),
    }));
    this.patience = patience;
    this.inFlight = null;
  }

  /** Keep `value` as the newest of its lane; returns the value it replaces, or null. */
  offer(name, value) {
    const lane = this.#lane(name);
    const replaced = lane.pending;
    lane.pending = { value };
    return replaced?.value ?? null;
  }

  /** The question to send now, or null: one is in flight, none waits, or its lane must pause. */
  next(now) {
    if (this.inFlight) return null;
    const ready = this.lanes.filter((l) => l.pending && now - l.sentAt >= l.every);
    if (!ready.length) return null;
    const lane = ready.find((l) => l.passed >= this.patience) ?? ready[0];
    for (const other of ready) other.passed += 1;
    lane.passed = 0;
    lane.sentAt = now;
    this.inFlight = { name: lane.name, value: lane.pending.value };
    lane.pending = null;
    return this.inFlight;
  }

  /** The question in flight was answered (or refused): forget it and return it. */
  settle() {
    const done = this.inFlight;
    this.inFlight = null;
    return done;
  }

  /** The line broke: ask the lost question again, unless a newer one of its lane waits. */
  lose() {
    const lost = this.settle();
    if (!lost) return;
    const lane = this.#lane(lost.name);
    lane.pending ??= { value: lost.value };
    lane.sentAt = -Infinity;
  }

  /** Milliseconds until a pausing lane may go on, or null when none waits. */
  wait(now) {
    const waits = this.lanes.filter((l) => l.pending).map((l) => l.sentAt + l.every - now);
    return waits.length ? Math.max(0, Math.min(...waits)) : null;
  }

  #lane(name) {
    const lane = this.lanes.find((l) => l.name === name);
    if (!lane) throw new Error(`no lane '${name}'; there are ${this.lanes.map((l) => l.name)}`);
    return lane;
  }
}

/**
 * Pause in ms before attempt 1, 2, 3 …: doubling from 250 ms to `most`, give or take a quarter, so
 * that a hundred browsers do not all come back to a restarted server at the same moment.
 */
export const backoff = (attempt, most = 5000, random = Math.random) =>
  Math.min(most, 250 * 2 ** (attempt - 1)) * (0.75 + random() / 2);
