/** Whole answers by HTTP: bytes, or the server's sentence as an error. */

import { errorSentence } from "./wire.js";

/**
 * The bytes of a model's `what`.
 * @param {string} model @param {string} what as in "map" or "labels"
 * @param {object} [query] @param {RequestInit} [options]
 * @returns {Promise<ArrayBuffer>} @throws with the server's sentence
 */
export const fetchBytes = (model, what, query = {}, options = {}) =>
  bytesOf("models", model, what, query, options);

/** The bytes of a run's `what`, which need not be a model yet; else as `fetchBytes`. */
export const fetchRun = (run, what, query = {}, options = {}) =>
  bytesOf("runs", run, what, query, options);

async function bytesOf(kind, name, what, query, options) {
  const words = new URLSearchParams(query).toString();
  const url = `/live/${kind}/${encodeURIComponent(name)}/${what}${words && `?${words}`}`;
  const response = await fetch(url, options);
  if (!response.ok) throw new Error(errorSentence(await response.text()));
  return response.arrayBuffer();
}
