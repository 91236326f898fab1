/** What the live channel meets, made up: a server, a browser's sockets, and time. */

import assert from "node:assert/strict";
import { mock } from "node:test";

import { LiveChannel } from "../../pages/components/wire.js";

/** Make setTimeout wait for `pass` alone; call it before each test. */
export function stopTime() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
}

/** Let so many milliseconds pass, with everything that becomes due in them. */
export async function pass(ms) {
  for (let i = 0; i < ms; i += 1) {
    mock.timers.tick(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * A server in one object, which doubles every float. Sockets may be "up", "refused", "swallowed"
 * (they never open) or "mute" (they open and answer nothing); HTTP "up", "down", "silent", or
 * "portal": another's page.
 */
export function world({ sockets = "up", http = "up" } = {}) {
  const state = { line: sockets, http, sockets: [], asked: [], posts: 0, inFlight: 0, most: 0 };
  const double = (payload) => Float32Array.from(payload, (v) => 2 * v).buffer;
  const error = (text) => JSON.stringify({ error: text });
  const begin = () => (state.most = Math.max(state.most, (state.inFlight += 1)));
  class FakeSocket {
    constructor(url) {
      this.url = url;
      state.sockets.push(this);
      if (state.line === "swallowed") return;
      setTimeout(() => (state.line === "refused" ? this.onclose() : this.onopen()), 1);
    }
    send(payload) {
      if (payload.length) state.asked.push(payload[0]);
      if (state.line === "mute") return;
      begin();
      setTimeout(() => {
        state.inFlight -= 1;
        if (this.closed) return;
        if (!payload.length) this.onmessage({ data: error("nothing came") });
        else this.onmessage({ data: payload[0] < 0 ? error("negative") : double(payload) });
      }, 2);
    }
    close() {
      if (this.closed) return;
      this.closed = true;
      setTimeout(() => this.onclose(), 0);
    }
  }
  const answer = (type, body, status = 200) =>
    new Response(body, { status, headers: { "Content-Type": type } });
  const fetch = async (url, { body, signal }) => {
    state.posts += 1;
    if (state.http === "down") throw new TypeError("network");
    if (state.http === "portal") return answer("text/html", "<h1>Please log in</h1>");
    if (state.http === "silent")
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal)));
    begin();
    await new Promise((resolve) => setTimeout(resolve, 2));
    state.inFlight -= 1;
    if (body[0] < 0) return answer("application/json", error("negative"), 400);
    return answer("application/octet-stream", double(body));
  };
  const events = new EventTarget();
  state.happens = (name) => events.dispatchEvent(new Event(name));
  state.env = { origin: "http://here", WebSocket: FakeSocket, fetch, events };
  return state;
}

export function open(there) {
  const seen = { states: [], errors: [], answers: [] };
  const channel = new LiveChannel({
    model: "a.b", env: there.env,
    onState: (state) => seen.states.push(state), onError: (text) => seen.errors.push(text),
  });
  const ask = (value) => channel.ask("main", Float32Array.of(value), (answer, ms) => {
    assert.ok(ms >= 0);
    seen.answers.push(new Float32Array(answer)[0]);
  });
  return { channel, seen, ask };
}
