import assert from "node:assert/strict";
import { test } from "node:test";

import {
  liftTo, nearestCode, project, sameLift,
} from "../../pages/components/lens.js";
import { loupePlace } from "../../pages/components/loupe.js";
import { pinchOf } from "../../pages/components/pointer.js";
import { tileSize, toLight } from "../../pages/components/sheet.js";
import { centreOf, cover, parts, sameView, sheetsOf } from "../../pages/components/tiles.js";

const near = (a, b) => [...a].forEach((v, i) => assert.ok(Math.abs(v - b[i]) < 1e-9, `${a} ${b}`));
const half = Math.SQRT1_2;
const tilted = { origin: [1, -2, 0.5], axes: [[half, half, 0], [0, 0, 1]] };

test("projecting a lifted place gives it back", () => {
  for (const [x, y] of [[0, 0], [1.5, -2], [-40, 7]])
    near(project(tilted, liftTo(tilted, x, y)), [x, y]);
});

test("a code off the plane is projected, and lifted to another code", () => {
  const z = [2, -2, 3];
  near(liftTo(tilted, ...project(tilted, z)), [1.5, -1.5, 3]);
});

test("planes are the same to the digits that travel to Python and back", () => {
  const nudged = { ...tilted, origin: [1.0001, -2, 0.5] };
  assert.ok(sameLift(tilted, nudged));
  assert.ok(!sameLift(tilted, { ...tilted, origin: [1.1, -2, 0.5] }));
  assert.ok(!sameLift(tilted, { ...tilted, axes: [...tilted.axes].reverse() }));
  assert.ok(!sameLift(tilted, null));
  assert.ok(sameLift(null, null));
});

test("the nearest code and its distance", () => {
  const codes = [[0, 0], [3, 4], [1, 1]].map((row) => Float32Array.from(row));
  assert.deepEqual(nearestCode(codes, [3, 3]), { row: 1, distance: 1 });
  assert.deepEqual(nearestCode(codes, [0, 0]), { row: 0, distance: 0 });
});

const VIEW = { x: [-2.2, 5], y: [-1, 3.1] };

test("tiles cover the view, in the image's proportions, n along the longer side", () => {
  for (const ratio of [1, 2, 0.5]) {
    for (const n of [8, 16, 32]) {
      const sheet = cover(VIEW, n, ratio);
      const { x, y, dx, dy, columns, rows } = sheet;
      assert.ok(Math.abs(dy / dx - ratio) < 1e-9);
      assert.ok(x - dx / 2 <= -2.2 + 1e-6 && x + (columns - 0.5) * dx >= 5 - 1e-6);
      assert.ok(y + dy / 2 >= 3.1 - 1e-6 && y - (rows - 0.5) * dy <= -1 + 1e-6);
      assert.ok(Math.max(columns, rows) <= n + 1);
      near(centreOf(sheet, 0), [x, y]);
      near(centreOf(sheet, columns + 1), [x + dx, y - dy]);
    }
  }
});

test("after a move of the view the tiles stand where they stood", () => {
  const [a, b] = [cover(VIEW, 16, 1), cover({ x: [-1.2, 6], y: [0, 4.1] }, 16, 1)];
  assert.ok(Math.abs(a.dx - b.dx) < 1e-9);
  for (const axis of ["x", "y"]) {
    const steps = (a[axis] - b[axis]) / a.dx;
    assert.ok(Math.abs(steps - Math.round(steps)) < 1e-6);
  }
});

test("a view refines to 32, but not to what is too small to see or too much to send", () => {
  const levels = (shape, scale) => sheetsOf(VIEW, shape, scale).map(({ n }) => n);
  assert.deepEqual(levels([28, 28, 1], 110), [8, 16, 32]);
  assert.deepEqual(levels([28, 28, 1], 40), [8, 16]);
  assert.deepEqual(levels([64, 64, 3], 110), [8, 16]);
  assert.deepEqual(levels([512, 512, 3], 110), [8]);
});

test("questions are small: all tiles, none twice", () => {
  const asked = parts(1089, [28, 28, 1]);
  assert.deepEqual(asked[0], [0, 256]);
  assert.deepEqual(asked.at(-1), [1024, 1089]);
  assert.ok(asked.every(([, to], i) => i + 1 === asked.length || asked[i + 1][0] === to));
  assert.deepEqual(parts(3, [1024, 1024, 3]), [[0, 1], [1, 2], [2, 3]]);
});

test("views are the same to a thousandth", () => {
  assert.ok(sameView(VIEW, { x: [-2.201, 5.001], y: [-1, 3.1] }));
  assert.ok(!sameView(VIEW, { x: [-2.1, 5.1], y: [-1, 3.1] }));
  assert.ok(!sameView(null, VIEW));
});

test("tiles have a gap", () => {
  assert.deepEqual(tileSize([28, 28]), [30, 30]);
  assert.deepEqual(tileSize([8, 20]), [9, 21]);
});

test("light over black is the image itself, and over a colour adds to it", () => {
  const over = ([r, g, b, a], ground) => [r, g, b].map((v) => (v * a + ground * (255 - a)) / 255);
  const light = (values) => [...toLight(Uint8Array.from(values), values.length,
    new Uint8ClampedArray(4))];
  for (const values of [[0], [17], [255]]) {
    near(over(light(values), 0), Array(3).fill(values[0]));
    const [a, b] = [values[0] / 255, 100 / 255];
    assert.ok(Math.abs(over(light(values), 100)[0] - 255 * (1 - (1 - a) * (1 - b))) < 1e-9);
  }
  for (const values of [[0, 0, 0], [10, 200, 30], [255, 0, 128]])
    over(light(values), 0).forEach((v, i) => assert.ok(Math.abs(v - values[i]) <= 1));
});

test("the loupe is beside a mouse, inside the map, and never under a finger", () => {
  const box = { left: 0, top: 0, right: 400, bottom: 300 };
  const size = { width: 110, height: 120 };
  for (const left of [5, 200, 395]) {
    for (const top of [5, 150, 295]) {
      const [x, y] = loupePlace(left, top, size, box, false);
      assert.ok(x >= 0 && x + 110 <= 400 && y >= 0 && y + 120 <= 300);
      assert.ok(left < x || left > x + 110 || top < y || top > y + 120);
      const [fx, fy] = loupePlace(left, top, size, box, true);
      assert.ok(fx >= 0 && fx + 110 <= 400);
      assert.ok(fy + 120 <= top - 40, "above the fingertip");
    }
  }
});

test("a loupe that fits on neither side of the mouse stays in the map", () => {
  const box = { left: 0, top: 0, right: 300, bottom: 300 };
  assert.deepEqual(loupePlace(150, 200, { width: 200, height: 100 }, box, false), [0, 80]);
});

test("two fingers move and zoom", () => {
  assert.deepEqual(pinchOf([[0, 0], [100, 0]], [[10, 5], [210, 5]]),
    { from: [50, 0], to: [110, 5], factor: 2 });
});
