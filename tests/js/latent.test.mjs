import assert from "node:assert/strict";
import { test } from "node:test";

import {
  brief, decimalsOf, dimensionName, drawEach, fractionOf, gaussianDensity, lerp, median, norm, normals,
  pack, path, sameCode,
  signed, sliderRange, slerp, spaced, traverse, uniforms, valueAt, widened,
} from "../../pages/components/latent.js";

const near = (a, b, tolerance = 1e-9) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} within ${tolerance}`);
const nearAll = (a, b, tolerance) => {
  assert.equal(a.length, b.length);
  Array.from(a).forEach((v, i) => near(v, b[i], tolerance));
};

test("both paths begin and end at their ends", () => {
  const [a, b] = [normals(16, 1), normals(16, 2)];
  for (const between of [lerp, slerp]) {
    nearAll(between(a, b, 0), a);
    nearAll(between(a, b, 1), b);
  }
});

test("lerp goes straight and evenly", () => {
  nearAll(lerp([0, 2], [4, 0], 0.25), [1, 1.5]);
});

test("slerp keeps the norm of ends of equal norm and turns evenly", () => {
  const a = [3, 0, 0];
  const b = [0, 3, 0];
  for (const t of spaced(0, 1, 7)) near(norm(slerp(a, b, t)), 3);
  nearAll(slerp(a, b, 1 / 3), [3 * Math.cos(Math.PI / 6), 3 * Math.sin(Math.PI / 6), 0]);
  assert.ok(norm(lerp(a, b, 0.5)) < 2.2, "the straight line cuts the corner");
});

test("slerp is the straight line where no angle is defined", () => {
  nearAll(slerp([0, 0], [2, 2], 0.5), [1, 1]);
  nearAll(slerp([1, 1], [3, 3], 0.5), [2, 2]);
  nearAll(slerp([1, 0], [-1, 0], 0.25), [0.5, 0]);
});

test("a path has n points and its ends", () => {
  const points = path([1, 0], [0, 1], 11, "slerp");
  assert.equal(points.length, 11);
  nearAll(points[0], [1, 0]);
  nearAll(points[10], [0, 1]);
  near(norm(points[5]), 1);
  near(norm(path([1, 0], [0, 1], 11, "lerp")[5]), Math.SQRT1_2);
});

test("a traversal changes one coordinate, and packs row after row", () => {
  const rows = traverse([1, 2, 3], 1, [-1, 0]);
  assert.deepEqual(rows, [[1, -1, 3], [1, 0, 3]]);
  assert.deepEqual([...pack(rows)], [1, -1, 3, 1, 0, 3]);
  assert.ok(pack(rows) instanceof Float32Array);
});

test("a slider maps values to its track and back", () => {
  const range = [-2, 6];
  assert.equal(fractionOf(-2, range), 0);
  assert.equal(fractionOf(6, range), 1);
  for (const value of [-2, 0, 1.25, 6]) near(valueAt(fractionOf(value, range), range), value);
  assert.equal(fractionOf(99, range), 1);
  assert.equal(valueAt(-1, range), -2);
});

test("a slider's range covers the quantiles with a margin, and any value asked for", () => {
  const quantiles = [-2, -1.5, -0.6, 0, 0.6, 1.5, 2];
  const [low, high] = sliderRange(quantiles);
  near(low, -2.6);
  near(high, 2.6);
  assert.deepEqual(sliderRange(quantiles, [5.03]), [-2.6, 5.1]);
  const [a, b] = sliderRange([0, 0, 0, 0, 0, 0, 0]);
  assert.ok(b - a >= 1, "a collapsed dimension still has a track");
});

test("the density is the standard normal's", () => {
  near(gaussianDensity(0), 0.3989422804014327);
  near(gaussianDensity(2), 0.05399096651318806);
  near(spaced(-8, 8, 1601).reduce((sum, x) => sum + gaussianDensity(x) * 0.01, 0), 1, 1e-9);
});

test("seeded normals repeat, and have mean 0, variance 1, kurtosis 3", () => {
  const draws = normals(40_000, 7);
  assert.deepEqual(draws.slice(0, 5), normals(5, 7));
  assert.notDeepEqual(normals(5, 8), normals(5, 7));
  const moment = (k) => draws.reduce((sum, x) => sum + x ** k, 0) / draws.length;
  near(moment(1), 0, 0.02);
  near(moment(2), 1, 0.03);
  near(moment(3), 0, 0.06);
  near(moment(4), 3, 0.15);
});

test("seeded uniforms lie in [0, 1) and fill it", () => {
  const uniform = uniforms(3);
  const draws = Array.from({ length: 10_000 }, uniform);
  assert.ok(draws.every((u) => u >= 0 && u < 1));
  near(draws.reduce((a, b) => a + b) / draws.length, 0.5, 0.02);
});

test("numbers are written with a sign of equal width", () => {
  assert.equal(signed(1.234), "+1.23");
  assert.equal(signed(-0.5), "−0.50");
  assert.equal(signed(-0.001), " 0.00");
  assert.equal(signed(2, 0), "+2");
  assert.equal(dimensionName(0), "z₁");
  assert.equal(dimensionName(11), "z₁₂");
});

test("codes are compared as the URL rounds them", () => {
  assert.ok(sameCode([1.004, 2], [1, 2]));
  assert.ok(!sameCode([1.02, 2], [1, 2]));
  assert.ok(!sameCode([1], [1, 2]));
  assert.ok(!sameCode(null, [1]));
});

test("the median of odd and even counts", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test("on a smaller scale ranges, steps and comparisons are finer", () => {
  const quantiles = [-0.02, -0.01, 0, 0.01, 0.02, 0.03, 0.04];
  assert.deepEqual(sliderRange(quantiles, [], 0.01), [-0.029, 0.049]);
  assert.ok(sliderRange(quantiles).every((v) => Math.abs(v) <= 0.6)); // one unit wide
  assert.deepEqual(widened([-0.31, 0.29], 0.1), [-0.4, 0.3]);
  assert.equal(decimalsOf(1), 2);
  assert.equal(decimalsOf(0.01), 4);
  assert.ok(sameCode([0.010004], [0.01], 0.01));
  assert.ok(!sameCode([0.0102], [0.01], 0.01));
  assert.deepEqual([0, 3.14159, 0.1, 0.0123].map(brief), ["0.00", "3.14", "0.10", "0.012"]);
});

test("coordinates drawn one by one are spread as their quantiles", () => {
  const quantiles = [[-2, -1, -0.5, 0, 1, 3, 5], [7, 7, 7, 7, 7, 7, 7]];
  const draws = Array.from({ length: 8000 }, (_, seed) => drawEach(quantiles, seed));
  assert.deepEqual(drawEach(quantiles, 3), draws[3]);
  const first = draws.map(([v]) => v);
  assert.ok(first.every((v) => v >= -2 && v <= 5));
  const below = (at) => first.filter((v) => v < at).length / first.length;
  for (const [at, share] of [[-1, 0.05], [-0.5, 0.25], [0, 0.5], [1, 0.75], [3, 0.95]])
    near(below(at), (share - 0.01) / 0.98, 0.02);
  assert.ok(draws.every(([, v]) => v === 7));
});
