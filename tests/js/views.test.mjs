import assert from "node:assert/strict";
import { test } from "node:test";

import { mustShow, orderDimensions, originWords, rowHeight } from "../../pages/components/codes.js";
import { tourAt } from "../../pages/components/interpolate.js";
import { split, toRGBA } from "../../pages/components/pixels.js";
import { afterKey, densityOutline } from "../../pages/components/slider.js";

test("dimensions stand by KL, inactive ones apart", () => {
  const { active, inactive } = orderDimensions([0.5, 2, 0.001, 1], [true, true, false, true]);
  assert.deepEqual(active, [1, 3, 0]);
  assert.deepEqual(inactive, [2]);
});

test("sixteen rows fit above the fold, and rows stay large enough to touch", () => {
  assert.ok(16 * rowHeight(16) <= 600);
  assert.equal(rowHeight(2), 96);
  assert.equal(rowHeight(64), 37);
});

test("a code from Python is shown, unless it is an echo or the hand is on a slider", () => {
  const shown = [1, 1];
  assert.ok(mustShow([2, 2], { shown, sent: [], held: false }));
  assert.ok(!mustShow([2, 2], { shown, sent: [], held: true }));
  assert.ok(!mustShow([1, 1], { shown, sent: [], held: false }));
  assert.ok(!mustShow([2, 2], { shown, sent: [[2, 2]], held: false }), "an old echo");
  assert.ok(!mustShow(null, { shown, sent: [], held: false }));
});

test("playing goes from A to B and back without a jump", () => {
  assert.equal(tourAt(0), 0);
  assert.ok(Math.abs(tourAt(2500) - 1) < 1e-9);
  assert.ok(Math.abs(tourAt(5000)) < 1e-9);
  for (const t of [0.1, 0.5, 0.93, 1]) assert.ok(Math.abs(tourAt(0, t) - t) < 1e-9);
});

test("keys move a slider; Shift takes ten steps; ends hold", () => {
  const range = [-5, 5];
  assert.ok(Math.abs(afterKey("ArrowRight", false, 0, range) - 0.1) < 1e-12);
  assert.ok(Math.abs(afterKey("ArrowLeft", true, 0, range) + 1) < 1e-12);
  assert.equal(afterKey("ArrowUp", true, 4.9, range), 5);
  assert.equal(afterKey("Home", false, 0, range), -5);
  assert.equal(afterKey("End", false, 0, range), 5);
  assert.equal(afterKey("a", false, 0, range), null);
});

test("the density's outline peaks at zero", () => {
  const points = densityOutline([-3, 1], 41).match(/L[\d.]+,[\d.]+/g)
    .map((point) => point.slice(1).split(",").map(Number));
  const top = points.reduce((best, point) => (point[1] < best[1] ? point : best));
  assert.equal(top[0], 75, "zero lies three quarters along -3 … 1");
});

test("grey and colour pixels become opaque RGBA", () => {
  assert.deepEqual([...toRGBA(Uint8Array.of(7, 200), 1)], [7, 7, 7, 255, 200, 200, 200, 255]);
  assert.deepEqual([...toRGBA(Uint8Array.of(1, 2, 3), 3)], [1, 2, 3, 255]);
});

test("an answer is cut into its images", () => {
  const images = split(Uint8Array.from({ length: 12 }, (_, i) => i), [1, 2, 3]);
  assert.deepEqual(images.map((image) => [...image]), [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]);
  assert.equal(split(new ArrayBuffer(8), [2, 2, 1]).length, 2);
});

test("a code says where it comes from", () => {
  assert.equal(originWords(null), "your hand");
  assert.equal(originWords({ index: 3, label: null }), "image 3");
  assert.equal(originWords({ index: 3, label: "boot" }), "image 3: boot");
});
