/**
 * The live channel: binary questions to /live/models/{name}/{op}, binary answers.
 *
 * One question is in flight at a time. While it is, only the newest question of each lane is kept,
 * so a slow line shows fewer images but never an old one last. Browsers already align pointer input
 * to animation frames, so at most one question a frame is asked per lane: asking at once, not on
 * the next frame, saves a frame of delay.
 *
 * The line is a WebSocket. While none is open (it is blocked, or takes long), questions go by POST.
 */

import { backoff, Latest } from "./latest.js";

const HEAD_START = 700; // ms a new socket has to open before questions go by POST meanwhile
const OPEN_WITHIN = 5000; // ms; browsers open one socket at a time: a silent one blocks the others
const FIRST_ANSWER_WITHIN = 3000; // ms; some proxies let a socket open and then swallow its frames
const ANSWER_WITHIN = 10_000; // ms; a line silent for longer is taken for dead
const NETWORK = ["online", "offline"]; // events of the window
const RETRY_SOCKET = 20_000; // ms at most between attempts to get back from POST to a WebSocket

export class LiveChannel {
  /**
   * @param {object} options
   * @param {string} options.model
   * @param {string} [options.op] decode | encode | place | nearest | images
   * @param {string} [options.query] for example "?map=tsne"
   * @param {Array} [options.lanes] see Latest
   * @param {(state: "live"|"reconnecting"|"http") => void} [options.onState]
   * @param {(sentence: string) => void} [options.onError] the server's refusal of one question
   * @param {object} [options.env] {origin, WebSocket, fetch, events}, given by tests
   */
  constructor({ model, op = "decode", query = "", lanes, onState, onError, env = {} }) {
    this.env = {
      origin: env.origin ?? globalThis.location?.origin,
      WebSocket: env.WebSocket ?? globalThis.WebSocket,
      fetch: env.fetch ?? globalThis.fetch?.bind(globalThis),
      events: env.events ?? globalThis,
    };
    this.url = `${this.env.origin}/live/models/${encodeURIComponent(model)}/${op}${query}`;
    this.latest = new Latest(lanes);
    this.onState = onState ?? (() => {});
    this.onError = onError ?? ((sentence) => console.warn(sentence));
    this.state = null;
    this.socket = null; // opening or open
    this.open = false;
    this.proven = false; // the open socket has answered something
    this.suspect = false; // a socket has opened, and then swallowed a question
    this.failures = 0; // in a row, of sockets
    this.posting = false; // questions may go by POST
    this.abort = null; // of the POST in flight
    this.closed = false;
    this.timers = {};
    this.retry = () => this.#retry();
    for (const name of NETWORK) this.env.events.addEventListener?.(name, this.retry);
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
    for (const name of NETWORK) this.env.events.removeEventListener?.(name, this.retry);
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

  // ---- the socket
  #connect() {
    clearTimeout(this.timers.connect);
    if (this.closed || this.socket) return;
    const socket = new this.env.WebSocket(this.url.replace(/^http/, "ws"));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.#later("head start", HEAD_START, () => this.#fallBack());
    this.#later("opening", OPEN_WITHIN, () => this.#dropSocket());
    socket.onopen = () => {
      if (socket !== this.socket) return;
      // An empty question is refused, and that answer shows that frames come through.
      if (this.suspect) socket.send(new Uint8Array(0));
      else this.#opened();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.failures = 0;
      if (!this.open) return this.#opened();
      this.proven = true;
      if (typeof data === "string") this.#refused(errorSentence(data));
      else this.#answered(data);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.#dropSocket();
    };
  }

  #opened() {
    this.open = true;
    this.posting = false;
    for (const name of ["head start", "opening"]) clearTimeout(this.timers[name]);
    this.#become("live");
    this.#flush();
  }

  #dropSocket() {
    const socket = this.socket;
    this.socket = null;
    this.open = this.proven = false;
    socket?.close();
    if (this.closed) return;
    for (const name of ["head start", "opening", "silence"]) clearTimeout(this.timers[name]);
    if (!this.abort) this.latest.lose(); // with a POST in flight the question is not lost
    if (this.state !== "http") this.#become("reconnecting");
    this.failures += 1;
    this.#connectLater();
    this.#fallBack();
  }

  #connectLater() {
    const most = this.state === "http" ? RETRY_SOCKET : undefined;
    this.#later("connect", backoff(this.failures, most), () => this.#connect());
  }

  /** The network went or came back: see at once what works, before a silence or a pause is over. */
  #retry() {
    this.failures = 0;
    if (this.socket) this.#dropSocket();
    this.#connect();
  }

  // ---- questions
  #flush() {
    if (this.closed || !(this.open || this.posting)) return;
    const now = performance.now();
    const question = this.latest.next(now);
    if (!question) {
      const wait = this.latest.inFlight ? null : this.latest.wait(now);
      if (wait !== null) this.#later("flush", wait, () => this.#flush());
      return;
    }
    this.askedAt = now;
    if (!this.open) {
      this.#post(question.value.payload);
      return;
    }
    this.socket.send(question.value.payload);
    this.#later("silence", this.proven ? ANSWER_WITHIN : FIRST_ANSWER_WITHIN, () => {
      this.suspect ||= !this.proven;
      this.#dropSocket();
    });
  }

  /** No socket is open: questions may go by POST, until that fails too. */
  #fallBack() {
    this.posting = true;
    this.#flush();
  }

  async #post(payload) {
    const abort = (this.abort = new AbortController());
    const timer = setTimeout(() => abort.abort(), ANSWER_WITHIN);
    let answer = null;
    try {
      answer = await post(this.env.fetch, this.url, payload, abort.signal);
    } catch {
      // Neither way works: the server is away. The next socket that fails lets POST try again.
      this.posting = false;
    }
    clearTimeout(timer);
    this.abort = null;
    if (this.closed) return;
    if (answer === null) {
      this.latest.lose();
      if (this.state === "http") this.failures = 1;
      if (!this.open) this.#become("reconnecting");
      if (!this.socket) this.#connectLater();
      this.#flush();
      return;
    }
    if (!this.open) this.#become("http");
    if (typeof answer === "string") this.#refused(answer);
    else this.#answered(answer);
  }

  #answered(data) {
    clearTimeout(this.timers.silence);
    const question = this.latest.settle();
    const ms = performance.now() - this.askedAt;
    this.#flush(); // the next question travels while this answer is drawn
    question?.value.answered(data, ms);
  }

  #refused(sentence) {
    clearTimeout(this.timers.silence);
    this.latest.settle();
    this.onError(sentence);
    this.#flush();
  }
}

/**
 * The answer to one question by POST: bytes, or the sentence of a refusal.
 * Rejects where the answer is not the live channel's own, but a proxy's page.
 */
async function post(fetch, url, payload, signal) {
  const headers = { "Content-Type": "application/octet-stream" };
  const response = await fetch(url, { method: "POST", body: payload, headers, signal });
  const type = response.headers.get("Content-Type") ?? "";
  if (response.ok && type.startsWith("application/octet-stream")) return response.arrayBuffer();
  if (!type.startsWith("application/json")) throw new Error(`${response.status} ${type}`);
  return errorSentence(await response.text());
}

/** The sentence in the server's `{"error": "…"}`, or the text itself. */
export function errorSentence(text) {
  try {
    return String(JSON.parse(text).error ?? text);
  } catch {
    return text.slice(0, 300) || "The server refused without giving a reason.";
  }
}
