import assert from "node:assert/strict";
import { test } from "node:test";

import { swing, swingAt } from "../../pages/components/animation.js";
import { nearness, readNearest } from "../../pages/components/neighbours.js";
import { logPrior } from "../../pages/components/readouts.js";
import {
  centralDifference, differenceRGBA, strongest,
} from "../../pages/components/sensitivity.js";
import { floatText, linkTo, pythonFor } from "../../pages/components/share.js";
import { notches } from "../../pages/components/wheel.js";

const near = (a, b, tolerance = 1e-9) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} within ${tolerance}`);

test("the central difference is exact for what changes linearly", () => {
  const slope = 0.8; // brightness per unit of z
  const at = (z) => Uint8Array.of(255 * (0.5 + slope * z), 100, 255 * (0.5 - slope * z));
  const found = centralDifference(at(0.25), at(-0.25), 0.25);
  [slope, 0, -slope].forEach((expected, i) => near(found[i], expected, 0.01)); // whole levels
  near(strongest(found), slope, 0.01);
});

test("the difference of a colour image is its channels' mean", () => {
  const [red, black] = [Uint8Array.of(255, 0, 0, 9, 9, 9), Uint8Array.of(0, 0, 0, 9, 9, 9)];
  const found = centralDifference(red, black, 0.5, 3);
  assert.deepEqual([...found].map((v) => v.toFixed(3)), ["0.333", "0.000"]);
});

test("brighter and darker have two colours, and stronger is more opaque", () => {
  const rgba = differenceRGBA([0.5, -1, 0], 1);
  assert.equal(rgba[3], 128);
  assert.equal(rgba[7], 255);
  assert.equal(rgba[11], 0);
  assert.notDeepEqual([...rgba.slice(0, 3)], [...rgba.slice(4, 7)]);
});

test("log p(z) is the standard normal's", () => {
  near(logPrior([0, 0]), -Math.log(2 * Math.PI));
  near(logPrior([1, -2, 0.5]), -0.5 * 5.25 - 1.5 * Math.log(2 * Math.PI));
});

test("on, near and off the data by what is usual between codes", () => {
  assert.deepEqual([0, 2, 2.01, 3, 3.01].map((distance) => nearness(distance, 2)),
    ["on", "on", "near", "near", "off"]);
  assert.equal(nearness(1, null), null);
  assert.deepEqual(readNearest(Float32Array.of(3, 0.5, 9999, 1).buffer),
    [{ row: 3, distance: 0.5 }, { row: 9999, distance: 1 }]);
});

test("a swing begins where the hand left off and stays between its ends", () => {
  const range = swing(0.5, [-9, -2, -1, 0, 1, 2, 9]);
  assert.deepEqual(range, [-2, 2]);
  near(swingAt(0, 0.5, range), 0.5);
  assert.ok(swingAt(50, 0.5, range) > 0.5, "upwards at first");
  near(swingAt(6000, 0.5, range), 0.5);
  const way = Array.from({ length: 600 }, (_, i) => swingAt(10 * i, 0.5, range));
  near(Math.max(...way), 2, 1e-3);
  near(Math.min(...way), -2, 1e-3);
  assert.deepEqual(swing(3, [-9, -2, -1, 0, 1, 2, 9]), [-2, 3], "no jump from further out");
  near(swingAt(0, 3, [-2, 3]), 3);
  assert.equal(swingAt(100, 1, [1, 1]), 1);
});

test("the wheel is counted in notches, whatever the browser counts in", () => {
  assert.deepEqual(notches({ deltaX: 0, deltaY: -100, deltaMode: 0 }), { right: 0, up: 1 });
  assert.deepEqual(notches({ deltaX: 0, deltaY: 3, deltaMode: 1 }), { right: 0, up: -1 });
  assert.deepEqual(notches({ deltaX: 0, deltaY: 100, deltaMode: 0, shiftKey: true }),
    { right: 1, up: 0 });
  assert.deepEqual(notches({ deltaX: 50, deltaY: 0, deltaMode: 0, shiftKey: true }),
    { right: 0.5, up: 0 });
});

test("numbers are written as short as keeps them the same float32", () => {
  for (const value of [0.1, -1 / 3, 1e-7, 123456.789, Math.PI, 0, -2.5, 3.4e38]) {
    const text = floatText(value);
    assert.equal(Math.fround(Number(text)), Math.fround(value), text);
    assert.ok(text.length <= 14, text);
  }
  assert.equal(floatText(0.1), "0.1");
  assert.equal(floatText(Math.fround(0.1)), "0.1");
});

test("a link and Python say the whole code", () => {
  const page = { origin: "http://a:1", pathname: "/explore" };
  const point = { model: "my-model", z: [0.25, -1 / 3], shape: [28, 28, 1], index: null };
  assert.equal(linkTo(page, point), "http://a:1/explore?model=my-model&z=0.25,-0.33333334");
  assert.ok(linkTo(page, { ...point, index: 12 }).endsWith("&image=12"));
  assert.ok(pythonFor(point).includes('find_run("my-model")'));
  assert.ok(pythonFor(point).includes("np.array([[0.25, -0.33333334]], np.float32)"));
});
