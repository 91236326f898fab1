import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff, errorSentence, Latest, LiveChannel } from "../../pages/components/wire.js";

const until = async (condition, what) => {
  for (let i = 0; i < 500; i += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never happened: ${what}`);
};

test("one in flight; of those that come meanwhile the last wins", () => {
  const latest = new Latest();
  latest.offer("main", 1);
  assert.equal(latest.next(0).value, 1);
  assert.equal(latest.offer("main", 2), null);
  assert.equal(latest.offer("main", 3), 2);
  assert.equal(latest.next(0), null, "one is in flight");
  latest.settle();
  assert.equal(latest.next(0).value, 3);
  latest.settle();
  assert.equal(latest.next(0), null);
});

test("the first lane goes first, but a passed-over lane gets its turn", () => {
  const latest = new Latest(["image", "strip"], 2);
  latest.offer("strip", "s");
  const sent = [];
  for (let i = 0; i < 4; i += 1) {
    latest.offer("image", i);
    sent.push(latest.next(0).value);
    latest.settle();
  }
  assert.deepEqual(sent, [0, 1, "s", 3]);
});

test("a lane with a pace pauses, and its last value is not lost", () => {
  const latest = new Latest([{ name: "strip", every: 50 }]);
  latest.offer("strip", 1);
  assert.ok(latest.next(1000));
  latest.settle();
  latest.offer("strip", 2);
  assert.equal(latest.next(1010), null);
  assert.equal(latest.wait(1010), 40);
  assert.equal(latest.next(1050).value, 2);
});

test("a lost question is asked again, unless a newer one waits", () => {
  const latest = new Latest();
  latest.offer("main", "old");
  latest.next(0);
  latest.lose();
  assert.equal(latest.next(0).value, "old");
  latest.offer("main", "new");
  latest.lose();
  assert.equal(latest.next(0).value, "new");
});

test("an unknown lane is an error", () => {
  assert.throws(() => new Latest(["a"]).offer("b", 1), /no lane 'b'/);
});

test("waits double up to five seconds", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 20].map(backoff), [250, 500, 1000, 2000, 4000, 5000, 5000]);
});

test("errors are the server's sentence", () => {
  assert.equal(errorSentence('{"error": "13 bytes came"}'), "13 bytes came");
  assert.equal(errorSentence("not json"), "not json");
});

/** A server in one object: sockets open unless `up` is false, and double every float. */
function world({ up = true, http = true, mute = false } = {}) {
  const state = { up, http, mute, sockets: [], asked: [], posts: 0, inFlight: 0, most: 0 };
  const double = (payload) => Float32Array.from(payload, (v) => 2 * v).buffer;
  class FakeSocket {
    constructor(url) {
      this.url = url;
      state.sockets.push(this);
      setTimeout(() => (state.up ? this.onopen() : this.onclose()), 0);
    }
    send(payload) {
      state.asked.push(payload[0]);
      state.most = Math.max(state.most, (state.inFlight += 1));
      if (state.mute) return;
      setTimeout(() => {
        state.inFlight -= 1;
        const data = payload[0] < 0 ? '{"error": "negative"}' : double(payload);
        if (!this.closed) this.onmessage({ data });
      }, 2);
    }
    close() {
      if (this.closed) return;
      this.closed = true;
      setTimeout(() => this.onclose(), 0);
    }
  }
  const fetch = async (url, { body }) => {
    state.posts += 1;
    if (!state.http) throw new TypeError("network");
    return { ok: true, arrayBuffer: async () => double(body) };
  };
  state.env = { origin: "http://here", WebSocket: FakeSocket, fetch };
  return state;
}

const open = (there, more = {}) => {
  const seen = { states: [], errors: [], answers: [] };
  const channel = new LiveChannel({
    model: "a.b", env: there.env,
    onState: (state) => seen.states.push(state), onError: (text) => seen.errors.push(text), ...more,
  });
  const ask = (value) => channel.ask("main", Float32Array.of(value), (answer, ms) => {
    assert.ok(ms >= 0);
    seen.answers.push(new Float32Array(answer)[0]);
  });
  return { channel, seen, ask };
};

test("a burst is coalesced: one in flight, the last value answered", async () => {
  const there = world();
  const { channel, seen, ask } = open(there);
  for (let i = 1; i <= 50; i += 1) ask(i);
  await until(() => seen.answers.includes(100), "the last value");
  assert.equal(there.sockets[0].url, "ws://here/live/models/a.b/decode");
  assert.equal(there.most, 1);
  assert.equal(seen.answers.length, 1, "the burst came before the line was open");
  assert.deepEqual(seen.states, ["live"]);
  channel.close();
  assert.ok(there.sockets[0].closed);
});

test("the payload is copied when asked", async () => {
  const there = world();
  const { channel, seen } = open(there);
  const payload = Float32Array.of(3);
  channel.ask("main", payload, (answer) => seen.answers.push(new Float32Array(answer)[0]));
  payload[0] = 99;
  await until(() => seen.answers.length, "an answer");
  assert.deepEqual(seen.answers, [6]);
  channel.close();
});

test("a refusal reaches onError, and the next question is answered", async () => {
  const there = world();
  const { channel, seen, ask } = open(there);
  ask(-1);
  await until(() => seen.errors.length, "the error");
  assert.deepEqual(seen.errors, ["negative"]);
  ask(4);
  await until(() => seen.answers.includes(8), "the answer after an error");
  channel.close();
});

test("after a break it reconnects and asks the lost question again", async () => {
  const there = world({ mute: true });
  const { channel, seen, ask } = open(there);
  await until(() => seen.states.includes("live"), "live");
  ask(5);
  there.mute = false;
  there.sockets[0].close();
  await until(() => seen.answers.includes(10), "the lost question");
  assert.deepEqual(seen.states, ["live", "reconnecting", "live"]);
  channel.close();
});

test("where sockets are blocked it posts the same bytes", async () => {
  const there = world({ up: false });
  const { channel, seen, ask } = open(there);
  ask(6);
  await until(() => seen.answers.includes(12), "an answer by HTTP");
  assert.equal(there.sockets.length, 3);
  assert.equal(seen.states.at(-1), "http");
  channel.close();
});

test("where neither works it says so, and recovers with the last value", async () => {
  const there = world({ up: false, http: false });
  const { channel, seen, ask } = open(there);
  ask(1);
  await until(() => there.posts > 0, "a POST");
  await until(() => seen.states.at(-1) === "reconnecting", "reconnecting");
  ask(7);
  there.up = true;
  await until(() => seen.answers.includes(14), "recovery");
  assert.ok(!seen.answers.includes(2), "the older question was replaced");
  channel.close();
});

test("a closed channel asks nothing", async () => {
  const there = world();
  const { channel, seen, ask } = open(there);
  channel.close();
  ask(1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(there.asked, []);
  assert.deepEqual(seen.answers, []);
});
