/** From places of a linear map to codes and back, and what lies near a code. No DOM. */

/**
 * The code at (x, y) on the plane origin + x · axes[0] + y · axes[1].
 * @param {{origin: number[], axes: [number[], number[]]}} lift
 */
export const liftTo = ({ origin, axes: [across, up] }, x, y) =>
  origin.map((value, i) => value + x * across[i] + y * up[i]);

/** The place (x, y) of a code: its part along the axes, which are orthonormal. */
export const project = ({ origin, axes }, z) =>
  axes.map((axis) => axis.reduce((sum, value, i) => sum + value * (z[i] - origin[i]), 0));

const SAME = 1e-3; // codes come back from Python with four decimals

/** Whether two lifts (or none) stand for the same plane of codes. */
export function sameLift(a, b) {
  if (!a || !b) return a === b;
  const close = (u, v) => u.length === v.length && u.every((x, i) => Math.abs(x - v[i]) < SAME);
  return close(a.origin, b.origin) && a.axes.every((axis, i) => close(axis, b.axes[i]));
}

/**
 * The row of the code nearest to z, and its Euclidean distance. Exact: every one is looked at.
 * @param {Float32Array[]} codes @param {ArrayLike<number>} z
 */
export function nearestCode(codes, z) {
  let [row, least] = [-1, Infinity];
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i];
    let squared = 0;
    for (let j = 0; j < code.length && squared < least; j += 1) squared += (code[j] - z[j]) ** 2;
    if (squared < least) [row, least] = [i, squared];
  }
  return { row, distance: Math.sqrt(least) };
}
