import assert from "node:assert/strict";
import { test } from "node:test";

import { beyond, reachOf } from "../../pages/components/bars.js";
import { readPlaces } from "../../pages/components/machine.js";
import { viewOf } from "../../pages/components/mapcanvas.js";
import {
  agreement, greyLevels, meanAndDraws, noise, pointOf, posterior, sum,
} from "../../pages/components/posterior.js";
import { boxAbout, closeness } from "../../pages/components/postmap.js";

const near = (a, b, tolerance = 1e-6) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);
const answer = (...numbers) => Float32Array.from(numbers).buffer;

test("the encoder's answer: means, σ, and the closed form of the KL", () => {
  const q = posterior(answer(0, 1.5, 0, Math.log(0.25)));
  assert.deepEqual([...q.mean], [0, 1.5]);
  assert.deepEqual([...q.sigma], [1, 0.5]);
  near(q.kl[0], 0);
  near(q.kl[1], 0.5 * (2.25 + 0.25 - 1 + Math.log(4)));
  near(sum(q.kl), q.kl[1]);
});

test("draws are the mean plus σ times the same noise every time", () => {
  const [n, q] = [4000, posterior(answer(1, -2, Math.log(0.04), Math.log(4)))];
  const eps = noise(n, 2);
  assert.deepEqual(eps, noise(n, 2));
  const rows = meanAndDraws(q, eps);
  assert.equal(rows.length, 2 * (n + 1));
  assert.deepEqual([...rows.slice(0, 2)], [1, -2]);
  for (const [j, mean, sigma] of [[0, 1, 0.2], [1, -2, 2]]) {
    const draws = Array.from({ length: n }, (_, i) => rows[2 * (i + 1) + j]);
    const average = sum(draws) / n;
    near(average, mean, 4 * sigma / Math.sqrt(n));
    near(Math.sqrt(sum(draws.map((v) => (v - average) ** 2)) / n), sigma, 0.06 * sigma);
  }
});

test("a mean error in grey levels", () => {
  assert.equal(greyLevels(Uint8Array.of(0, 10, 255), Uint8Array.of(3, 4, 255)), 3);
});

test("only what is true is said of the nearest labels", () => {
  assert.equal(agreement(["7", "7", "7", "7", "7"]), "all 5 nearest are 7");
  assert.equal(agreement(["7", "1", "7", "7", "7"]), "4 of the 5 nearest are 7");
  assert.equal(agreement(["4", "9", "4", "9", "1"]), "2 of the 5 nearest are 4, 2 are 9");
  assert.equal(agreement(["1", "2", "3"]), "the 3 nearest are all different");
  assert.equal(agreement(["7"]), "the nearest is 7");
});

test("the axis holds the codes and something more", () => {
  assert.equal(reachOf([[-1, -1, 0, 0, 0, 1, 1]]), 4);
  assert.equal(reachOf([[-1, -1, 0, 0, 0, 1, 1], [-6, -1, 0, 0, 0, 1, 2]]), 8);
});

test("bars that go on beyond the axis are marked at that end", () => {
  assert.equal(beyond([-1, 4], 4), "");
  assert.equal(beyond([-1, 4.1], 4), "right");
  assert.equal(beyond([-5, -4.5], 4), "left");
  assert.equal(beyond([-5, 5], 4), "left right");
});

test("places come with their spread, which is not drawn", () => {
  assert.deepEqual(readPlaces(answer(1, 2, 0.5, 3, 4, 0)).map((place) => [...place]),
    [[1, 2], [3, 4]]);
});

test("a map is in the middle, undistorted, with y upwards", () => {
  const { scale, at } = viewOf({ x: [-1, 1], y: [-1, 1] }, 400, 200);
  assert.equal(scale, 100);
  assert.deepEqual(at(0, 0), [200, 100]);
  assert.deepEqual(at(1, 1), [300, 0]);
});

test("the closer view shows 2σ, or nine draws in ten, as large as can be", () => {
  const whole = { x: [-10, 10], y: [-5, 5] };
  assert.deepEqual(boxAbout([1, 2], whole, 1 / 4), { x: [-1.5, 3.5], y: [-0.5, 4.5] });
  assert.equal(closeness({ places: [[0, 0]], sigma: [0.1, 0.2] }, whole), 16);
  assert.equal(closeness({ places: [[0, 0]], sigma: [0.1, 0.6] }, whole), 8);
  assert.equal(closeness({ places: [[0, 0]], sigma: [9, 9] }, whole), 2);
  const draws = Array.from({ length: 10 }, (_, i) => [i === 0 ? 9 : 0.1 * i, 0]);
  assert.equal(closeness({ places: [[0, 0], ...draws] }, whole), 8);
});

test("a code that is a point is its mean alone, and its axis has the scale of codes", () => {
  const q = pointOf(answer(0.1, -0.2, -30, -30));
  assert.equal(q.sigma, undefined);
  near(q.mean[1], -0.2);
  assert.deepEqual([...meanAndDraws(q, noise(0, 2))], [...q.mean]);
  const quantiles = [[-0.1, 0, 0, 0, 0, 0, 0.13], [-0.02, 0, 0, 0, 0, 0, 0.02]];
  near(reachOf(quantiles, 0.1), 0.2);
  near(reachOf(quantiles, 0.01), 0.17);
  assert.equal(reachOf(quantiles), 4); // the prior is seen whole
});
