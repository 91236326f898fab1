/** The places of a map's points: all of them, or, of too many, those that are in view. No DOM. */

/** Places for all n points: those beyond the map's have none. Pure. */
export function padded(places, n) {
  if (places.length === 2 * n) return places;
  const all = new Float32Array(2 * n).fill(NaN);
  all.set(places.subarray(0, 2 * n));
  return all;
}

const NONE = new Float32Array(0);

export class Cloud {
  /** @param {number} n images of the model */
  constructor(n) {
    this.n = n;
    this.use(NONE);
  }

  /** @param {Float32Array | null} places of the first rows: x0, y0, x1 …; null: too many to know */
  use(places) {
    this.far = places === null;
    this.few = null; // {rows, places} of those in view, on a map of too many
    this.coords = places ?? new Float32Array(2 * this.n).fill(NaN); // by row, NaN where not known
  }

  /** On a map of too many points: those in view, if they are few enough, else null. */
  show(few) {
    this.few = few;
    this.coords.fill(NaN);
    few?.rows.forEach((row, i) => this.coords.set(few.places.subarray(2 * i, 2 * i + 2), 2 * row));
  }

  /** Whether the place of a row is known. */
  has = (row) => this.coords[2 * row] > -Infinity;

  /** The rows that are drawn; null for all in their order. */
  get rows() {
    return this.few?.rows ?? null;
  }

  /** Their places: as many as there are images, unless `rows` says which. */
  get places() {
    if (this.far) return this.few?.places ?? padded(NONE, this.n);
    return padded(this.coords, this.n);
  }

  /** How many points are drawn. */
  get count() {
    return this.few?.rows.length ?? this.coords.length / 2;
  }
}
