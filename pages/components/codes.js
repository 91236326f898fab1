/** Codes and dimensions of a model, as the pages order, name and fetch them. */

import { fetchBytes } from "./fetching.js";
import { drawEach, freshSeed, normals, sameCode } from "./latent.js";

/** Dimensions by what they say, most first, parted into active and inactive. Pure. */
export function orderDimensions(says, active) {
  const order = says.map((_, i) => i).sort((a, b) => says[b] - says[a]);
  return { active: order.filter((i) => active[i]), inactive: order.filter((i) => !active[i]) };
}

/** Height of a slider's row in pixels, so that n of them fill the page without scrolling. Pure. */
export const rowHeight = (n) => Math.round(Math.min(96, Math.max(37, 560 / n)));

/**
 * Whether a code that Python sends must be shown. It is not, when it is the one shown already, or
 * the echo of one this view has sent, or when the hand is on a slider. Pure.
 */
export function mustShow(incoming, { shown, sent, held, unit = 1 }) {
  if (!incoming || held || sameCode(incoming, shown, unit)) return false;
  return !sent.some((z) => sameCode(z, incoming, unit));
}

/** Where a code comes from, in a few words. */
export const originWords = (origin) => {
  if (!origin) return "your hand";
  if (origin.index === null) return origin.label;
  return `image ${origin.index}${origin.label === null ? "" : `: ${origin.label}`}`;
};

/**
 * A random held-out image's row: one of those selected on the map, where there are any.
 * @param {number} images how many there are @param {{rows: number[], total: number}} selected
 */
export const randomRow = (images, { rows }) =>
  (rows.length ? rows[Math.floor(Math.random() * rows.length)] : Math.floor(Math.random() * images));

/**
 * What a button that draws a code at random does: from the prior; or, in an autoencoder, whose codes
 * no prior holds, like the real codes in each coordinate. Pure.
 * @param {{posterior: string, quantiles: number[][]}} data from Python
 * @returns {{title: string, label: string, draw: () => number[]}} `label`: where such a code is from
 */
export function randomCode({ posterior, quantiles }) {
  if (posterior !== "point")
    return {
      title: "A draw from the prior: z ~ N(0, I)", label: "the prior",
      draw: () => normals(quantiles.length, freshSeed()),
    };
  return {
    title: "Each coordinate drawn by itself, as it is spread among the codes",
    label: "each coordinate by itself", draw: () => drawEach(quantiles, freshSeed()),
  };
}

/** What the button says that draws one. Pure. */
export function realImageTitle({ rows, total }) {
  if (!total) return "The code of a random held-out image";
  const some = rows.length < total ? ` (of ${rows.length.toLocaleString("en")} of them)` : "";
  return `The code of a random one of the ${total.toLocaleString("en")} images selected on the map`
    + some;
}

/**
 * Posterior means of the model's held-out images, one row an image.
 * @param {number[]} [rows] those only; else all of them
 */
export async function fetchCodes(model, latentDim, rows = null) {
  const options = rows ? { method: "POST", body: Uint32Array.from(rows) } : {};
  const flat = new Float32Array(await fetchBytes(model, "codes", {}, options));
  return Array.from({ length: flat.length / latentDim }, (_, i) =>
    flat.subarray(i * latentDim, (i + 1) * latentDim));
}

/**
 * The code of a random real image, see `randomRow`; that one alone is asked for.
 * @returns {Promise<{index: number, z: Float32Array}>} @throws a sentence if it does not come
 */
export async function fetchRandomCode(model, latentDim, images, selected) {
  const index = randomRow(images, selected);
  try {
    const [z] = await fetchCodes(model, latentDim, [index]);
    return { index, z };
  } catch (error) {
    throw new Error(`The code of image ${index} did not come: ${error.message}`);
  }
}
