/** A sheet of the manifold: decoded images painted into tiles, and the sheet into the view. */

import { element } from "./dom.js";

const GAP = 14; // a tile has one pixel of gap for so many of its image

/** Pixels of a tile, its gap included: [height, width]. Pure. */
export const tileSize = ([height, width]) =>
  [height, width].map((side) => side + Math.max(1, Math.round(side / GAP)));

/**
 * An image as light: RGBA bytes that over black are the image, and over a colour add to it what is
 * left to white, 1 − (1 − a)(1 − b) for grey: so points shine through the dark of the images that
 * lie over them. Pure.
 * @param {Uint8Array} bytes H·W·C values @param {number} channels 1 or 3
 * @param {Uint8ClampedArray} into
 */
export function toLight(bytes, channels, into) {
  for (let from = 0, to = 0; from < bytes.length; from += channels, to += 4) {
    const alpha = channels === 1 ? bytes[from]
      : Math.max(bytes[from], bytes[from + 1], bytes[from + 2]);
    for (let c = 0; c < 3; c += 1)
      into[to + c] = channels === 1 || !alpha ? 255 : (255 * bytes[from + c]) / alpha;
    into[to + 3] = alpha;
  }
  return into;
}

/**
 * Paint images into the tiles from `sheet.filled` on (see tiles.js), on a canvas of the sheet's
 * own, in the images' own resolution.
 * @param {object} sheet gets its `canvas` here, and counts its tiles in `filled`
 * @param {Uint8Array} bytes n · H · W · C
 * @param {number[]} shape [H, W, C]
 */
export function fillSheet(sheet, bytes, [height, width, channels]) {
  const [down, across] = tileSize([height, width]);
  sheet.canvas ??= element("canvas", {
    width: sheet.columns * across, height: sheet.rows * down,
  });
  const context = sheet.canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const size = height * width * channels;
  for (let at = 0; at < bytes.length; at += size, sheet.filled += 1) {
    const left = (sheet.filled % sheet.columns) * across;
    const top = Math.floor(sheet.filled / sheet.columns) * down;
    toLight(bytes.subarray(at, at + size), channels, image.data);
    context.putImageData(image, left + ((across - width) >> 1), top + ((down - height) >> 1));
  }
}

/** Draw a sheet where it lies in the plane, in pixels of the host; `density` of the screen's. */
export function drawSheet(context, sheet, plane, density) {
  const { canvas, x, y, dx, dy, columns, rows, filled } = sheet;
  const [left, top] = plane.toPixel(x - dx / 2, y + dy / 2);
  const [right, bottom] = plane.toPixel(x + (columns - 0.5) * dx, y - (rows - 0.5) * dy);
  const [width, height] = [(right - left) / columns, (bottom - top) / rows];
  // What is filled replaces what a coarser sheet has there: whole rows, then a part of one.
  const whole = Math.floor(filled / columns);
  context.clearRect(left, top, right - left, whole * height);
  context.clearRect(left, top + whole * height, (filled % columns) * width, height);
  // Crisp where a pixel of the image is larger than one of the screen.
  context.imageSmoothingEnabled = (right - left) * density < canvas.width;
  context.drawImage(canvas, left, top, right - left, bottom - top);
}
