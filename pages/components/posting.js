/** Questions of a page by POST, one after the other: images of many rows, and files to keep. */

import { element } from "./dom.js";
import { pack } from "./latent.js";
import { split } from "./pixels.js";
import { parts } from "./tiles.js";
import { errorSentence } from "./wire.js";

/** @throws {Error} the server's sentence, or that it is away */
async function post(model, end, payload) {
  const url = new URL(`/live/models/${encodeURIComponent(model)}/${end}`, location.origin);
  const headers = { "Content-Type": "application/octet-stream" };
  let response;
  try {
    response = await fetch(url, { method: "POST", body: payload, headers });
  } catch {
    throw new Error("The server cannot be reached.");
  }
  if (!response.ok) throw new Error(errorSentence(await response.text()));
  return response;
}

/** The bytes that answer a question. */
export const ask = async (model, end, payload) => (await post(model, end, payload)).arrayBuffer();

/** Let the browser save bytes under a name. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // when the browser has surely begun
}

/** Save the answer to a question as a file, under the name that the server gives it. */
export async function saveAnswer(model, end, payload) {
  const response = await post(model, end, payload);
  const said = response.headers.get("Content-Disposition") ?? "";
  save(await response.blob(), /filename="([^"]+)"/.exec(said)?.[1] ?? model);
}

/**
 * The images of rows, in their order.
 * @param {object} of
 * @param {string} of.model
 * @param {number[]} of.shape [H, W, C]
 * @param {boolean} of.originals whether they are at hand; else the decodes of their codes
 * @param {(rows: ArrayLike<number>) => Promise<ArrayLike<number>[]>} of.codesOf
 * @param {ArrayLike<number>} rows
 * @param {() => boolean} [wanted] asked between parts; what is wanted no more comes short
 * @returns {Promise<Uint8Array[]>}
 */
export async function fetchImages({ model, shape, originals, codesOf }, rows, wanted = () => true) {
  const images = [];
  for (const [from, to] of parts(rows.length, shape)) {
    const some = Uint32Array.from(Array.from(rows).slice(from, to));
    const answer = originals ? await ask(model, "images", some)
      : await ask(model, "decode", pack(await codesOf(some)));
    images.push(...split(answer, shape));
    if (!wanted()) break;
  }
  return images;
}
