/** The held-out images whose codes are nearest to the drawing's, and what is true of them. */

import { element } from "./dom.js";
import { dataWords } from "./lens.js";
import { drawPixels } from "./pixels.js";
import { agreement } from "./posterior.js";
import { LiveChannel } from "./wire.js";

const K = 5;
const EVERY = 150; // ms between two questions

/**
 * @param {object} options
 * @param {string} options.model
 * @param {number[]} options.shape [H, W, C]
 * @param {Uint16Array} options.labels of the held-out images
 * @param {Map<number, string>} options.names of the classes by label
 * @param {number | null} options.usual see `dataWords`; null if nobody knows
 * @param {RealImages} options.images with a lane "nearest"
 * @param {(sentence: string) => void} options.onError
 */
export function makeAlike({ model, shape, labels, names, usual, images, onError }) {
  const tiles = Array.from({ length: Math.min(K, labels.length) }, () => {
    const canvas = element("canvas", { role: "img", "aria-label": "not known yet" });
    const label = element("figcaption");
    canvas.style.aspectRatio = `${shape[1]} / ${shape[0]}`;
    const figure = element("figure", {}, element("div", { class: "tile" }, canvas), label);
    return { canvas, label, figure };
  });
  const words = element("p", { class: "verdict" });
  const channel = new LiveChannel({
    model, op: "nearest", query: `?k=${tiles.length}`, onError,
    lanes: [{ name: "main", every: EVERY }],
  });
  const title = (row) => (names.size > 1 ? names.get(labels[row]) : `${row}`);
  let shown = null; // the rows whose images stand there; null while there is no drawing

  /** Numbers and words, for a reader: the labels are the images' own. */
  function tell(rows, distance) {
    const parts = names.size > 1 ? [agreement(rows.map(title))] : [];
    if (usual !== null)
      parts.push(
        `the code lies ${dataWords(distance, usual)} (${distance.toFixed(2)} to the nearest)`);
    const sentence = parts.join("; ");
    words.textContent = sentence && `${sentence[0].toUpperCase()}${sentence.slice(1)}.`;
  }

  function show(rows) {
    if (rows.join() === shown) return;
    shown = rows.join();
    images.ask("nearest", rows, (found) => {
      if (rows.join() !== shown) return;
      found.forEach((bytes, i) => {
        const { canvas, label, figure } = tiles[i];
        drawPixels(canvas, bytes, shape);
        figure.title = `Held-out image ${rows[i]}`;
        canvas.setAttribute("aria-label", figure.title);
        label.textContent = title(rows[i]);
      });
    });
  }

  return {
    element: element("section", { class: "alike", "aria-label": "Nearest real images" },
      element("h4", {}, "Nearest real images, by their codes"),
      element("div", { class: "row" }, ...tiles.map(({ figure }) => figure)), words,
      element("p", { class: "quiet", hidden: images.originals },
        "Decoded from their codes: the originals are not on this computer.")),

    /** @param {Float32Array} mean of q(z|x) */
    ask(mean) {
      shown ??= "";
      channel.ask("main", mean, (answer) => {
        if (shown === null) return;
        const pairs = new Float32Array(answer); // row, distance; row, distance …
        const rows = tiles.map((_, i) => pairs[2 * i]);
        tell(rows, pairs[1]);
        show(rows);
      });
    },

    clear() {
      shown = null;
      words.textContent = "";
      for (const { canvas, label } of tiles) {
        label.textContent = "";
        drawPixels(canvas, new Uint8Array(shape[0] * shape[1] * shape[2]), shape);
      }
    },

    close: () => channel.close(),
  };
}
