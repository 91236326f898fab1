/**
 * Strokes (JSON on the standard input) drawn on the page's pad and taken to the model's size, as
 * raw uint8 images on the standard output: what tests of the pages' scripts need them for.
 *
 * Input: {shape: [H, W, C], recipe: object or null, drawings: [[{width, points}, …], …]}
 */

import { readFileSync, writeSync } from "node:fs";

import { centre, shrink } from "../../pages/components/centring.js";
import { Drawing, padFor, paint } from "../../pages/components/drawing.js";

const { shape, recipe, drawings } = JSON.parse(readFileSync(0, "utf8"));
const [height, width] = shape;
const raster = padFor(shape);
for (const strokes of drawings) {
  const drawing = new Drawing();
  for (const stroke of strokes)
    drawing.add({ kind: "stroke", colour: [255, 255, 255], ...stroke });
  paint(raster, drawing);
  writeSync(1, recipe ? centre(raster, recipe, width, height) : shrink(raster, width, height));
}
