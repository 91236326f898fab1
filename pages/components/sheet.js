/** A sheet of the manifold: decoded images painted into tiles, and the sheet into the view. */

import { element } from "./dom.js";
import { toRGBA } from "./pixels.js";

const GAP = 14; // a tile has one pixel of gap for so many of its image

/** Pixels of a tile, its gap included: [height, width]. Pure. */
export const tileSize = ([height, width]) =>
  [height, width].map((side) => side + Math.max(1, Math.round(side / GAP)));

/**
 * Paint images into the tiles `from` and following ones of a sheet (see tiles.js), on a canvas of
 * the sheet's own, in the images' own resolution.
 * @param {object} sheet gets its `canvas` here
 * @param {Uint8Array} bytes n · H · W · C
 * @param {number[]} shape [H, W, C]
 */
export function fillSheet(sheet, from, bytes, [height, width, channels]) {
  const [down, across] = tileSize([height, width]);
  if (!sheet.canvas) {
    sheet.canvas = element("canvas", {
      width: sheet.columns * across, height: sheet.rows * down,
    });
  }
  const context = sheet.canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const size = height * width * channels;
  for (let i = 0; i < bytes.length / size; i += 1) {
    const left = ((from + i) % sheet.columns) * across;
    const top = Math.floor((from + i) / sheet.columns) * down;
    context.fillRect(left, top, across, down); // black, also over a coarser sheet
    toRGBA(bytes.subarray(i * size, (i + 1) * size), channels, image.data);
    context.putImageData(image, left + ((across - width) >> 1), top + ((down - height) >> 1));
  }
}

/** Draw a sheet where it lies in the plane, in pixels of the host; `density` of the screen's. */
export function drawSheet(context, { canvas, x, y, dx, dy, columns, rows }, plane, density) {
  const [left, top] = plane.toPixel(x - dx / 2, y + dy / 2);
  const [right, bottom] = plane.toPixel(x + (columns - 0.5) * dx, y - (rows - 0.5) * dy);
  // Crisp where a pixel of the image is larger than one of the screen.
  context.imageSmoothingEnabled = (right - left) * density < canvas.width;
  context.drawImage(canvas, left, top, right - left, bottom - top);
}
