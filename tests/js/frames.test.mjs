import assert from "node:assert/strict";
import { test } from "node:test";

import { fetchFrames, parseFrames } from "../../pages/components/frames.js";

/** An answer of the server: n = 2 points, frames 3 and 4 of a fit of 750 iterations. */
function answer() {
  const buffer = new ArrayBuffer(16 + 2 * (24 + 8));
  const view = new DataView(buffer);
  [2, 3, 2, 750].forEach((value, i) => view.setUint32(4 * i, value, true));
  [[75, NaN, [-1, 1, -2, 2]], [100, 1.5, [-10, 30, 0, 5]]].forEach(([iteration, kl, box], i) => {
    const at = 16 + i * 32;
    view.setUint32(at, iteration, true);
    view.setFloat32(at + 4, kl, true);
    box.forEach((value, j) => view.setFloat32(at + 8 + 4 * j, value, true));
    [0, 65535, 13107, 0].forEach((value, j) => view.setUint16(at + 24 + 2 * j, value, true));
  });
  return buffer;
}

test("an answer becomes frames, their places from 0 to 1 across the box", () => {
  const { n, first, total, frames } = parseFrames(answer());
  assert.deepEqual([n, first, total, frames.length], [2, 3, 750, 2]);
  assert.equal(frames[0].iteration, 75);
  assert.equal(frames[0].kl, null); // not known at the start
  assert.equal(frames[1].kl, 1.5);
  assert.deepEqual(frames[1].box, [-10, 30, 0, 5]);
  assert.ok(frames[1].coords instanceof Float32Array);
  assert.deepEqual(Array.from(frames[1].coords), [0, 1, Math.fround(0.2), 0]);
});

test("no frames yet is no error; an answer cut short is one", () => {
  assert.deepEqual(parseFrames(new Uint32Array([5, 0, 0, 750]).buffer).frames, []);
  assert.throws(() => parseFrames(answer().slice(0, -1)), /79 bytes came for 2 frames of 2 points/);
  assert.throws(() => parseFrames(new ArrayBuffer(7)), /without their head/);
});

test("frames are asked for by name, and a refusal is thrown", async (t) => {
  const asked = [];
  t.mock.method(globalThis, "fetch", async (url) => {
    asked.push(url);
    return asked.length === 1 ? new Response(answer())
      : new Response('{"error": "none"}', { status: 404 });
  });
  assert.equal((await fetchFrames("a b", "tsne-p5", 3)).frames.length, 2);
  assert.deepEqual(asked, ["/live/models/a%20b/frames?map=tsne-p5&from=3"]);
  await assert.rejects(fetchFrames("a", "pca"), /none/);
});
