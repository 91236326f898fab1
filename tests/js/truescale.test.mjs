import assert from "node:assert/strict";
import { test } from "node:test";

import { evenRows, readPosteriors } from "../../pages/components/mapposteriors.js";
import { ellipseOf } from "../../pages/components/truescale.js";
import { normals } from "../../pages/components/latent.js";

const near = (a, b, within = 1e-9) => assert.ok(Math.abs(a - b) <= within, `${a} is not ${b}`);

test("along the axes the half axes are the standard deviations", () => {
  const { a, b, angle } = ellipseOf([[1, 0, 0], [0, 0, 1]], [0.25, 9, 4]);
  assert.deepEqual([a, b, angle], [0.5, 2, 0]);
});

test("on turned axes the ellipse is that of the projected Gaussian", () => {
  const s = Math.SQRT1_2;
  const axes = [[s, s, 0], [0, 0, 1]];
  const variance = [4, 1, 0.09];
  const { a, b, angle } = ellipseOf(axes, variance);
  near(a, Math.sqrt(2.5));
  near(b, 0.3);
  near(angle, 0);
  const turned = ellipseOf([[s, -s], [s, s]], [4, 1]);
  near(turned.a, 2);
  near(turned.b, 1);
  near(Math.abs(turned.angle), Math.PI / 4);
  // draws along the long axis have its standard deviation
  const eps = normals(40000, 1);
  let [total, count] = [0, 0];
  for (let i = 0; i < eps.length; i += 2) {
    const z = [2 * eps[i], eps[i + 1]];
    const [x, y] = [s * z[0] - s * z[1], s * z[0] + s * z[1]];
    total += (x * Math.cos(turned.angle) + y * Math.sin(turned.angle)) ** 2;
    count += 1;
  }
  near(Math.sqrt(total / count), turned.a, 0.03);
});

test("a flat space gives a flat ellipse, not an error", () => {
  const { a, b } = ellipseOf([[1], [0]], [0.04]);
  near(a, 0.2);
  assert.equal(b, 0);
});

test("posteriors come as means and log-variances", () => {
  const answer = Float32Array.of(1, 2, Math.log(4), 0, 5, 6, 0, Math.log(9)).buffer;
  const [first, second] = readPosteriors(answer, 2);
  assert.deepEqual([...first.mean], [1, 2]);
  near(first.variance[0], 4, 1e-5);
  assert.deepEqual([...second.mean], [5, 6]);
  near(second.variance[1], 9, 1e-5);
});

test("a sample is spread over all rows, without doubles", () => {
  assert.deepEqual([...evenRows(3, 200)], [0, 1, 2]);
  const rows = [...evenRows(10000, 200)];
  assert.equal(new Set(rows).size, 200);
  assert.ok(rows.at(-1) < 10000 && rows.at(-1) > 9900);
});
