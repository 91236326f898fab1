/** Where points are dense: a smooth grid, and lines that enclose shares of all points. No DOM. */

export const LEVELS = [0.2, 0.5, 0.8]; // shares of the points inside the lines

const BINS = 96; // along the longer side
const BLUR = 2; // bins, the standard deviation of the smoothing

/** One axis of a separable Gaussian blur, in place. */
function blur(grid, count, length, step, across, sigma) {
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const total = kernel.reduce((sum, v) => sum + v, 0);
  const line = new Float64Array(length);
  for (let c = 0; c < count; c += 1) {
    for (let i = 0; i < length; i += 1) {
      let sum = 0;
      for (let k = -reach; k <= reach; k += 1)
        if (i + k >= 0 && i + k < length) sum += kernel[k + reach] * grid[c * across + (i + k) * step];
      line[i] = sum / total;
    }
    for (let i = 0; i < length; i += 1) grid[c * across + i * step] = line[i];
  }
}

/**
 * For each place of a grid: the share of the points that lie where it is denser (0 at the peak, 1
 * where there is nothing). A line through equal shares is a highest-density region (Hyndman, 1996).
 * Pure.
 * @param {Float32Array} coords x0, y0, x1, y1 … @param {(i: number) => boolean} shows
 * @param {{x: [number, number], y: [number, number]}} box
 * @returns {{x: number[], y: number[], z: number[][]} | null} null where no point is shown
 */
export function enclosedShares(coords, shows, { x, y }, bins = BINS) {
  const size = Math.max(x[1] - x[0], y[1] - y[0]) / bins;
  const margin = 4 * BLUR;
  const [columns, rows] = [x, y].map(([low, high]) =>
    Math.max(1, Math.ceil((high - low) / size)) + 2 * margin);
  const [left, bottom] = [x[0] - margin * size, y[0] - margin * size];
  const grid = new Float64Array(columns * rows);
  let count = 0;
  for (let i = 0; i < coords.length / 2; i += 1) {
    const column = Math.floor((coords[2 * i] - left) / size);
    const row = Math.floor((coords[2 * i + 1] - bottom) / size);
    if (!(column >= 0 && column < columns && row >= 0 && row < rows) || !shows(i)) continue;
    grid[row * columns + column] += 1;
    count += 1;
  }
  if (!count) return null;
  blur(grid, rows, columns, 1, columns, BLUR);
  blur(grid, columns, rows, columns, 1, BLUR);
  const order = Uint32Array.from(grid.keys()).sort((a, b) => grid[b] - grid[a]);
  const total = grid.reduce((sum, v) => sum + v, 0);
  const shares = new Float64Array(grid.length).fill(1);
  let enclosed = 0;
  for (const place of order) {
    if (grid[place] <= 0) break;
    enclosed += grid[place];
    shares[place] = enclosed / total;
  }
  const centres = (n, from) => Array.from({ length: n }, (_, i) => from + (i + 0.5) * size);
  return {
    x: centres(columns, left), y: centres(rows, bottom),
    z: Array.from({ length: rows }, (_, r) => Array.from(shares.subarray(r * columns, (r + 1) * columns))),
  };
}
