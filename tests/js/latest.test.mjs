import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff, Latest } from "../../pages/components/latest.js";

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

test("pauses double up to five seconds, or to what is given", () => {
  const middle = () => 0.5;
  const pauses = [1, 2, 3, 4, 5, 6, 20].map((attempt) => backoff(attempt, undefined, middle));
  assert.deepEqual(pauses, [250, 500, 1000, 2000, 4000, 5000, 5000]);
  assert.equal(backoff(20, 20_000, middle), 20_000);
});

test("pauses differ by a quarter", () => {
  assert.equal(backoff(3, 5000, () => 0), 750);
  assert.equal(backoff(3, 5000, () => 1), 1250);
});
