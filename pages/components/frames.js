/** The frames of a map forming: its places at every 25th iteration, as the server keeps them. */

import { fetchBytes } from "./fetching.js";

const HEAD = 4 * 4; // bytes: n, first, count, total iterations, each uint32
const FRAME = 4 + 4 + 4 * 4; // bytes before a frame's places: iteration, KL, box
const STEPS = 65535; // of the grid in the box

/**
 * Read an answer of `GET …/frames`. Pure.
 * @param {ArrayBuffer} buffer
 * @returns {{n: number, first: number, total: number, frames: Array<{
 *   iteration: number, kl: number | null, box: [number, number, number, number],
 *   coords: Float32Array}>}} `first` is the number of the first frame here, `total` the iterations
 *   of the whole fit; of each frame `kl` is in nats, `box` x low, x high, y low, y high in the map's
 *   units, `coords` x0, y0, x1, y1 … from 0 to 1 across the box, y upwards
 * @throws if it is no such answer
 */
export function parseFrames(buffer) {
  if (buffer.byteLength < HEAD) throw new Error("The frames of the map came without their head.");
  const view = new DataView(buffer);
  const [n, first, count, total] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  const size = FRAME + 4 * n;
  if (buffer.byteLength !== HEAD + count * size)
    throw new Error(`${buffer.byteLength} bytes came for ${count} frames of ${n} points.`);
  const frames = Array.from({ length: count }, (_, i) => {
    const at = HEAD + i * size;
    const kl = view.getFloat32(at + 4, true);
    const places = new Uint16Array(buffer, at + FRAME, 2 * n); // little-endian, as browsers are
    return {
      iteration: view.getUint32(at, true),
      kl: Number.isNaN(kl) ? null : kl,
      box: [8, 12, 16, 20].map((offset) => view.getFloat32(at + offset, true)),
      coords: Float32Array.from(places, (step) => step / STEPS),
    };
  });
  return { n, first, total, frames };
}

/**
 * The frames of a map, stored or being fitted, from number `from` on: some of them, if they are
 * large; none, if there are no more by now.
 * @throws if the map has none
 */
export async function fetchFrames(model, map, from = 0) {
  return parseFrames(await fetchBytes(model, "frames", { map, from }));
}
