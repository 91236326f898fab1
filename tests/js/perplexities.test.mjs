import assert from "node:assert/strict";
import { test } from "node:test";

import { viewOf } from "../../pages/components/mapcanvas.js";
import { markedName, placeAt } from "../../pages/components/perplexities.js";

test("a pixel of a small map is taken back to the place it was drawn from", () => {
  const view = viewOf({ x: [-30, 50], y: [-20, 10] }, 240, 200);
  for (const [x, y] of [[0, 0], [-30, 10], [12.5, -7]]) {
    const [u, v] = placeAt(view, ...view.at(x, y));
    assert.ok(Math.abs(u - x) < 1e-9 && Math.abs(v - y) < 1e-9);
  }
});

test("a marked image is named by its class, or by its row alone where classes did not come",
  async () => {
    const names = new Map([[0, "cat"], [1, "dog"]]);
    const labels = Promise.resolve(Uint16Array.of(0, 1));
    assert.equal(await markedName(1, labels, names), "image 1: dog");
    assert.equal(await markedName(1, labels, new Map([[0, "cat"]])), "image 1");
    assert.equal(await markedName(1, Promise.reject(new Error("Gone.")), names), "image 1");
    assert.equal(await markedName(1, null, names), "image 1");
  });
