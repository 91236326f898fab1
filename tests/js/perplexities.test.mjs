import assert from "node:assert/strict";
import { test } from "node:test";

import { viewOf } from "../../pages/components/mapcanvas.js";
import { placeAt } from "../../pages/components/perplexities.js";

test("a pixel of a small map is taken back to the place it was drawn from", () => {
  const view = viewOf({ x: [-30, 50], y: [-20, 10] }, 240, 200);
  for (const [x, y] of [[0, 0], [-30, 10], [12.5, -7]]) {
    const [u, v] = placeAt(view, ...view.at(x, y));
    assert.ok(Math.abs(u - x) < 1e-9 && Math.abs(v - y) < 1e-9);
  }
});
