import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { centre, inkOf, resample, shrink } from "../../pages/components/centring.js";
import { Raster } from "../../pages/components/pen.js";

const MNIST = { box: [20, 20], centre: "mass" };
const near = (a, b, tolerance, words = "") =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} within ${tolerance} ${words}`);

/** The figure of a 4, moved and scaled, pen and all. */
function figure({ x = 0, y = 0, scale = 1, size = 420 } = {}) {
  const raster = new Raster(size, size, 1);
  for (const points of [[[60, 20], [10, 80], [80, 80]], [[60, 50], [55, 130]]]) {
    raster.begin({ radius: 9 * scale, colour: [255] });
    for (const [u, v] of points) raster.to(x + scale * u, y + scale * v);
    raster.end();
  }
  return raster;
}
const picture = (raster, recipe = MNIST) => ({
  pixels: centre(raster, recipe, 28, 28), width: 28, height: 28, channels: 1,
});

test("the longest side of the box is 20, and the centre of mass within half a pixel of 14", () => {
  for (const where of [{ x: 10, y: 10 }, { x: 200, y: 150 }, { x: 30, y: 20, scale: 2.5 }]) {
    const ink = inkOf(picture(figure(where)));
    assert.equal(Math.max(ink.right - ink.left, ink.bottom - ink.top), 20);
    near(ink.x - 0.5, 14, 0.51, "across"); // pixel i has its centre at i + 1/2
    near(ink.y - 0.5, 14, 0.51, "down");
  }
});

test("where the figure stands does not matter, nor how large it was drawn", () => {
  const reference = picture(figure({ x: 20, y: 20, scale: 2 })).pixels;
  const shifted = picture(figure({ x: 157, y: 93, scale: 2 })).pixels;
  assert.deepEqual(shifted, reference);
  const apart = (image) =>
    image.reduce((sum, v, i) => sum + Math.abs(v - reference[i]), 0) / image.length;
  for (const scale of [0.7, 1, 1.5, 2.8]) { // rounding to whole pixels may move it by one
    const other = figure({ x: 15, y: 12, scale });
    const [centred, plain] = [apart(picture(other).pixels), apart(shrink(other, 28, 28))];
    assert.ok(centred < 10 && centred < plain / 2, `${centred} and ${plain} at ${scale}`);
  }
});

test("without centring the place matters: the control", () => {
  const places = [{ x: 20, y: 20 }, { x: 250, y: 200 }];
  const [a, b] = places.map((where) => shrink(figure(where), 28, 28));
  assert.ok(a.some((value, i) => value > 100 && b[i] === 0));
});

test("nothing is centred where there is no ink", () => {
  const blank = { pixels: new Uint8Array(100), width: 10, height: 10, channels: 1 };
  assert.equal(inkOf(blank), null);
  assert.equal(Math.max(...centre(blank, MNIST, 28, 28)), 0);
});

test("what is nearly black is no ink: a decode has the box of its image", () => {
  const clear = figure({ x: 100, y: 90 });
  const noisy = { ...clear, pixels: clear.pixels.map((value, i) => Math.max(value, i % 9)) };
  assert.deepEqual(inkOf({ ...noisy, width: 420, height: 420, channels: 1 }), inkOf(clear));
});

test("a heavy end never pushes the box out of the picture", () => {
  const raster = new Raster(420, 420, 1);
  raster.begin({ radius: 3, colour: [255] });
  raster.to(20, 200);
  raster.to(400, 200);
  raster.end();
  raster.begin({ radius: 12, colour: [255] });
  raster.to(390, 200);
  raster.end();
  const ink = inkOf(picture(raster));
  assert.equal(ink.right - ink.left, 20);
});

test("a box in the middle may lie between pixels, and be stretched so far and no further", () => {
  const bar = { pixels: new Uint8Array(400).fill(255), width: 10, height: 40, channels: 1 };
  const plain = { box: [7, 8], centre: "box" };
  const shown = (recipe) => inkOf({
    pixels: centre(bar, recipe, 8, 8), width: 8, height: 8, channels: 1,
  });
  assert.equal(shown(plain).right - shown(plain).left, 2);
  assert.equal(shown({ ...plain, stretch: 1.5 }).right - shown({ ...plain, stretch: 1.5 }).left, 4);
  near(shown({ ...plain, stretch: 1.5 }).x, 4, 0.01, "3 pixels in the middle of 8");
  assert.equal(shown({ ...plain, stretch: 9 }).bottom, 8);
});

test("area averaging keeps the mean, and is exact for whole factors", () => {
  const pixels = Uint8Array.from({ length: 36 }, (_, i) => (i * 37) % 256);
  const image = { pixels, width: 6, height: 6, channels: 1 };
  const half = shrink(image, 3, 3);
  assert.equal(half[0], Math.round((pixels[0] + pixels[1] + pixels[6] + pixels[7]) / 4));
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  for (const side of [2, 3, 4, 5]) near(mean(shrink(image, side, side)), mean(pixels), 1);
  assert.deepEqual(shrink(image, 6, 6), pixels);
});

test("a wide picture is cut at both sides, colours stay together", () => {
  const wide = { pixels: new Uint8Array(4 * 2 * 3), width: 4, height: 2, channels: 3 };
  for (let x = 0; x < 4; x += 1) for (let y = 0; y < 2; y += 1)
    wide.pixels.set([x, 10 * x, 100], 3 * (4 * y + x));
  assert.deepEqual([...shrink(wide, 1, 1)], [2, 15, 100]); // columns 1 and 2; 1.5 rounds up
  const window = { left: -2, top: 0, right: 2, bottom: 2 };
  const [...left] = resample(wide, window, 2, 1).slice(0, 3);
  assert.deepEqual(left, [0, 0, 0], "black beyond the edge");
});

const file = join(process.env.VAE_DATA ?? "", "MNIST/raw/t10k-images-idx3-ubyte");
const skip = process.env.VAE_DATA && existsSync(file) ? false : "VAE_DATA is not set: no MNIST";

test("real MNIST images, enlarged, come back pixel for pixel", { skip }, () => {
  const images = readFileSync(file).subarray(16);
  const [n, factor, side] = [1000, 3, 84];
  let same = 0;
  for (let i = 0; i < n; i += 1) {
    const image = images.subarray(i * 784, (i + 1) * 784);
    const pixels = Uint8Array.from({ length: side * side }, (_, at) =>
      image[28 * Math.floor(at / side / factor) + Math.floor((at % side) / factor)]);
    const back = centre({ pixels, width: side, height: side, channels: 1 }, MNIST, 28, 28);
    same += back.every((value, at) => value === image[at]);
  }
  assert.ok(same >= 0.99 * n, `${same} of ${n}`);
});
