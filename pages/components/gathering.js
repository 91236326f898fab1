/** A selection of images in numbers: its classes, its mean code, an even part of it. No DOM. */

const NAMED = 6; // classes in words; the rest are summed up
export const english = (count) => count.toLocaleString("en");

/** "247 images", "1 image". */
export const imagesInWords = (count) => `${english(count)} ${count === 1 ? "image" : "images"}`;

/** `rows`, or `most` of them at even steps from the first to the last. */
export function thinned(rows, most) {
  if (rows.length <= most) return rows;
  if (most === 1) return rows.slice(0, 1);
  const step = (rows.length - 1) / (most - 1);
  return rows.slice(0, most).map((_, i) => rows[Math.round(i * step)]);
}

/**
 * How many of each class, the most first; of equally many the first in `classes` first.
 * @param {ArrayLike<number>} rows @param {ArrayLike<number>} labels
 * @param {Array<{label: number, name: string, colour: string}>} classes
 * @returns {Array<{label: number, name: string, colour: string, count: number}>}
 */
export function tally(rows, labels, classes) {
  const counts = new Map(classes.map(({ label }) => [label, 0]));
  for (const row of rows) counts.set(labels[row], (counts.get(labels[row]) ?? 0) + 1);
  return classes.map((entry) => ({ ...entry, count: counts.get(entry.label) }))
    .filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
}

/** "7: 203, 9: 44, and 12 images of 3 other classes". */
export function tallyInWords(counts) {
  const rest = counts.slice(NAMED);
  const named = (rest.length > 1 ? counts.slice(0, NAMED) : counts)
    .map(({ name, count }) => `${name}: ${english(count)}`).join(", ");
  if (rest.length < 2) return named;
  const sum = rest.reduce((total, { count }) => total + count, 0);
  return `${named}, and ${imagesInWords(sum)} of ${rest.length} other classes`;
}

/** "1,028 images selected, 503 of them on this map". @param {number} mapped of which a point is */
export function selectedInWords(count, mapped = count) {
  if (!count) return "No image selected";
  // None at all: the map is still to come.
  const part = mapped && mapped < count ? `, ${english(mapped)} of them on this map` : "";
  return `${imagesInWords(count)} selected${part}`;
}

/** The mean of codes, coordinate by coordinate. @param {ArrayLike<number>[]} codes at least one */
export function meanCode(codes) {
  const sum = new Float64Array(codes[0].length);
  for (const code of codes) for (let j = 0; j < sum.length; j += 1) sum[j] += code[j];
  return Float32Array.from(sum, (v) => v / codes.length);
}

/** The answer of `similar`: float32 row and distance, nearest first. */
export function readSimilar(answer) {
  const flat = new Float32Array(answer);
  return Array.from({ length: flat.length / 2 }, (_, i) =>
    ({ row: flat[2 * i], distance: flat[2 * i + 1] }));
}

/**
 * Where images stand on a contact sheet: about square, each enlarged by a whole number to about
 * `side` pixels, or made smaller where it is larger than that.
 * @param {number} count @param {number[]} shape [H, W, C]
 * @returns {{width: number, height: number, tile: [number, number],
 *   at: (i: number) => [number, number]}} sizes of the sheet and of a tile (height, width), and
 *   the left and top of tile i
 */
export function contactLayout(count, [height, width], side = 56, gap = 2) {
  const larger = Math.max(height, width);
  const scale = larger > side ? side / larger : Math.floor(side / larger);
  const tile = [height, width].map((pixels) => Math.max(1, Math.round(pixels * scale)));
  const columns = Math.max(1, Math.min(count, Math.round(Math.sqrt((count * tile[0]) / tile[1]))));
  return {
    width: columns * (tile[1] + gap) + gap,
    height: Math.ceil(count / columns) * (tile[0] + gap) + gap,
    tile,
    at: (i) => [gap + (i % columns) * (tile[1] + gap), gap + Math.floor(i / columns) * (tile[0] + gap)],
  };
}
