/** Thin lines made as thick as a data set's: for photos of pencil and pen. No DOM. */

import { inkOf } from "./centring.js";

const THICK = 1 / 8; // of the longer side of the ink's box: MNIST's lines are 2.5 of 20 pixels wide

/**
 * The usual width of lines, in pixels: twice the area over the length of the edge, as a strip of
 * width w and length l covers w·l and has two edges. 0 where there is no ink. Pure.
 */
export function lineWidth({ pixels, width, height }) {
  const ink = (x, y) =>
    x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] > 127;
  let [area, edge] = [0, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (!ink(x, y)) continue;
      area += 1;
      if (!(ink(x - 1, y) && ink(x + 1, y) && ink(x, y - 1) && ink(x, y + 1))) edge += 1;
    }
  }
  return edge ? (2 * area) / edge : 0;
}

/** Each pixel as bright as the brightest within `radius` (grey dilation by a disc). Pure. */
export function dilate(image, radius) {
  const { pixels, width, height } = image;
  const out = new Uint8Array(pixels.length);
  const reach = Math.floor(radius);
  for (let dy = -reach; dy <= reach; dy += 1) {
    const half = Math.floor(Math.sqrt(radius * radius - dy * dy));
    for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y += 1) {
      for (let x = 0; x < width; x += 1) {
        const value = pixels[(y + dy) * width + x];
        if (!value) continue;
        const end = Math.min(width - 1, x + half);
        for (let to = y * width + Math.max(0, x - half); to <= y * width + end; to += 1)
          if (out[to] < value) out[to] = value;
      }
    }
  }
  return { ...image, pixels: out };
}

/** A grey image of bright ink whose lines are at least an eighth of the ink's box thick. Pure. */
export function thicken(image) {
  const box = inkOf(image);
  if (!box) return image;
  const wanted = THICK * Math.max(box.right - box.left, box.bottom - box.top);
  const radius = (wanted - lineWidth(image)) / 2;
  return radius < 1 ? image : dilate(image, radius);
}
