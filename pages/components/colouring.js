/** How points are coloured: by their class, by a number, or by a column of one's own. No DOM. */

import { SYMBOLS } from "./points.js";

const OPAQUE = 217; // of 255: where points lie on one another it shows
const FAINT = 40; // what is not selected
const NONE = [128, 128, 128]; // points without a number

// Viridis (Smith & van der Walt, 2015), at sixteenths: even to the eye, and in grey.
const VIRIDIS = [
  "440154", "481a6c", "472f7d", "414487", "39568c", "31688e", "2a788e", "23888e", "1f988b",
  "22a884", "35b779", "54c568", "7ad151", "a5db36", "d2e21b", "f1e51d", "fde725",
].map(rgbOf);

/** "3f90da" or "#3f90da" as [r, g, b]. */
export function rgbOf(hex) {
  const value = parseInt(hex.replace("#", ""), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The colour of a share from 0 to 1. */
export function viridis(share) {
  const at = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const from = Math.min(VIRIDIS.length - 2, Math.floor(at));
  return VIRIDIS[from].map((low, i) => Math.round(low + (at - from) * (VIRIDIS[from + 1][i] - low)));
}

/** As a CSS gradient from left to right. */
export const VIRIDIS_CSS = `linear-gradient(to right, ${
  VIRIDIS.map((rgb) => `rgb(${rgb.join(" ")})`).join(", ")})`;

/** The 1 % and 99 % quantiles of the numbers that there are: few extremes do not wash out the rest. */
export function rangeOf(values) {
  const known = Float32Array.from(values.filter(Number.isFinite)).sort();
  if (!known.length) return [0, 1];
  const at = (share) => known[Math.round(share * (known.length - 1))];
  const [low, high] = [at(0.01), at(0.99)];
  return low < high ? [low, high] : [known[0], known.at(-1)];
}

/**
 * The numbers in an answer of `values`.
 * @param {ArrayBuffer} answer float32 low, high; uint16 n: 0 to 65534 from low to high, 65535 none
 */
export function readValues(answer) {
  const [low, high] = new Float32Array(answer, 0, 2);
  return Float32Array.from(new Uint16Array(answer, 8),
    (step) => (step === 65535 ? NaN : low + ((high - low) * step) / 65534));
}

/**
 * Colours and symbols of all points, and the order to draw them in.
 * @param {object} scheme
 * @param {number} scheme.n points
 * @param {Uint32Array | null} [scheme.rows] those that are drawn, by row; else all, in their order
 * @param {ArrayLike<number>} [scheme.codes] of each point: key of its category
 * @param {Map<number, {colour: string, symbol?: string}>} [scheme.categories] by key
 * @param {Set<number>} [scheme.hidden] keys of categories that are not shown
 * @param {Float32Array} [scheme.values] instead of categories: a number each, NaN for none
 * @param {[number, number]} [scheme.range] of the numbers, from the first colour to the last
 * @param {Uint8Array | null} [scheme.selected] 1 for each selected point; null for no selection
 * @returns {{colours: Uint8Array, symbols: Uint8Array, order: Uint32Array}}
 */
export function paintPoints({ n, rows, codes, categories, hidden, values, range, selected }) {
  const count = rows?.length ?? n;
  const colours = new Uint8Array(4 * count);
  const symbols = new Uint8Array(count);
  const known = new Map([...categories ?? []].map(([key, { colour, symbol }]) =>
    [key, { rgb: rgbOf(colour), symbol: Math.max(0, SYMBOLS.indexOf(symbol ?? "circle")) }]));
  const steps = Array.from({ length: 256 }, (_, i) => viridis(i / 255));
  for (let i = 0; i < count; i += 1) {
    const row = rows?.[i] ?? i;
    let [rgb, shown] = [NONE, true];
    if (values) {
      const share = (values[row] - range[0]) / (range[1] - range[0] || 1);
      if (!Number.isNaN(share)) rgb = steps[Math.round(255 * Math.min(1, Math.max(0, share)))];
    } else {
      const entry = known.get(codes[row]);
      if (entry) [rgb, symbols[i]] = [entry.rgb, entry.symbol];
      shown = !hidden?.has(codes[row]);
    }
    colours.set(rgb, 4 * i);
    colours[4 * i + 3] = shown ? (selected && !selected[row] ? FAINT : OPAQUE) : 0;
  }
  const top = selected && Uint8Array.from({ length: count }, (_, i) => selected[rows?.[i] ?? i]);
  return { colours, symbols, order: orderOf(count, top) };
}

/** Rows in their own order, which mixes the classes; what is selected comes last, on top. */
function orderOf(n, selected) {
  const order = new Uint32Array(n);
  let at = 0;
  if (!selected) for (; at < n; at += 1) order[at] = at;
  else for (const wanted of [0, 1])
    for (let i = 0; i < n; i += 1) if (selected[i] === wanted) order[at++] = i;
  return order;
}
