import assert from "node:assert/strict";
import { test } from "node:test";

import { Choice } from "../../pages/components/choice.js";

const said = (index, z = null) => ({ picked: index === null ? null : { index }, z });

test("a click is told at once, its code to four digits, and its echo is not news", () => {
  const told = [];
  const choice = new Choice(said(3), (point) => told.push(point));
  choice.choose({ z: [0.123456, -1] });
  assert.deepEqual(told, [{ index: null, z: [0.1235, -1] }]);
  assert.deepEqual([choice.picked, choice.free], [null, [0.123456, -1]]);
  assert.equal(choice.accept(said(null, [0.1235, -1])), false);
  assert.deepEqual(choice.free, [0.123456, -1], "the hand's own digits stay");
});

test("another page's choice is news", () => {
  const choice = new Choice(said(3), () => {});
  assert.equal(choice.accept(said(3)), false);
  assert.equal(choice.accept(said(8)), true);
  assert.equal(choice.picked, 8);
  assert.equal(choice.accept(said(null, [1, 2])), true);
  assert.deepEqual([choice.picked, choice.free, choice.any], [null, [1, 2], true]);
});

test("of the arrow keys' rows the last is told, once", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const told = [];
  const choice = new Choice(said(null), (point) => told.push(point.index));
  assert.equal(choice.any, false);
  for (const row of [4, 5, 6]) choice.step({ index: row });
  assert.deepEqual([choice.picked, told], [6, []]);
  context.mock.timers.tick(300);
  assert.deepEqual(told, [6]);
  choice.step({ index: 7 });
  choice.flush();
  context.mock.timers.tick(300);
  assert.deepEqual(told, [6, 7]);
});
