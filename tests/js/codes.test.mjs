import assert from "node:assert/strict";
import { test } from "node:test";

import { mustShow, orderDimensions, randomCode } from "../../pages/components/codes.js";
import { squareRanges } from "../../pages/components/pair.js";

const QUANTILES = [[-3, -2, -1, 0, 1, 2, 3], [4, 5, 6, 7, 8, 9, 10]];

test("dimensions stand in the order of what they say", () => {
  const { active, inactive } = orderDimensions([0.1, 2, 0.5, 0], [true, true, true, false]);
  assert.deepEqual(active, [1, 2, 0]);
  assert.deepEqual(inactive, [3]);
});

test("a random code is one of the prior, or like the codes that are points", () => {
  const prior = randomCode({ posterior: "gaussian", quantiles: QUANTILES });
  assert.match(prior.title, /N\(0, I\)/);
  assert.equal(prior.draw().length, 2);
  const points = randomCode({ posterior: "point", quantiles: QUANTILES });
  assert.doesNotMatch(points.title + points.label, /prior|N\(0/);
  for (let i = 0; i < 200; i += 1) {
    const [a, b] = points.draw();
    assert.ok(a >= -3 && a <= 3 && b >= 4 && b <= 10);
  }
});

test("what Python sends is news on the codes' own scale", () => {
  const state = { shown: [0.01, 0.02], sent: [], held: false };
  assert.ok(!mustShow([0.012, 0.02], state));
  assert.ok(mustShow([0.012, 0.02], { ...state, unit: 0.01 }));
});

test("the pad keeps the prior's circles in sight only where there is a prior", () => {
  const quantiles = [[-0.1, 0, 0, 0, 0, 0, 0.1], [-0.1, 0, 0, 0, 0, 0, 0.1]];
  const [low, high] = squareRanges(quantiles, [0, 0])[0];
  assert.ok(low <= -2.3 && high >= 2.3);
  const [near, far] = squareRanges(quantiles, [0, 0], { prior: false, unit: 0.1 })[0];
  assert.ok(near > -0.2 && near < -0.1 && far > 0.1 && far < 0.2);
});
