/** Finding points of a map: under the pointer, and by the arrow keys. No DOM. */

/**
 * Index of the visible point nearest to (x, y), or -1 if none is within `radius`.
 * @param {Float32Array} coords x0, y0, x1, y1 …
 * @param {(index: number) => boolean} visible
 */
export function nearest(coords, x, y, radius, visible = () => true) {
  let best = -1;
  let least = radius * radius;
  for (let i = 0; i < coords.length / 2; i += 1) {
    const dx = coords[2 * i] - x;
    const dy = coords[2 * i + 1] - y;
    const squared = dx * dx + dy * dy;
    if (squared <= least && visible(i)) {
      best = i;
      least = squared;
    }
  }
  return best;
}

/** The way of each arrow key, in map coordinates. */
export const DIRECTIONS = {
  ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
};

/**
 * The visible point nearest to point `from` within 45° of an arrow key's direction, or -1.
 * Points in the very same place as `from` lie in no direction and are passed over.
 */
export function neighbourTowards(coords, from, key, visible = () => true) {
  const [ux, uy] = DIRECTIONS[key] ?? [0, 0];
  let best = -1;
  let least = Infinity;
  for (let i = 0; i < coords.length / 2; i += 1) {
    const dx = coords[2 * i] - coords[2 * from];
    const dy = coords[2 * i + 1] - coords[2 * from + 1];
    const along = dx * ux + dy * uy;
    const across = Math.abs(dx * uy) + Math.abs(dy * ux);
    const squared = dx * dx + dy * dy;
    if (along > 0 && across <= along && squared < least && visible(i)) {
      best = i;
      least = squared;
    }
  }
  return best;
}

/** Rows of each class, in the order of `classes`. */
export function groupRows(labels, classes, count) {
  const groups = new Map(classes.map((label) => [label, []]));
  for (let i = 0; i < count; i += 1) groups.get(labels[i])?.push(i);
  return classes.map((label) => groups.get(label));
}

const middle = (values) => Float64Array.from(values).sort()[values.length >> 1];

/**
 * The row where a class is best named: the one nearest to the class's median place. It is one of
 * its own points, so the name never stands in the gap between two halves of a class.
 */
export function medoid(coords, rows) {
  if (!rows.length) return -1;
  const x = middle(rows.map((i) => coords[2 * i]));
  const y = middle(rows.map((i) => coords[2 * i + 1]));
  let best = rows[0];
  let least = Infinity;
  for (const i of rows) {
    const squared = (coords[2 * i] - x) ** 2 + (coords[2 * i + 1] - y) ** 2;
    if (squared < least) [best, least] = [i, squared];
  }
  return best;
}

/** The box of the points that have a place: {x: [low, high], y: [low, high]}. */
export function boxOf(coords) {
  const range = (offset) => {
    let low = Infinity;
    let high = -Infinity;
    for (let i = offset; i < coords.length; i += 2) {
      if (coords[i] < low) low = coords[i];
      if (coords[i] > high) high = coords[i];
    }
    return low <= high ? [low, high] : [0, 0];
  };
  return { x: range(0), y: range(1) };
}

/** A box with a margin, a share of its longer side; never of zero size. */
export function withMargin({ x, y }, margin) {
  const side = Math.max(x[1] - x[0], y[1] - y[0]);
  const pad = side > 0 ? margin * side : 1;
  return { x: [x[0] - pad, x[1] + pad], y: [y[0] - pad, y[1] + pad] };
}

/** The box of the points with a margin. */
export const extent = (coords, margin) => withMargin(boxOf(coords), margin);

/** Base64 of little-endian bytes as a typed array. */
export function unpackBase64(text, Type) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Type(bytes.buffer);
}
