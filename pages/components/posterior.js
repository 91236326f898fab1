/** A code in numbers: what the encoder answers, its KL, draws from it. No DOM. */

import { normals } from "./latent.js";

/**
 * The diagonal Gaussian in an answer of `encode` to one image.
 * @param {ArrayBuffer} answer float32: d means, then d log-variances
 * @returns {{mean: Float32Array, sigma: Float32Array, kl: Float32Array}} kl: nats per dimension,
 *   ½(μ² + σ² − 1 − log σ²), from N(0, 1)
 */
export function posterior(answer) {
  const numbers = new Float32Array(answer);
  const d = numbers.length / 2;
  const [mean, logvar] = [numbers.subarray(0, d), numbers.subarray(d)];
  return {
    mean,
    sigma: logvar.map((value) => Math.exp(0.5 * value)),
    kl: mean.map((m, j) => 0.5 * (m * m + Math.exp(logvar[j]) - 1 - logvar[j])),
  };
}

/** The code in such an answer where codes are points. @returns {{mean: Float32Array}} */
export function pointOf(answer) {
  const numbers = new Float32Array(answer);
  return { mean: numbers.subarray(0, numbers.length / 2) };
}

export const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The noise of n draws in d dimensions: always the same, so that draws move as q(z|x) moves. */
export const noise = (n, d) => Float32Array.from(normals(n * d, 1));

/**
 * The mean, then draws z = μ + σ·ε, as rows.
 * @param {{mean: Float32Array, sigma: Float32Array}} q
 * @param {Float32Array} eps n × d, from `noise`
 * @returns {Float32Array} (1 + n) × d
 */
export function meanAndDraws({ mean, sigma }, eps) {
  const d = mean.length;
  const rows = new Float32Array(d + eps.length);
  rows.set(mean);
  for (let i = 0; i < eps.length; i += 1)
    rows[d + i] = mean[i % d] + sigma[i % d] * eps[i];
  return rows;
}

/** Mean absolute difference of two images, in grey levels of 255. */
export function greyLevels(a, b) {
  let total = 0;
  for (let i = 0; i < a.length; i += 1) total += Math.abs(a[i] - b[i]);
  return total / a.length;
}

/** "4 of the 5 nearest are 7", "2 of the 5 nearest are 4, 2 are 9": what is true of the names. */
export function agreement(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const n = names.length;
  if (n === 1) return `the nearest is ${names[0]}`;
  if (most === n) return `all ${n} nearest are ${names[0]}`;
  if (most === 1) return `the ${n} nearest are all different`;
  const first = [...counts].filter(([, count]) => count === most).map(([name]) => name);
  return first.map((name, i) => `${most} ${i ? "" : `of the ${n} nearest `}are ${name}`).join(", ");
}
