import assert from "node:assert/strict";
import { test } from "node:test";

import { Cloud, padded } from "../../pages/components/cloud.js";

test("places are known of the rows that are on the map, no others", () => {
  const cloud = new Cloud(4);
  cloud.use(Float32Array.of(1, 2, 3, 4));
  assert.deepEqual([0, 1, 2, 3, -1].map(cloud.has), [true, true, false, false, false]);
  assert.deepEqual([cloud.count, cloud.rows, cloud.places.length], [2, null, 8]);
  assert.ok(Number.isNaN(cloud.places[4]));
  assert.deepEqual([...padded(Float32Array.of(5, 6), 1)], [5, 6]);
});

test("of too many points those in view are known, and forgotten when there are too many again", () => {
  const cloud = new Cloud(5);
  cloud.use(null);
  assert.equal(cloud.has(3), false);
  cloud.show({ rows: Uint32Array.of(3, 1), places: Float32Array.of(7, 8, 9, 10) });
  assert.deepEqual([0, 1, 3].map(cloud.has), [false, true, true]);
  assert.deepEqual([...cloud.coords.subarray(6, 8)], [7, 8]);
  assert.deepEqual([cloud.count, [...cloud.rows], [...cloud.places]], [2, [3, 1], [7, 8, 9, 10]]);
  cloud.show(null);
  assert.equal(cloud.has(3), false);
  assert.equal(cloud.places.length, 10);
  cloud.use(Float32Array.of(1, 2));
  assert.equal(cloud.far, false);
  assert.deepEqual([cloud.has(0), cloud.has(1)], [true, false]);
});
