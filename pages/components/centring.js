/** From the pad to the model's picture: scaled, or centred as MNIST is. No DOM. */

const FAINT = 8; // grey levels of 255 that are no ink: decodes and photos are never quite black

/** How much of each source pixel [j, j + 1) falls into each of n equal parts of [from, to). */
function overlaps(from, to, n, size) {
  const step = (to - from) / n;
  return Array.from({ length: n }, (_, i) => {
    const [low, high] = [from + i * step, from + (i + 1) * step];
    const first = Math.max(0, Math.floor(low));
    const last = Math.min(size, Math.ceil(high));
    const shares = [];
    for (let j = first; j < last; j += 1)
      shares.push((Math.min(high, j + 1) - Math.max(low, j)) / step);
    return { first, shares };
  });
}

/**
 * A window of an image, scaled by area averaging: each new pixel is the mean of what it covers.
 * What lies outside the image is black.
 * @param {{pixels: Uint8Array, width: number, height: number, channels: number}} image
 * @param {{left: number, top: number, right: number, bottom: number}} window in its pixels
 * @returns {Uint8Array} (height, width, channels)
 */
export function resample(image, window, width, height) {
  const { pixels, channels } = image;
  const across = overlaps(window.left, window.right, width, image.width);
  const down = overlaps(window.top, window.bottom, height, image.height);
  const row = new Float64Array(width * channels);
  const sum = new Float64Array(width * channels);
  const out = new Uint8Array(width * height * channels);
  down.forEach(({ first, shares }, y) => {
    sum.fill(0);
    shares.forEach((share, j) => {
      averageRow(pixels, (first + j) * image.width, channels, across, row);
      for (let i = 0; i < row.length; i += 1) sum[i] += share * row[i];
    });
    sum.forEach((value, i) => (out[y * sum.length + i] = Math.round(value)));
  });
  return out;
}

function averageRow(pixels, start, channels, across, row) {
  for (let x = 0; x < across.length; x += 1) {
    const { first, shares } = across[x];
    for (let c = 0; c < channels; c += 1) {
      let value = 0;
      for (let j = 0; j < shares.length; j += 1)
        value += shares[j] * pixels[(start + first + j) * channels + c];
      row[x * channels + c] = value;
    }
  }
}

/** The whole image, its middle cut to the wanted aspect and scaled by area averaging. Pure. */
export function shrink(image, width, height) {
  const scale = Math.min(image.width / width, image.height / height);
  const left = (image.width - scale * width) / 2;
  const top = (image.height - scale * height) / 2;
  const window = { left, top, right: left + scale * width, bottom: top + scale * height };
  return resample(image, window, width, height);
}

/**
 * The ink of an image: its box, and its centre of mass in the coordinates of the edges, where pixel
 * i covers [i, i + 1). Null where all is black, or nearly. Pure.
 */
export function inkOf({ pixels, width, height, channels }) {
  const box = { left: width, top: height, right: 0, bottom: 0 };
  let [mass, x, y] = [0, 0, 0];
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      let value = 0;
      for (let c = 0; c < channels; c += 1, at += 1) value += pixels[at];
      if (value <= FAINT * channels) continue;
      mass += value;
      x += value * (column + 0.5);
      y += value * (row + 0.5);
      if (column < box.left) box.left = column;
      if (column >= box.right) box.right = column + 1;
      if (row < box.top) box.top = row;
      box.bottom = row + 1;
    }
  }
  return mass ? { ...box, x: x / mass, y: y / mass } : null;
}

const within = (value, high) => Math.min(Math.max(0, value), Math.max(0, high));

/**
 * Centre and scale the ink as a data set does (LeCun et al., 1998, for MNIST): its box is scaled to
 * fit `box`, keeping its aspect, and put so that its centre of mass is the centre of the picture,
 * moved by whole pixels. In MNIST's files the longest side of the box is 20 pixels and the centre
 * of mass lies within half a pixel of pixel 14, counted from 0, along both axes.
 *
 * @param {{pixels: Uint8Array, width: number, height: number, channels: number}} image
 * @param {object} recipe
 * @param {[number, number]} recipe.box width and height in pixels of the picture
 * @param {"mass" | "box"} recipe.centre what is put at the centre; a box may lie between pixels
 * @param {number} [recipe.stretch] how far one side may be stretched beyond the other to fill it
 * @returns {Uint8Array} (height, width, channels); black where there is no ink
 */
export function centre(image, recipe, width, height) {
  const ink = inkOf(image);
  if (!ink) return new Uint8Array(width * height * image.channels);
  const size = [ink.right - ink.left, ink.bottom - ink.top];
  const scale = Math.min(...size.map((side, i) => recipe.box[i] / side));
  const most = scale * (recipe.stretch ?? 1);
  // Whole pixels, so that the ends of the ink are as sharp as the data set's.
  const [wide, high] = size.map((side, i) =>
    Math.max(1, Math.round(side * Math.min(most, recipe.box[i] / side))));
  let [left, top] = [(width - wide) / 2, (height - high) / 2];
  if (recipe.centre === "mass") {
    // The pixel's own centre is half a pixel in: the picture's is pixel width / 2, not its edge.
    const x = ((ink.x - ink.left) / size[0]) * wide - 0.5;
    const y = ((ink.y - ink.top) / size[1]) * high - 0.5;
    left = within(Math.round(width / 2 - x), width - wide);
    top = within(Math.round(height / 2 - y), height - high);
  }
  const [sx, sy] = [size[0] / wide, size[1] / high]; // source pixels for one of the picture
  const window = { left: ink.left - left * sx, top: ink.top - top * sy };
  window.right = window.left + width * sx;
  window.bottom = window.top + height * sy;
  return resample(image, window, width, height);
}
