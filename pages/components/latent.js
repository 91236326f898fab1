/** Pure helpers for latent vectors, sliders and numbers. No DOM: `node --test` runs them. */

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export const norm = (z) => Math.sqrt(z.reduce((sum, v) => sum + v * v, 0));

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** (1 − t)·a + t·b */
export const lerp = (a, b, t) => Array.from(a, (v, i) => (1 - t) * v + t * b[i]);

/**
 * Spherical interpolation along the great circle between a and b (White, 2016):
 * sin((1 − t)ω)/sin ω · a + sin(tω)/sin ω · b, ω the angle between them. The straight line where
 * that is not defined: an end at zero, or the two (nearly) parallel or opposite.
 */
export function slerp(a, b, t) {
  const lengths = norm(a) * norm(b);
  if (lengths === 0) return lerp(a, b, t);
  const cosine = clamp(a.reduce((sum, v, i) => sum + v * b[i], 0) / lengths, -1, 1);
  const omega = Math.acos(cosine);
  const sine = Math.sin(omega);
  if (sine < 1e-4) return lerp(a, b, t);
  const wa = Math.sin((1 - t) * omega) / sine;
  const wb = Math.sin(t * omega) / sine;
  return Array.from(a, (v, i) => wa * v + wb * b[i]);
}

/** n points from a to b, both ends included. kind: "lerp" | "slerp". */
export function path(a, b, n, kind) {
  const between = kind === "slerp" ? slerp : lerp;
  return Array.from({ length: n }, (_, i) => between(a, b, i / (n - 1)));
}

/** Rows of numbers as one float32 array, row after row: what the decoder's endpoint takes. */
export function pack(rows) {
  const packed = new Float32Array(rows.length * rows[0].length);
  rows.forEach((row, i) => packed.set(row, i * row.length));
  return packed;
}

/** z with coordinate `dim` set to each of `values` in turn. */
export const traverse = (z, dim, values) =>
  values.map((value) => Array.from(z, (v, i) => (i === dim ? value : v)));

/** n evenly spaced values from low to high. */
export const spaced = (low, high, n) =>
  Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

/** Density of N(0, 1) at x. */
export const gaussianDensity = (x) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

/** Where `value` lies on a track from low to high: 0 at low, 1 at high. */
export const fractionOf = (value, [low, high]) => clamp((value - low) / (high - low), 0, 1);

export const valueAt = (fraction, [low, high]) => low + clamp(fraction, 0, 1) * (high - low);

/**
 * The range of a slider: the 1–99 % quantiles of q(z) in that dimension, widened by 15 % and so far
 * that `values` lie inside; at least one unit wide (a posterior that collapsed may be a point).
 * @param {number} [unit] the scale of codes, a power of ten: 1 beside the prior N(0, 1)
 */
export function sliderRange(quantiles, values = [], unit = 1) {
  const [first, last] = [quantiles[0], quantiles[quantiles.length - 1]];
  const margin = Math.max(0.15 * (last - first), (unit - (last - first)) / 2);
  const low = Math.min(first - margin, ...values);
  const high = Math.max(last + margin, ...values);
  return widened([low, high], unit / 10);
}

/** The next whole multiples of `step` outside. Pure. */
export function widened([low, high], step) {
  const per = Math.round(1 / step); // whole numbers divide without a rest of 1e-17
  return [Math.floor(low * per) / per, Math.ceil(high * per) / per];
}

/** With how many decimals a coordinate is written, where codes have this scale. Pure. */
export const decimalsOf = (unit) => 2 - Math.round(Math.log10(unit));

/** A length or distance of codes in few digits, on whatever scale they are. Pure. */
export const brief = (amount) =>
  (amount >= 0.1 || amount === 0 ? amount.toFixed(2) : String(Number(amount.toPrecision(2))));

/** Numbers in [0, 1) from a seed (mulberry32). */
export function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** n draws from N(0, 1) (Box and Muller, 1958); the same seed gives the same draws. */
export function normals(n, seed) {
  const uniform = uniforms(seed);
  return Array.from({ length: n }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  });
}

const LEVELS = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/** Each coordinate by itself from its quantiles at LEVELS, evenly between two of them. Pure. */
export function drawEach(quantiles, seed) {
  const uniform = uniforms(seed);
  return quantiles.map((one) => {
    const share = LEVELS[0] + uniform() * (LEVELS.at(-1) - LEVELS[0]);
    const i = Math.max(1, LEVELS.findIndex((level) => level >= share));
    const t = (share - LEVELS[i - 1]) / (LEVELS[i] - LEVELS[i - 1]);
    return one[i - 1] + t * (one[i] - one[i - 1]);
  });
}

/** A fresh 32-bit seed. */
export const freshSeed = () => (Math.random() * 2 ** 32) >>> 0;

/** 1.2 → "+1.20", −0.5 → "−0.50" (a true minus sign, so that columns line up). */
export function signed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return ` ${text}`;
  return (value < 0 ? "−" : "+") + text;
}

/** 12 → "₁₂" */
export const subscript = (n) => String(n).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

/** A coordinate as it stands in labels: z₁ is the first, as in the formulas. */
export const dimensionName = (index) => `z${subscript(index + 1)}`;

/** The same z when rounded as the URL rounds it (two decimals of a unit). */
export const sameCode = (a, b, unit = 1) =>
  Boolean(a && b) && a.length === b.length && a.every((v, i) => Math.abs(v - b[i]) < 0.0051 * unit);
