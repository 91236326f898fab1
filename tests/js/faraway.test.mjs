import assert from "node:assert/strict";
import { test } from "node:test";

import { viridis } from "../../pages/components/colouring.js";
import { densityImage, readDensity, readPoints } from "../../pages/components/faraway.js";

test("bins by class: the more points the more opaque, empty and hidden ones are clear", () => {
  const answer = new ArrayBuffer(4 * 4 + 2 * 4);
  new Uint32Array(answer, 0, 4).set([0, 1, 100, 5]);
  new Uint16Array(answer, 16).set([65535, 3, 3, 7]);
  const bins = readDensity(answer, 4, false);
  const colourOf = (label) => (label === 3 ? [10, 20, 30] : null);
  const image = densityImage(bins, colourOf, new Uint8ClampedArray(16));
  assert.equal(image[3], 0, "nothing there");
  assert.deepEqual([...image.subarray(4, 7)], [10, 20, 30]);
  assert.ok(image[7] > 0 && image[7] < image[11]);
  assert.equal(image[11], 255);
  assert.equal(image[15], 0, "its class is not shown");
});

test("bins by a number are as the legend colours that number", () => {
  const answer = new ArrayBuffer(4 * 3 + 8 + 2 * 3);
  new Uint32Array(answer, 0, 3).set([2, 0, 2]);
  new Float32Array(answer, 12, 2).set([-1, 5]);
  new Uint16Array(answer, 20).set([0, 65535, 65534]);
  const bins = readDensity(answer, 3, true);
  assert.deepEqual([bins.means[0], bins.means[2]], [-1, 5]);
  assert.ok(Number.isNaN(bins.means[1]));
  const legend = (mean) => viridis((mean - -10) / 20); // the legend goes from −10 to 10
  const image = densityImage(bins, legend, new Uint8ClampedArray(12));
  assert.deepEqual([...image.subarray(0, 3)], viridis(0.45));
  assert.equal(image[7], 0);
  assert.deepEqual([...image.subarray(8, 11)], viridis(0.75));
});

test("points come with their rows, places and labels", () => {
  const answer = new ArrayBuffer(8 + 2 * (4 + 8 + 2));
  new Uint32Array(answer, 0, 4).set([9, 2, 41, 999_999]);
  new Float32Array(answer, 16, 4).set([1, 2, 3, 4]);
  new Uint16Array(answer, 32).set([7, 8]);
  const { total, rows, places, labels } = readPoints(answer);
  assert.equal(total, 9);
  assert.deepEqual([[...rows], [...places], [...labels]], [[41, 999_999], [1, 2, 3, 4], [7, 8]]);
});
