/**
 * The live channel: binary questions to /live/models/{name}/{op}, binary answers.
 *
 * One question is in flight at a time. While it is, only the newest question of each lane is kept,
 * so a slow line shows fewer images but never an old one last. Browsers already align pointer input
 * to animation frames, so at most one question a frame is asked per lane: asking at once, not on
 * the next frame, saves a frame of delay.
 */

/** Which question goes next. Pure: no sockets, no clock of its own. */
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

/** Delay in ms before attempt 1, 2, 3 …: doubling from 250 ms to at most 5 s. */
export const backoff = (attempt) => Math.min(5000, 250 * 2 ** (attempt - 1));

const FALL_BACK_AFTER = 3; // failed WebSockets in a row before HTTP is used
const ANSWER_WITHIN = 10_000; // ms; a line silent for longer is taken for dead
const RETRY_SOCKET = 20_000; // ms between attempts to get back from HTTP to a WebSocket

export class LiveChannel {
  /**
   * @param {object} options
   * @param {string} options.model
   * @param {string} [options.op] decode | encode | place
   * @param {string} [options.query] for example "?map=tsne"
   * @param {Array} [options.lanes] see Latest
   * @param {(state: "live"|"reconnecting"|"http") => void} [options.onState]
   * @param {(sentence: string) => void} [options.onError] the server's refusal of one question
   * @param {object} [options.env] {origin, WebSocket, fetch}, given by tests
   */
  constructor({ model, op = "decode", query = "", lanes, onState, onError, env = {} }) {
    this.env = {
      origin: env.origin ?? globalThis.location?.origin,
      WebSocket: env.WebSocket ?? globalThis.WebSocket,
      fetch: env.fetch ?? globalThis.fetch?.bind(globalThis),
    };
    this.url = `${this.env.origin}/live/models/${encodeURIComponent(model)}/${op}${query}`;
    this.latest = new Latest(lanes);
    this.onState = onState ?? (() => {});
    this.onError = onError ?? ((sentence) => console.warn(sentence));
    this.state = null;
    this.failures = 0;
    this.closed = false;
    this.timers = {};
    this.#connect();
  }

  /**
   * Ask; the newest question of a lane wins and replaced ones are never answered.
   * @param {string} lane
   * @param {ArrayBufferView} payload copied, so the caller may go on writing to it
   * @param {(answer: ArrayBuffer, ms: number) => void} answered
   */
  ask(lane, payload, answered) {
    if (this.closed) return;
    this.latest.offer(lane, { payload: payload.slice(), answered });
    this.#flush();
  }

  close() {
    this.closed = true;
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    this.abort?.abort();
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  #become(state) {
    if (state === this.state || this.closed) return;
    this.state = state;
    this.onState(state);
  }

  #later(name, ms, action) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(action, ms);
  }

  #connect() {
    if (this.closed || this.socket) return;
    const socket = new this.env.WebSocket(this.url.replace(/^http/, "ws"));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.open = false;
    socket.onopen = () => {
      this.open = true;
      this.failures = 0;
      this.#become("live");
      this.#flush();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      if (typeof data === "string") this.#refused(data);
      else this.#answered(data);
    };
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.#dropSocket();
    };
  }

  #dropSocket() {
    const socket = this.socket;
    this.socket = null;
    this.open = false;
    socket?.close();
    if (this.closed) return;
    if (!this.abort) this.latest.lose(); // with a POST in flight the question is not lost
    this.failures += 1;
    if (this.failures >= FALL_BACK_AFTER) {
      this.#later("connect", RETRY_SOCKET, () => this.#connect());
      this.#later("flush", 0, () => this.#flush());
    } else {
      this.#become("reconnecting");
      this.#later("connect", backoff(this.failures), () => this.#connect());
    }
  }

  #flush() {
    const viaHttp = !this.open && this.failures >= FALL_BACK_AFTER;
    if (this.closed || (!this.open && !viaHttp)) return;
    const now = performance.now();
    const question = this.latest.next(now);
    if (!question) {
      const wait = this.latest.inFlight ? null : this.latest.wait(now);
      if (wait !== null) this.#later("flush", wait, () => this.#flush());
      return;
    }
    this.askedAt = now;
    if (viaHttp) this.#post(question.value);
    else {
      this.socket.send(question.value.payload);
      this.#later("silence", ANSWER_WITHIN, () => this.#dropSocket());
    }
  }

  async #post(value) {
    const abort = (this.abort = new AbortController());
    try {
      const response = await this.env.fetch(this.url, {
        method: "POST",
        body: value.payload,
        headers: { "Content-Type": "application/octet-stream" },
        signal: abort.signal,
      });
      const answer = response.ok ? await response.arrayBuffer() : await response.text();
      this.abort = null;
      if (this.closed) return;
      this.#become("http");
      if (response.ok) this.#answered(answer);
      else this.#refused(answer);
    } catch {
      this.abort = null;
      if (this.closed) return;
      this.latest.lose();
      this.#become("reconnecting"); // neither way works: the server is away, try both again
      this.failures = FALL_BACK_AFTER - 1;
      this.#later("connect", backoff(5), () => this.#connect());
    }
  }

  #answered(data) {
    clearTimeout(this.timers.silence);
    const question = this.latest.settle();
    const ms = performance.now() - this.askedAt;
    this.#flush(); // the next question travels while this answer is drawn
    question?.value.answered(data, ms);
  }

  #refused(text) {
    clearTimeout(this.timers.silence);
    this.latest.settle();
    this.onError(errorSentence(text));
    this.#flush();
  }
}

/** The sentence in the server's `{"error": "…"}`, or the text itself. */
export function errorSentence(text) {
  try {
    return String(JSON.parse(text).error ?? text);
  } catch {
    return text.slice(0, 300) || "The server refused without giving a reason.";
  }
}
