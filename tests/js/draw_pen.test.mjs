import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Drawing, flatten, padFor, padSize, paint, toChannels,
} from "../../pages/components/drawing.js";
import { thickness } from "../../pages/components/drawpad.js";
import { develop } from "../../pages/components/picture.js";
import { rgb } from "../../pages/components/padtools.js";
import { curve, Raster } from "../../pages/components/pen.js";

const WHITE = [255];
const near = (a, b, tolerance) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);
const area = ({ pixels }) => pixels.reduce((sum, value) => sum + value, 0) / 255;

function drawn(points, { radius = 10, size = 120 } = {}) {
  const raster = new Raster(size, size, 1);
  raster.begin({ radius, colour: WHITE });
  for (const [x, y, pressure] of points) raster.to(x, y, pressure);
  raster.end();
  return raster;
}

test("a dot has the area of its disc and a soft edge", () => {
  const dot = drawn([[60, 60]]);
  near(area(dot), Math.PI * 100, 2);
  assert.equal(dot.pixels[60 * 120 + 60], 255);
  assert.equal(dot.pixels[60 * 120 + 75], 0);
  const soft = dot.pixels.filter((value) => value > 0 && value < 255);
  assert.ok(soft.length > 50, "anti-aliased");
});

test("a line has the area of a capsule, wherever it lies between the pixels", () => {
  for (const offset of [0, 0.3, 0.5]) {
    const line = drawn([[30 + offset, 40], [90 + offset, 40]]);
    near(area(line), 60 * 20 + Math.PI * 100, 4);
  }
});

test("points in between do not change a straight line; crossing it again adds nothing", () => {
  const ends = [[20, 20], [100, 80]];
  const many = Array.from({ length: 31 }, (_, i) => [20 + (80 * i) / 30, 20 + (60 * i) / 30]);
  const [two, all] = [drawn(ends), drawn(many)];
  const worst = Math.max(...two.pixels.map((value, i) => Math.abs(value - all.pixels[i])));
  assert.ok(worst <= 2, `${worst} grey levels apart`);
  const twice = drawn([...many, ...[...many].reverse()]);
  assert.ok(Math.abs(area(twice) - area(all)) < 2);
});

test("few points give a smooth curve: a circle from twelve of them", () => {
  const points = Array.from({ length: 14 }, (_, i) => {
    const angle = (i / 12) * 2 * Math.PI;
    return [60 + 40 * Math.cos(angle), 60 + 40 * Math.sin(angle)];
  });
  const circle = drawn(points, { radius: 3 });
  for (let angle = 0.6; angle < 6; angle += 0.05) {
    const brightest = Math.max(...[36, 37, 38, 39, 40, 41].map((r) => circle.pixels[
      Math.floor(60 + r * Math.sin(angle)) * 120 + Math.floor(60 + r * Math.cos(angle))]));
    assert.equal(brightest, 255, `a gap at ${angle.toFixed(2)}`);
  }
});

test("a curve begins towards its control and ends at its end", () => {
  const points = curve({ x: 0, y: 0, r: 1 }, { x: 10, y: 0, r: 2 }, { x: 10, y: 10, r: 3 });
  assert.deepEqual(points.at(-1), { x: 10, y: 10, r: 3 });
  assert.ok(points[0].y < points[0].x);
});

test("pressure changes the width along a stroke, of pens alone", () => {
  const line = drawn([[20, 60, 0.5], [100, 60, 1.5]]);
  const width = (x) => Array.from({ length: 120 }, (_, y) => line.pixels[y * 120 + x])
    .reduce((sum, value) => sum + value, 0) / 255;
  near(width(40), 15, 1.5);
  near(width(80), 25, 1.5);
  assert.equal(thickness({ pointerType: "pen", pressure: 0.5 }), 1);
  assert.equal(thickness({ pointerType: "touch", pressure: 1 }), 1);
  assert.equal(thickness({ pointerType: "mouse", pressure: 0.5 }), 1);
});

test("what lies beyond the pad is cut off", () => {
  const raster = drawn([[-50, 60], [300, 60]]);
  near(area(raster), 120 * 20, 1);
});

test("erasing gives back the black, colours mix at the edge only", () => {
  const raster = new Raster(60, 60, 3);
  raster.begin({ radius: 20, colour: [255, 0, 0] });
  raster.to(30, 30);
  raster.end();
  const middle = 3 * (30 * 60 + 30);
  assert.deepEqual([...raster.pixels.slice(middle, middle + 3)], [255, 0, 0]);
  raster.begin({ radius: 30, colour: [0, 0, 0] });
  raster.to(30, 30);
  raster.end();
  assert.equal(Math.max(...raster.pixels), 0);
});

const stroke = (x) => ({
  kind: "stroke", width: 0.1, colour: [255, 255, 255], points: [[x, 0.2, 1], [x, 0.8, 1]],
});

test("undo takes back the last thing, a clearing and a picture too", () => {
  const drawing = new Drawing();
  assert.ok(drawing.empty);
  assert.equal(drawing.undo(), false);
  drawing.add(stroke(0.3));
  drawing.add(stroke(0.6));
  const raster = padFor([28, 28, 1]);
  paint(raster, drawing);
  const both = area(raster);
  drawing.add({ kind: "clear" });
  assert.ok(drawing.empty);
  paint(raster, drawing);
  assert.equal(area(raster), 0);
  drawing.undo();
  paint(raster, drawing);
  assert.equal(area(raster), both);
  drawing.undo();
  paint(raster, drawing);
  near(area(raster), both / 2, 1);
  drawing.add({ kind: "picture", name: "p" });
  drawing.add(stroke(0.1));
  assert.equal(drawing.picture.name, "p");
  assert.deepEqual(drawing.visible.map(({ kind }) => kind), ["picture", "stroke"]);
});

test("a stroke painted at once equals the same stroke painted again", () => {
  const drawing = new Drawing();
  for (const x of [0.2, 0.25, 0.3]) drawing.add(stroke(x));
  const [a, b] = [padFor([28, 28, 1]), padFor([28, 28, 1])];
  paint(a, drawing);
  paint(b, drawing);
  assert.deepEqual(a.pixels, b.pixels);
});

test("a fill covers everything in its colour", () => {
  const drawing = new Drawing();
  drawing.add(stroke(0.5));
  drawing.add({ kind: "fill", colour: [10, 20, 30] });
  const raster = padFor([8, 8, 3]);
  paint(raster, drawing);
  assert.deepEqual([...raster.pixels.slice(0, 6)], [10, 20, 30, 10, 20, 30]);
});

test("the pad has a whole number of pixels for each of the image", () => {
  for (const [shape, width] of [[[28, 28, 1], 420], [[8, 8, 1], 424], [[64, 64, 3], 448]]) {
    assert.equal(padSize(shape).width, width);
    assert.equal(padSize(shape).height, width);
  }
  assert.deepEqual(padSize([28, 20, 1]), { width: 300, height: 420 });
  assert.deepEqual(padSize([900, 900, 3]), { width: 900, height: 900 });
});

test("colours: from the palette, and as a grey model sees them", () => {
  assert.deepEqual(rgb("#d55e00"), [213, 94, 0]);
  assert.deepEqual(toChannels([255, 255, 255], 1), [255]);
  assert.deepEqual(toChannels([213, 94, 0], 3), [213, 94, 0]);
  assert.ok(toChannels([0, 255, 0], 1)[0] > toChannels([255, 0, 0], 1)[0]);
});

test("a long drawing looks the same when most of it has become one picture", () => {
  for (const [shape, depth] of [[[28, 28, 1], 400], [[28, 20, 1], 400], [[64, 64, 3], 400]]) {
    const drawing = new Drawing();
    for (let i = 0; i < depth; i += 1) drawing.add(stroke(0.2 + (0.4 * i) / depth));
    const [before, after] = [padFor(shape), padFor(shape)];
    paint(before, drawing, develop);
    flatten(drawing, develop, shape[2]);
    assert.equal(drawing.layers.length, 201);
    paint(after, drawing, develop);
    const apart = before.pixels.map((value, at) => Math.abs(value - after.pixels[at]));
    const scaled = before.height !== 420 && before.width !== 420; // then edges are a bit softer
    assert.ok(area({ pixels: apart }) <= (scaled ? 0.02 : 0) * area(before), `${shape}`);
    while (drawing.undo());
    assert.deepEqual(drawing.layers.map(({ kind }) => kind), ["flat"]);
    assert.ok(!drawing.empty);
  }
});

test("what was cleared long ago is kept by nobody; a short drawing stays as it is", () => {
  const drawing = new Drawing();
  for (let i = 0; i < 200; i += 1)
    drawing.add({ kind: i % 2 ? "clear" : "fill", colour: [9, 9, 9] });
  for (let i = 0; i < 199; i += 1) drawing.add(stroke(0.5));
  flatten(drawing, develop, 1);
  assert.equal(drawing.layers.length, 399);
  drawing.add(stroke(0.5));
  flatten(drawing, develop, 1);
  assert.equal(drawing.layers.length, 200);
});
