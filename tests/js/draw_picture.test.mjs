import assert from "node:assert/strict";
import { test } from "node:test";

import { normals } from "../../pages/components/latent.js";
import { Raster } from "../../pages/components/pen.js";
import {
  aboveSurroundings, clean, convert, develop, edgeLevel, invert, twoLevels,
} from "../../pages/components/picture.js";
import { dilate, lineWidth, thicken } from "../../pages/components/thicken.js";

const near = (a, b, tolerance) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);
const SIDE = 200;

/** Pencil on paper: where the ink is, and a photo of it by uneven light, with noise and a speck. */
function photo() {
  const raster = new Raster(SIDE, SIDE, 1);
  raster.begin({ radius: 3, colour: [255] });
  for (const [x, y] of [[80, 50], [120, 60], [120, 100], [80, 150], [130, 150]]) raster.to(x, y);
  raster.end();
  const ink = raster.pixels;
  const noise = normals(SIDE * SIDE, 3);
  const pixels = Uint8Array.from(ink, (value, at) => {
    const light = 0.65 + (0.35 * (at % SIDE)) / SIDE;
    return Math.max(0, Math.min(255, light * (220 - (110 * value) / 255) + 4 * noise[at]));
  });
  pixels[20 * SIDE + 180] = pixels[20 * SIDE + 181] = 20;
  return { ink, image: { pixels, width: SIDE, height: SIDE, channels: 1 } };
}

test("the edge tells light paper from a dark ground", () => {
  const { image } = photo();
  assert.ok(edgeLevel(image) > 128);
  assert.ok(edgeLevel(invert(image)) < 128);
  assert.equal(edgeLevel(convert(image, 3)), edgeLevel(image));
});

test("two levels are found, though one is rare", () => {
  const pixels = new Uint8Array(1000).fill(30);
  pixels.fill(200, 0, 20);
  assert.deepEqual(twoLevels(pixels), [30, 200]);
  assert.deepEqual(twoLevels(new Uint8Array(10).fill(7)), [0, 255], "one level alone");
});

test("a photo of pencil on paper becomes white ink on black", () => {
  const { ink, image } = photo();
  const { pixels } = clean(invert(image));
  const wrong = pixels.reduce((n, value, at) => n + ((value > 127) !== (ink[at] > 127)), 0);
  const inked = ink.reduce((n, value) => n + (value > 127), 0);
  assert.ok(wrong < 0.1 * inked, `${wrong} pixels are wrong, of ${inked} with ink`);
  assert.equal(pixels[20 * SIDE + 180], 0, "the speck is gone");
  const far = pixels.filter((_, at) => Math.floor(at / SIDE) > 175);
  assert.equal(Math.max(...far), 0, "the paper is black");
});

test("one threshold alone would have failed: the light is that uneven", () => {
  const { ink, image } = photo();
  const dark = invert(image).pixels;
  const ground = Math.max(...dark.filter((_, at) => ink[at] === 0));
  const faintest = Math.min(...dark.filter((_, at) => ink[at] === 255));
  assert.ok(ground > faintest);
  const flat = aboveSurroundings({ ...image, pixels: dark });
  const level = (inked) => flat.filter((_, at) => ink[at] === inked).sort((a, b) => a - b);
  assert.ok(level(255)[10] > level(0).at(-200));
});

test("channels: grey for a grey model, three equal ones for a colour model", () => {
  const colour = { pixels: Uint8Array.of(255, 0, 0, 0, 255, 0), width: 2, height: 1, channels: 3 };
  assert.deepEqual([...convert(colour, 1).pixels], [76, 150]);
  const grey = { pixels: Uint8Array.of(5, 9), width: 2, height: 1, channels: 1 };
  assert.deepEqual([...convert(grey, 3).pixels], [5, 5, 5, 9, 9, 9]);
  assert.equal(convert(grey, 1), grey);
});

test("a picture is cut to the pad, and treated as its layer says", () => {
  const image = { pixels: Uint8Array.of(0, 100, 200, 255), width: 4, height: 1, channels: 1 };
  const pad = { width: 2, height: 1, channels: 1 };
  assert.deepEqual([...develop({ image }, pad)], [100, 200]);
  assert.deepEqual([...develop({ image, invert: true }, pad)], [155, 55]);
  const colour = develop({ image }, { ...pad, channels: 3 });
  assert.deepEqual([...colour], [100, 100, 100, 200, 200, 200]);
});

const line = (radius) => {
  const raster = new Raster(SIDE, SIDE, 1);
  raster.begin({ radius, colour: [255] });
  raster.to(100, 20);
  raster.to(100, 180);
  raster.end();
  return raster;
};

test("thin lines become an eighth of the drawing wide, thick ones stay", () => {
  near(lineWidth(line(3)), 6, 0.6);
  near(lineWidth(line(8)), 16, 1);
  near(lineWidth(thicken(line(2))), (160 + 4) / 8, 2.5);
  const thick = line(14);
  assert.equal(thicken(thick), thick);
  const blank = { pixels: new Uint8Array(9), width: 3, height: 3, channels: 1 };
  assert.equal(thicken(blank), blank);
  assert.equal(lineWidth(blank), 0);
});

test("dilation makes a disc of a point, also at the edge", () => {
  const point = { pixels: new Uint8Array(49), width: 7, height: 7, channels: 1 };
  point.pixels[3 * 7 + 3] = 90;
  const { pixels } = dilate(point, 2);
  assert.equal(pixels.filter((value) => value === 90).length, 13);
  point.pixels.fill(0);
  point.pixels[0] = 90;
  assert.equal(dilate(point, 2).pixels.filter((value) => value === 90).length, 6);
});
