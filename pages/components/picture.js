/** A photo or an image as ink on the pad: grey, inverted, cleaned, cut to size. No DOM. */

import { shrink } from "./centring.js";
import { luma } from "./drawing.js";
import { thicken } from "./thicken.js";

const AROUND = 1 / 6; // of the longer side: how far the light on paper is taken to be even
const FAINTEST = 0.35; // of the way from paper to ink: what is fainter becomes black
const SPECK = 1 / 40; // of the largest piece of ink: smaller pieces are dirt

/** The median grey level of an image's edge. Pure. */
export function edgeLevel({ pixels, width, height, channels }) {
  const edge = [];
  const take = (row, column) => {
    const at = (row * width + column) * channels;
    edge.push(toGrey(pixels, at, channels));
  };
  for (let x = 0; x < width; x += 1) [0, height - 1].forEach((row) => take(row, x));
  for (let y = 1; y < height - 1; y += 1) [0, width - 1].forEach((column) => take(y, column));
  return edge.sort((a, b) => a - b)[edge.length >> 1];
}

const toGrey = (pixels, at, channels) =>
  channels === 1 ? pixels[at] : luma(pixels[at], pixels[at + 1], pixels[at + 2]);

/** An image with another number of channels. Pure. */
export function convert(image, channels) {
  if (image.channels === channels) return image;
  const { pixels, width, height } = image;
  const out = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i += 1) {
    if (channels === 1) out[i] = toGrey(pixels, i * image.channels, image.channels);
    else out.fill(pixels[i], i * channels, (i + 1) * channels);
  }
  return { pixels: out, width, height, channels };
}

export const invert = (image) => ({ ...image, pixels: image.pixels.map((value) => 255 - value) });

/**
 * The two grey levels of an image of bright ink on a dark ground: the means of what lies below and
 * above the threshold that parts them best (Otsu, 1979). Pure.
 */
export function twoLevels(pixels) {
  const histogram = new Float64Array(256);
  for (const value of pixels) histogram[value] += 1;
  let [below, belowSum, best] = [0, 0, -1];
  const all = pixels.length;
  const allSum = histogram.reduce((total, count, value) => total + count * value, 0);
  let levels = [0, 255];
  for (let value = 0; value < 255; value += 1) {
    below += histogram[value];
    belowSum += histogram[value] * value;
    if (below === 0 || below === all) continue;
    const pair = [belowSum / below, (allSum - belowSum) / (all - below)];
    const apart = below * (all - below) * (pair[1] - pair[0]) ** 2;
    if (apart > best) [best, levels] = [apart, pair];
  }
  return levels;
}

/**
 * How much brighter each pixel of a grey image is than the mean of the square around it (not below
 * 0): ink without the light on its paper. Pure.
 */
export function aboveSurroundings({ pixels, width, height }) {
  const reach = Math.round(AROUND * Math.max(width, height));
  const stride = width + 1;
  const sums = new Float64Array(stride * (height + 1)); // of all pixels above and to the left
  for (let y = 0; y < height; y += 1) {
    for (let x = 0, row = 0; x < width; x += 1) {
      row += pixels[y * width + x];
      sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
    }
  }
  return pixels.map((value, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const [left, right] = [Math.max(0, x - reach), Math.min(width, x + reach + 1)];
    const [top, bottom] = [Math.max(0, y - reach), Math.min(height, y + reach + 1)];
    const total = sums[bottom * stride + right] - sums[bottom * stride + left]
      - sums[top * stride + right] + sums[top * stride + left];
    return Math.max(0, Math.round(value - total / ((right - left) * (bottom - top))));
  });
}

/**
 * A grey image of bright ink on a ground of uneven light, with the ground made black, the ink white
 * and specks removed. Pure.
 */
export function clean(image) {
  const ink = aboveSurroundings(image);
  const [ground, bright] = twoLevels(ink);
  const low = ground + FAINTEST * (bright - ground);
  const gain = 255 / Math.max(1, bright - low);
  const pixels = ink.map((v) => Math.max(0, Math.min(255, Math.round(gain * (v - low)))));
  return { ...image, pixels: withoutSpecks(pixels, image.width) };
}

/** Only the pieces of ink (joined by sides or corners) that are not small beside the largest. */
function withoutSpecks(pixels, width) {
  const piece = new Int32Array(pixels.length).fill(-1);
  const masses = [];
  const waiting = [];
  const visit = (at, number) => {
    if (!pixels[at] || piece[at] >= 0) return; // black, beyond the edge, or known
    piece[at] = number;
    waiting.push(at);
  };
  for (let start = 0; start < pixels.length; start += 1) {
    visit(start, masses.length);
    let mass = 0;
    while (waiting.length) {
      const at = waiting.pop();
      mass += pixels[at];
      const column = at % width;
      for (const dx of [-1, 0, 1]) {
        if (column + dx < 0 || column + dx >= width) continue;
        for (const dy of [-width, 0, width]) visit(at + dx + dy, masses.length);
      }
    }
    if (mass) masses.push(mass);
  }
  const least = SPECK * masses.reduce((a, b) => Math.max(a, b), 0);
  return pixels.map((value, at) => (piece[at] >= 0 && masses[piece[at]] < least ? 0 : value));
}

/**
 * A picture layer's pixels on the pad: its middle, cut to the pad's aspect.
 * @param {{image: object, invert: boolean, clean: boolean, thicken: boolean}} layer the last two
 *   for grey pads only
 * @param {{width: number, height: number, channels: number}} pad
 * @returns {Uint8Array}
 */
export function develop(layer, { width, height, channels }) {
  let image = convert(layer.image, channels);
  if (layer.invert) image = invert(image);
  if (layer.clean && channels === 1) image = clean(image);
  if (layer.thicken && channels === 1) image = thicken(image);
  return shrink(image, width, height);
}
