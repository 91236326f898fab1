import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { errorSentence } from "../../pages/components/wire.js";
import { open, pass, stopTime, world } from "./world.mjs";

beforeEach(stopTime);

test("errors are the server's sentence", () => {
  assert.equal(errorSentence('{"error": "13 bytes came"}'), "13 bytes came");
  assert.equal(errorSentence("not json"), "not json");
});

test("a burst is coalesced: one in flight, the last value answered", async () => {
  const there = world();
  const { channel, seen, ask } = open(there);
  for (let i = 1; i <= 50; i += 1) ask(i);
  await pass(10);
  assert.equal(there.sockets[0].url, "ws://here/live/models/a.b/decode");
  assert.equal(there.most, 1);
  assert.deepEqual(seen.answers, [100], "the burst came before the line was open");
  assert.deepEqual(seen.states, ["live"]);
  assert.equal(there.posts, 0);
  channel.close();
  assert.ok(there.sockets[0].closed);
});

test("the payload is copied when asked", async () => {
  const there = world();
  const { channel, seen } = open(there);
  const payload = Float32Array.of(3);
  channel.ask("main", payload, (answer) => seen.answers.push(new Float32Array(answer)[0]));
  payload[0] = 99;
  await pass(10);
  assert.deepEqual(seen.answers, [6]);
  channel.close();
});

for (const sockets of ["up", "refused"])
  test(`a refusal reaches onError, the next is answered: sockets ${sockets}`, async () => {
    const { channel, seen, ask } = open(world({ sockets }));
    ask(-1);
    await pass(10);
    assert.deepEqual(seen.errors, ["negative"]);
    ask(4);
    await pass(10);
    assert.deepEqual(seen.answers, [8]);
    channel.close();
  });

test("after a break it says so, reconnects and asks the lost question again", async () => {
  const there = world({ http: "down" });
  const { channel, seen, ask } = open(there);
  await pass(5);
  ask(5);
  there.sockets[0].close();
  await pass(1000);
  assert.deepEqual(seen.answers, [10]);
  assert.deepEqual(seen.states, ["live", "reconnecting", "live"]);
  channel.close();
});

test("where sockets are refused it posts the same bytes at once", async () => {
  const there = world({ sockets: "refused" });
  const { channel, seen, ask } = open(there);
  ask(6);
  await pass(10);
  assert.deepEqual(seen.answers, [12]);
  assert.deepEqual(seen.states, ["reconnecting", "http"]);
  for (let i = 1; i <= 50; i += 1) ask(i);
  await pass(10);
  assert.deepEqual(seen.answers, [12, 2, 100], "one POST in flight, the last value wins");
  assert.equal(there.most, 1);
  assert.equal(there.posts, 3);
  channel.close();
});

test("it goes back to the socket when that works, and posts no more", async () => {
  const there = world({ sockets: "refused" });
  const { channel, seen, ask } = open(there);
  ask(1);
  await pass(100);
  there.line = "up";
  await pass(1000);
  const { posts } = there;
  ask(2);
  await pass(10);
  assert.equal(seen.states.at(-1), "live");
  assert.deepEqual(seen.answers, [2, 4]);
  assert.equal(there.posts, posts);
  channel.close();
});

test("where sockets hang it posts within a second, and gives each socket up in time", async () => {
  const there = world({ sockets: "swallowed" });
  const { channel, seen, ask } = open(there);
  ask(7);
  await pass(1000);
  assert.deepEqual(seen.answers, [14]);
  assert.deepEqual(seen.states, ["http"]);
  await pass(5000);
  assert.ok(there.sockets[0].closed);
  assert.equal(there.sockets.length, 2);
  assert.equal(seen.states.at(-1), "http", "it does not say otherwise meanwhile");
  channel.close();
});

test("a socket that swallows questions is tried with an empty one from then on", async () => {
  const there = world({ sockets: "mute" });
  const { channel, seen, ask } = open(there);
  ask(1);
  await pass(3100);
  assert.deepEqual(seen.answers, [2], "by POST");
  for (let i = 2; i < 10; i += 1) {
    ask(i);
    await pass(1000);
  }
  assert.deepEqual(there.asked, [1], "no further question went the wrong way");
  assert.equal(seen.answers.at(-1), 18);
  there.line = "up";
  await pass(20_000);
  ask(20);
  await pass(10);
  assert.equal(seen.states.at(-1), "live");
  assert.equal(there.asked.at(-1), 20);
  assert.deepEqual(seen.errors, [], "the answer to the empty question is nobody's");
  channel.close();
});

for (const http of ["down", "portal", "silent"])
  test(`where neither works it says so, recovers with the last value: HTTP ${http}`, async () => {
    const there = world({ sockets: "refused", http });
    const { channel, seen, ask } = open(there);
    ask(1);
    await pass(11_000);
    assert.ok(there.posts > 0);
    assert.deepEqual(seen.states, ["reconnecting"]);
    ask(7);
    there.line = there.http = "up";
    await pass(10_000);
    assert.deepEqual(seen.answers, [14], "the older question was replaced");
    assert.deepEqual(seen.errors, []);
    assert.equal(seen.states.at(-1), "live");
    channel.close();
  });

test("a server that goes away while questions go by POST is looked for often", async () => {
  const there = world({ sockets: "refused" });
  const { channel, seen, ask } = open(there);
  ask(1);
  await pass(60_000); // the pauses between sockets have grown
  there.http = "down";
  ask(2);
  await pass(2000);
  assert.equal(seen.states.at(-1), "reconnecting");
  there.line = there.http = "up";
  await pass(4000);
  assert.deepEqual(seen.answers, [2, 4]);
  channel.close();
});

for (const name of ["online", "offline"])
  test(`when the browser goes ${name} the line is made anew`, async () => {
    const there = world();
    const { channel, seen, ask } = open(there);
    await pass(5);
    there.line = "mute"; // what is sent now is lost
    ask(1);
    await pass(5);
    there.line = "up";
    there.happens(name);
    await pass(10);
    assert.deepEqual(seen.answers, [2]);
    assert.equal(seen.states.at(-1), "live");
    assert.equal(there.sockets.length, 2);
    channel.close();
  });

test("a closed channel asks nothing", async () => {
  const there = world();
  const { channel, seen, ask } = open(there);
  channel.close();
  ask(1);
  there.happens("online");
  await pass(1000);
  assert.deepEqual([there.asked, there.posts, there.sockets.length], [[], 0, 1]);
  assert.deepEqual(seen.answers, []);
});
