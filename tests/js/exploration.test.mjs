import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Exploration } from "../../pages/components/exploration.js";
import { History } from "../../pages/components/history.js";
import { undoKey } from "../../pages/components/toolbar.js";

const begin = (z = [1, 2], origin = { index: 7, label: "boot" }) => {
  const told = [];
  let moves = 0;
  const code = new Exploration({ z, origin }, {
    moved: () => (moves += 1), rested: (point) => told.push(point),
  });
  return { code, told, moves: () => moves };
};

test("undo goes back state by state, redo forward, and a new state forgets what was undone", () => {
  const history = new History("a", (a, b) => a === b);
  assert.ok(!history.canUndo && !history.canRedo);
  for (const state of ["b", "b", "c"]) history.push(state);
  assert.deepEqual([history.undo(), history.undo(), history.undo()], ["b", "a", null]);
  assert.equal(history.redo(), "b");
  assert.ok(history.push("d"));
  assert.equal(history.redo(), null);
  assert.equal(history.undo(), "b");
});

test("the history is bounded", () => {
  const history = new History(0, (a, b) => a === b);
  for (let i = 1; i < 1000; i += 1) history.push(i);
  let steps = 0;
  while (history.undo() !== null) steps += 1;
  assert.equal(steps, 199);
  assert.ok(history.canRedo);
});

test("a drag is one step of undo, however many values it has", () => {
  const { code, moves } = begin();
  for (let i = 0; i < 20; i += 1) code.move([[0, i / 10]]);
  assert.equal(moves(), 20);
  assert.equal(code.origin, null, "the hand's own code is no image's");
  code.settle();
  code.jump([5, 5], { index: 1, label: null });
  code.undo();
  assert.deepEqual(code.z, [1.9, 2]);
  code.undo();
  assert.deepEqual([code.z, code.origin], [[1, 2], { index: 7, label: "boot" }]);
  code.undo();
  assert.deepEqual(code.z, [1, 2]);
  code.redo();
  assert.deepEqual(code.z, [1.9, 2]);
});

test("Python is told when the hand rests: the last of a burst, in float32", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { code, told } = begin();
  for (const value of [0.1, 0.2, 0.3]) {
    code.move([[0, value]]);
    code.settle();
    mock.timers.tick(100);
  }
  code.move([[0, 0.4]]); // the hand is at it again: nothing is told meanwhile
  mock.timers.tick(5000);
  assert.deepEqual(told, []);
  code.settle();
  mock.timers.tick(500);
  assert.deepEqual(told, [{ z: [Math.fround(0.4), 2], index: null }]);
  code.undo();
  code.redo();
  mock.timers.tick(500);
  assert.equal(told.length, 1, "it is where Python knows it to be");
  mock.timers.reset();
});

test("what waits to be told can be told at once", () => {
  const { code, told } = begin();
  code.flush();
  assert.deepEqual(told, []);
  code.jump([3, 4], { index: 9, label: null });
  code.flush();
  code.flush();
  assert.deepEqual(told, [{ z: [3, 4], index: 9 }]);
});

test("Python's news are shown, its echoes and old news not; a label is taken over", () => {
  const { code, told } = begin();
  code.jump([3, 4], { index: 9, label: null });
  code.flush();
  code.move([[0, 8]]);
  code.accept({ z: [3, 4], origin: { index: 9, label: "shoe" } }, false);
  assert.deepEqual(code.z, [8, 4], "an echo does not take the slider out of the hand");
  code.settle();
  code.undo();
  code.accept({ z: [3, 4], origin: { index: 9, label: "shoe" } }, false);
  assert.equal(code.origin.label, "shoe");
  code.accept({ z: [-1, -1], origin: null }, true);
  assert.deepEqual(code.z, [3, 4], "not while the hand is on it");
  code.accept({ z: [-2, -2], origin: null }, false);
  assert.deepEqual(code.z, [-2, -2]);
  assert.ok(code.atStart);
  code.undo();
  assert.ok(!code.atStart);
  code.flush();
  assert.equal(told.length, 2);
});

test("undo's keys", () => {
  const key = (name, more = {}) => undoKey({ key: name, ctrlKey: true, ...more });
  assert.equal(key("z"), "undo");
  assert.equal(key("Z", { shiftKey: true }), "redo");
  assert.equal(key("y"), "redo");
  assert.equal(undoKey({ key: "z", metaKey: true }), "undo");
  assert.equal(undoKey({ key: "z" }), null);
  assert.equal(key("z", { altKey: true }), null);
});
