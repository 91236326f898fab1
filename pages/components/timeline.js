/** The snapshots of a training: fetched as they come, and the places of codes in between. */

import { fetchRun } from "./fetching.js";

const HEAD = 10 * 4; // bytes: n, k, s, H, W, C, first, count, total, more, each uint32
const FACTS = 2 * 4 + 6 * 4; // bytes before a snapshot's pictures

/**
 * Read an answer of `GET …/snapshots`. Pure.
 * @param {ArrayBuffer} buffer
 * @returns {{n: number, shape: number[], first: number, total: number, more: boolean,
 *   labels: Uint16Array | null, originals: Uint8Array | null, snapshots: Array<{images: number,
 *   opens: boolean, epoch: number, shown: number[], train: number[], reconstructions: Uint8Array,
 *   samples: Uint8Array}>}} `total` is how many there are by now, `more` whether more may come; of
 *   each snapshot `opens` says whether its weights are kept, `shown` holds reconstruction and KL of
 *   the originals, `train` loss, reconstruction and KL in training around then, in nats, NaN where
 *   not known
 * @throws if it is no such answer
 */
export function parseSnapshots(buffer) {
  if (buffer.byteLength < HEAD) throw new Error("The snapshots came without their head.");
  const view = new DataView(buffer);
  const head = Array.from({ length: 10 }, (_, i) => view.getUint32(4 * i, true));
  const [n, k, s, height, width, channels, first, count, total, more] = head;
  const image = height * width * channels;
  const begins = first === 0 && total > 0;
  const size = FACTS + (k + s) * image;
  const begin = HEAD + (begins ? 2 * n + k * image : 0);
  if (buffer.byteLength !== begin + count * size)
    throw new Error(`${buffer.byteLength} bytes came for ${count} snapshots.`);
  const snapshots = Array.from({ length: count }, (_, i) => {
    const at = begin + i * size;
    const number = (j) => view.getFloat32(at + 8 + 4 * j, true);
    return {
      images: view.getUint32(at, true),
      opens: view.getUint32(at + 4, true) === 1,
      epoch: number(0),
      shown: [1, 2].map(number),
      train: [3, 4, 5].map(number),
      reconstructions: new Uint8Array(buffer, at + FACTS, k * image),
      samples: new Uint8Array(buffer, at + FACTS + k * image, s * image),
    };
  });
  return {
    n, first, total, snapshots,
    shape: [height, width, channels],
    more: more === 1,
    labels: begins ? new Uint16Array(buffer, HEAD, n) : null,
    originals: begins ? new Uint8Array(buffer, HEAD + 2 * n, k * image) : null,
  };
}

/** The places of an answer of `GET …/places`: of each snapshot x0, y0, x1, y1 … Pure. */
export function parsePlaces(buffer) {
  const [m, n] = new Uint32Array(buffer, 0, 2);
  if (buffer.byteLength !== 8 + 8 * m * n)
    throw new Error(`${buffer.byteLength} bytes came for ${m} × ${n} places.`);
  return Array.from({ length: m }, (_, i) => new Float32Array(buffer, 8 + 8 * i * n, 2 * n));
}

/** Places between two snapshots: each point on the straight line between its two. Pure. */
export function placesAt(film, at, into) {
  const before = Math.floor(at);
  const [a, b, t] = [film[before], film[Math.min(film.length - 1, before + 1)], at - before];
  for (let i = 0; i < a.length; i += 1) into[i] = a[i] + t * (b[i] - a[i]);
  return into;
}

/**
 * Turn, mirror and move all places of a film alike, so that those of one snapshot come as near as
 * can be to where they were shown (orthogonal Procrustes in the plane). Pure.
 * @param {Float32Array[]} film changed in place @param {number} index of the snapshot
 * @param {Float32Array} shown
 */
export function turnLike(film, index, shown) {
  const places = film[index];
  const n = places.length / 2;
  const mean = (values, axis) => {
    let sum = 0;
    for (let i = axis; i < values.length; i += 2) sum += values[i];
    return sum / n;
  };
  const [px, py, tx, ty] = [mean(places, 0), mean(places, 1), mean(shown, 0), mean(shown, 1)];
  const sums = [0, 0, 0, 0]; // of x·x', x·y', y·x', y·y'
  for (let i = 0; i < places.length; i += 2) {
    const [x, y] = [places[i] - px, places[i + 1] - py];
    const [u, v] = [shown[i] - tx, shown[i + 1] - ty];
    sums[0] += x * u;
    sums[1] += x * v;
    sums[2] += y * u;
    sums[3] += y * v;
  }
  const [xx, xy, yx, yy] = sums;
  // cos and sin of the best turn of the points, and of the points mirrored at the x axis
  const turn = [xx + yy, xy - yx];
  const mirrored = [xx - yy, xy + yx];
  const flip = Math.hypot(...mirrored) > Math.hypot(...turn) ? -1 : 1;
  const best = flip === 1 ? turn : mirrored;
  const length = Math.hypot(...best);
  if (length === 0) return;
  const [c, s] = [best[0] / length, best[1] / length];
  for (const each of film)
    for (let i = 0; i < each.length; i += 2) {
      const [x, y] = [each[i] - px, flip * (each[i + 1] - py)];
      each[i] = tx + c * x - s * y;
      each[i + 1] = ty + s * x + c * y;
    }
}

/** The box of all places of a film, with a margin: the same view from beginning to end. Pure. */
export function boxOf(film, margin = 0.03) {
  const box = { x: [Infinity, -Infinity], y: [Infinity, -Infinity] };
  for (const places of film)
    for (let i = 0; i < places.length; i += 1) {
      const axis = i % 2 ? box.y : box.x;
      axis[0] = Math.min(axis[0], places[i]);
      axis[1] = Math.max(axis[1], places[i]);
    }
  const side = Math.max(box.x[1] - box.x[0], box.y[1] - box.y[0]) || 1;
  return Object.fromEntries(["x", "y"].map((axis) =>
    [axis, [box[axis][0] - margin * side, box[axis][1] + margin * side]]));
}

/** The number of the snapshot with weights that is nearest to number `i`, or -1. Pure. */
export function nearestOpen(snapshots, i) {
  let best = -1;
  snapshots.forEach(({ opens }, j) => {
    if (opens && (best < 0 || Math.abs(j - i) < Math.abs(best - i))) best = j;
  });
  return best;
}

/** What a run has of snapshots by now, and more of them when asked again. */
export class Timeline {
  constructor(run) {
    Object.assign(this, {
      run, snapshots: [], film: [], labels: null, originals: null, shape: null, more: true,
    });
  }

  /**
   * Fetch what is new.
   * @returns {Promise<boolean>} whether there was anything
   * @throws if it does not come
   */
  async fetchNew() {
    const before = this.snapshots.length;
    for (;;) {
      const from = this.snapshots.length;
      const found = parseSnapshots(await fetchRun(this.run, "snapshots", { from }));
      if (found.total < from) throw new Error("The training began again; reload the page.");
      this.more = found.more;
      if (found.labels) Object.assign(this, found, { snapshots: this.snapshots });
      this.snapshots.push(...found.snapshots);
      if (this.snapshots.length >= found.total) break;
    }
    if (this.snapshots.length === before) return false;
    const film = parsePlaces(await fetchRun(this.run, "places"));
    // The newest decides how all are turned: what is on the screen stays where it is.
    const last = this.film.at(-1);
    if (last && last.length === film[0].length) turnLike(film, this.film.length - 1, last);
    this.film = film.slice(0, this.snapshots.length);
    this.box = boxOf(this.film);
    return true;
  }
}
