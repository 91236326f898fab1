import assert from "node:assert/strict";
import { test } from "node:test";

import { paintPoints, rangeOf, readValues, rgbOf, viridis } from "../../pages/components/colouring.js";
import { enclosedShares, LEVELS } from "../../pages/components/density.js";
import { boxBetween, inside, rowsInside } from "../../pages/components/fence.js";
import { normals } from "../../pages/components/latent.js";
import { clipOf } from "../../pages/components/points.js";
import { packRows, Selected, unpackRows } from "../../pages/components/selected.js";

test("the corners of the view are those of clip space", () => {
  const [zero, unit] = clipOf({ x: [-2, 6], y: [10, 14] });
  const at = (x, y) => [zero[0] + unit[0] * x, zero[1] + unit[1] * y];
  assert.deepEqual(at(-2, 10), [-1, -1]);
  assert.deepEqual(at(6, 14), [1, 1]);
  assert.deepEqual(at(2, 12), [0, 0]);
});

test("colours by class: hidden ones vanish, those not selected are faint and below", () => {
  const categories = new Map([[0, { colour: "#ff0000" }], [7, { colour: "#0000ff", symbol: "square" }]]);
  const painted = paintPoints({
    n: 3, codes: [7, 0, 7], categories, hidden: new Set([0]), selected: Uint8Array.of(1, 0, 0),
  });
  assert.deepEqual([...painted.colours.subarray(0, 3)], [0, 0, 255]);
  assert.deepEqual([...painted.symbols], [2, 0, 2]);
  const opacity = [3, 7, 11].map((i) => painted.colours[i]);
  assert.equal(opacity[1], 0);
  assert.ok(opacity[0] > 3 * opacity[2] && opacity[2] > 0);
  assert.deepEqual([...painted.order], [1, 2, 0], "the selected one is drawn last");
});

test("colours by number: low to high along the scale, grey where there is none", () => {
  const { colours } = paintPoints({ n: 4, values: Float32Array.of(0, 10, NaN, 99), range: [0, 10] });
  assert.deepEqual([...colours.subarray(0, 3)], viridis(0));
  assert.deepEqual([...colours.subarray(4, 7)], viridis(1));
  assert.deepEqual([...colours.subarray(8, 11)], [128, 128, 128]);
  assert.deepEqual([...colours.subarray(12, 15)], viridis(1), "beyond the range is its end");
});

test("viridis gets lighter all the way, also for who sees no colours", () => {
  const light = (rgb) => 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
  const steps = Array.from({ length: 33 }, (_, i) => light(viridis(i / 32)));
  for (let i = 1; i < steps.length; i += 1) assert.ok(steps[i] > steps[i - 1]);
  assert.deepEqual(rgbOf("#3f90da"), [63, 144, 218]);
});

test("a few extremes do not stretch the range", () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i === 5 ? 1e6 : i / 1000));
  const [low, high] = rangeOf(values);
  assert.ok(low >= 0 && low < 0.02 && high < 1);
  assert.deepEqual(rangeOf(Float32Array.of(NaN, 4, 4)), [4, 4]);
  assert.deepEqual(rangeOf(Float32Array.of(NaN)), [0, 1]);
});

test("values come in 65,535 steps, and may be missing", () => {
  const buffer = new ArrayBuffer(8 + 6);
  new Float32Array(buffer, 0, 2).set([-1, 3]);
  new Uint16Array(buffer, 8).set([0, 65534, 65535]);
  const values = readValues(buffer);
  assert.deepEqual([...values.subarray(0, 2)], [-1, 3]);
  assert.ok(Number.isNaN(values[2]));
});

test("a fence holds what is inside of it, of what is shown", () => {
  const notch = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
  assert.ok(inside(notch, 1, 1));
  assert.ok(!inside(notch, 2, 3), "in the notch");
  const coords = Float32Array.of(1, 1, 2, 3, 3.5, 0.5, 9, 9, NaN, NaN);
  assert.deepEqual([...rowsInside(notch, coords, () => true)], [0, 2]);
  assert.deepEqual([...rowsInside(notch, coords, (i) => i !== 0)], [2]);
  assert.deepEqual([...rowsInside(boxBetween([0, 0], [10, 10]), coords, () => true)], [0, 1, 2, 3]);
});

test("a selection goes to Python as bits, and comes back", () => {
  assert.deepEqual([...unpackRows(packRows([0, 9, 15], 17))], [0, 9, 15]);
  assert.equal(packRows([0, 9], 17), Buffer.from(Uint8Array.of(1, 2, 0)).toString("base64"));
  const many = Uint32Array.from({ length: 60000 }, (_, i) => i);
  assert.equal(unpackRows(packRows(many, 60000)).length, 60000);
});

test("selections add up, are taken away, and an echo is no news", () => {
  const told = [];
  const selected = new Selected(20, null, (mask) => told.push(mask));
  assert.equal(selected.flags, null);
  selected.choose([3, 1]);
  selected.choose([2, 3], "add");
  selected.choose([1], "remove");
  assert.deepEqual([...selected.rows], [2, 3]);
  assert.equal(selected.flags[2], 1);
  assert.equal(selected.accept(told.at(-1)), false);
  assert.equal(selected.accept(packRows([19], 20)), true);
  assert.deepEqual([...selected.rows], [19]);
  selected.choose([]);
  assert.equal(told.at(-1), null);
  assert.equal(selected.accept(null), false);
});

test("rows above nine are in the order of numbers", () => {
  const selected = new Selected(200, null, () => {});
  selected.choose([100, 9, 30]);
  assert.deepEqual([...selected.rows], [9, 30, 100]);
});

test("lines of density enclose the shares that they name", () => {
  const n = 20000;
  const coords = Float32Array.from(normals(2 * n, 3));
  const box = { x: [-4, 4], y: [-4, 4] };
  const grid = enclosedShares(coords, () => true, box);
  for (const level of LEVELS) {
    let within = 0;
    for (let i = 0; i < n; i += 1) {
      const column = grid.x.findIndex((x) => x > coords[2 * i]);
      const row = grid.y.findIndex((y) => y > coords[2 * i + 1]);
      if (grid.z[Math.max(0, row)][Math.max(0, column)] <= level) within += 1;
    }
    assert.ok(Math.abs(within / n - level) < 0.04, `${level}: ${within / n}`);
  }
  assert.equal(enclosedShares(coords, () => false, box), null);
});
