/** The held-out images whose codes are nearest to the drawing's, and what is true of them. */

import { element } from "./dom.js";
import { brief } from "./latent.js";
import { nearness, readNearest } from "./neighbours.js";
import { drawPixels } from "./pixels.js";
import { agreement } from "./posterior.js";
import { LiveChannel } from "./wire.js";

const K = 5;
const UNKNOWN = "not known yet";
const EVERY = 150; // ms between two questions

/**
 * @param {object} options
 * @param {string} options.model
 * @param {number[]} options.shape [H, W, C]
 * @param {Uint16Array} options.labels of the held-out images
 * @param {Map<number, string>} options.names of the classes by label
 * @param {number | null} options.usual see `nearness`; null if nobody knows
 * @param {RealImages} options.images with a lane "nearest"; where it is refused, call `blank`
 */
export function makeAlike({ model, shape, labels, names, usual, images }) {
  const tiles = Array.from({ length: Math.min(K, labels.length) }, () => {
    const canvas = element("canvas", { role: "img", "aria-label": UNKNOWN });
    const label = element("figcaption");
    canvas.style.aspectRatio = `${shape[1]} / ${shape[0]}`;
    const figure = element("figure", {}, element("div", { class: "tile" }, canvas), label);
    return { canvas, label, figure };
  });
  const words = element("p", { class: "verdict" });
  const channel = new LiveChannel({
    model, op: "nearest", query: `?k=${tiles.length}`,
    onError(sentence) {
      blank();
      words.textContent = sentence; // here it stays, as the decodes go on
    },
    lanes: [{ name: "main", every: EVERY }],
  });
  const title = (row) => (names.size > 1 ? names.get(labels[row]) : `${row}`);
  let asking = false; // there is a drawing
  let shown = null; // the rows whose images stand there, or are on their way

  /** Numbers and words, for a reader: the labels are the images' own. */
  function tell(rows, distance) {
    const parts = names.size > 1 ? [agreement(rows.map(title))] : [];
    const level = nearness(distance, usual);
    if (level)
      parts.push(`the code lies ${level} the data (${brief(distance)} to the nearest)`);
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

  /** Nothing is known: neither images nor words on them. */
  function blank() {
    shown = null;
    words.textContent = "";
    for (const { canvas, label, figure } of tiles) {
      label.textContent = figure.title = "";
      canvas.setAttribute("aria-label", UNKNOWN);
      drawPixels(canvas, new Uint8Array(shape[0] * shape[1] * shape[2]), shape);
    }
  }

  return {
    blank,
    element: element("section", { class: "alike", "aria-label": "Nearest real images" },
      element("h4", {}, "Nearest real images, by their codes"),
      element("div", { class: "row" }, ...tiles.map(({ figure }) => figure)), words,
      element("p", { class: "quiet", hidden: images.originals },
        "Decoded from codes: no originals on the server.")),

    /** @param {Float32Array} mean of q(z|x) */
    ask(mean) {
      asking = true;
      channel.ask("main", mean, (answer) => {
        if (!asking) return;
        const found = readNearest(answer);
        const rows = found.map(({ row }) => row);
        tell(rows, found[0].distance);
        show(rows);
      });
    },

    clear() {
      asking = false;
      blank();
    },

    close: () => channel.close(),
  };
}
