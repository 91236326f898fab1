/** Which tiles of decoded images cover a view of a map, coarse to fine. No DOM. */

export const LEVELS = [8, 16, 32]; // tiles along the longer side of the view
const QUESTION = { rows: 256, bytes: 2 ** 20 }; // most of one: painted within a frame
const SMALLEST = 10; // px of the screen: the width of the smallest tile, so 16 on a phone
const ALL_BYTES = 4 * 2 ** 20; // most that a level may ask for, so that a hall's network bears it

/**
 * The sheet of tiles that covers a view: tile (0, 0) is at the top left, centred at (x, y), the
 * next ones dx to the right and dy down. Sheets of the same step lie on one lattice, so that after
 * a move the same places are drawn again. `filled` counts its tiles that are decoded.
 * @param {{x: [number, number], y: [number, number]}} view
 * @param {number} n tiles along the longer side @param {number} ratio height of a tile per width
 */
export function cover({ x, y }, n, ratio) {
  const dx = Math.max(x[1] - x[0], (y[1] - y[0]) / ratio) / n;
  const dy = dx * ratio;
  const first = (low, step) => Math.floor(low / step + 1e-6);
  const end = (high, step) => Math.ceil(high / step - 1e-6);
  const [left, right] = [first(x[0], dx), end(x[1], dx)];
  const [bottom, top] = [first(y[0], dy), end(y[1], dy)];
  return {
    n, dx, dy, x: (left + 0.5) * dx, y: (top - 0.5) * dy,
    columns: right - left, rows: top - bottom, filled: 0,
  };
}

/** The centre of tile `index` of a sheet, counted row by row. */
export const centreOf = ({ x, y, dx, dy, columns }, index) =>
  [x + (index % columns) * dx, y - Math.floor(index / columns) * dy];

/**
 * The sheets of a view, coarse to fine: the coarsest always, finer ones while their images can be
 * told on the screen and are not too much to send.
 * @param {number} scale pixels of the screen for one unit of the map
 */
export const sheetsOf = (view, [height, width, channels], scale) =>
  LEVELS.map((n) => cover(view, n, height / width)).filter(({ n, dx, columns, rows }) =>
    n === LEVELS[0]
    || (dx * scale >= SMALLEST && columns * rows * height * width * channels <= ALL_BYTES));

/** Parts [from, to) of `count` tiles, each small enough for one question. */
export function parts(count, [height, width, channels]) {
  const size = Math.floor(QUESTION.bytes / (height * width * channels));
  const step = Math.max(1, Math.min(QUESTION.rows, size));
  return Array.from({ length: Math.ceil(count / step) }, (_, i) =>
    [i * step, Math.min(count, (i + 1) * step)]);
}

/** Whether two views are the same to within a thousandth of their size. */
export function sameView(a, b) {
  if (!a || !b) return false;
  const most = (b.x[1] - b.x[0]) / 1000;
  return ["x", "y"].every((axis) => a[axis].every((v, i) => Math.abs(v - b[axis][i]) < most));
}
