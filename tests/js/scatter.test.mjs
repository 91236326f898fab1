import assert from "node:assert/strict";
import { test } from "node:test";

import { confidence } from "../../pages/components/marks.js";
import {
  extent, groupRows, medoid, nearest, neighbourTowards, unpackBase64,
} from "../../pages/components/nearest.js";
import { pointSize } from "../../pages/components/plane.js";

const cross = Float32Array.of(0, 0, 2, 0, -1, 0, 0, 3, 0, -4, 1.9, 1.8);

test("the nearest point within reach, of those that are shown", () => {
  assert.equal(nearest(cross, 1.4, 0, 1), 1);
  assert.equal(nearest(cross, 1.4, 0, 5, (i) => i !== 1), 0);
  assert.equal(nearest(cross, 10, 10, 1), -1);
});

test("arrow keys go to the nearest point within 45° of their direction", () => {
  assert.equal(neighbourTowards(cross, 0, "ArrowRight"), 1);
  assert.equal(neighbourTowards(cross, 0, "ArrowLeft"), 2);
  assert.equal(neighbourTowards(cross, 0, "ArrowUp"), 3);
  assert.equal(neighbourTowards(cross, 0, "ArrowDown"), 4);
  assert.equal(neighbourTowards(cross, 1, "ArrowRight"), -1, "nothing lies there");
  assert.equal(neighbourTowards(cross, 0, "ArrowRight", (i) => i !== 1), 5);
});

test("points in the same place do not catch the arrow keys", () => {
  assert.equal(neighbourTowards(Float32Array.of(0, 0, 0, 0, 1, 0), 0, "ArrowRight"), 2);
});

test("rows fall into their classes, only those on the map", () => {
  assert.deepEqual(groupRows([7, 3, 7, 3, 3], [3, 7], 4), [[1, 3], [0, 2]]);
});

test("a class is named at one of its own points, in its midst", () => {
  const halves = Float32Array.of(-5, 0, -5, 0.1, -5, 0.2, 5, 0, 5, 0.1);
  assert.ok(medoid(halves, [0, 1, 2, 3, 4]) < 3, "not in the gap between the halves");
  assert.equal(medoid(halves, []), -1);
});

test("the box of the points has its margin, and a size even for one point", () => {
  assert.deepEqual(extent(Float32Array.of(0, 0, 10, 5), 0), { x: [0, 10], y: [0, 5] });
  assert.deepEqual(extent(Float32Array.of(0, 0, 10, 5), 0.1), { x: [-1, 11], y: [-1, 6] });
  assert.deepEqual(extent(Float32Array.of(2, 3), 0), { x: [1, 3], y: [2, 4] });
});

test("base64 becomes a typed array, little-endian", () => {
  const text = Buffer.from(Uint8Array.of(1, 0, 44, 1)).toString("base64");
  assert.deepEqual([...unpackBase64(text, Uint16Array)], [1, 300]);
});

test("doubt makes the mark fainter, never invisible", () => {
  assert.equal(confidence(0), 1);
  assert.ok(confidence(0.1) > confidence(0.2));
  assert.equal(confidence(1), confidence(0.3));
  assert.ok(confidence(1) > 0.2);
});

test("points get smaller as they get more", () => {
  const sizes = [3, 500, 5000, 60000].map(pointSize);
  assert.deepEqual(sizes, [...sizes].sort((a, b) => b - a));
  assert.ok(sizes[0] <= 8);
  assert.ok(sizes[3] >= 2.5);
  assert.ok(pointSize(500, 350) < pointSize(500, 900));
});
