/** More like these: the images nearest to a selection by code, beside those nearest by pixels. */

import { button, element } from "./dom.js";
import { readSimilar } from "./gathering.js";
import { imageGrid } from "./imagegrid.js";
import { brief } from "./latent.js";
import { ask } from "./posting.js";

const K = 12; // as many as the style keeps room for
const SPACES = [
  { space: "codes", caption: "nearest by code", away: (d) => `${brief(d)} away in z`,
    about: "Smallest Euclidean distance of its code from a selected one" },
  { space: "pixels", caption: "nearest by pixels",
    away: (d) => `pixels differ by ${d.toFixed(3)} (root mean square, 0 to 1)`,
    about: "Smallest root mean square difference of its pixels from a selected image's" },
];

/**
 * @param {object} options
 * @param {string} options.model
 * @param {number[]} options.shape [H, W, C]
 * @param {() => boolean} options.originals whether they are at hand: pixels are compared of these
 * @param {(rows: number[], wanted: () => boolean) => Promise<Uint8Array[]>} options.imagesOf
 * @param {(row: number) => string} options.nameOf
 * @param {(row: number) => void} options.onImage
 * @param {(sentence: string) => void} options.onError
 */
export function moreLike({ model, shape, originals, imagesOf, nameOf, onImage, onError }) {
  let rows = new Uint32Array(0);
  let turn = 0;
  const find = button("Find more like these",
    "Images that are not selected and are nearest to any of the selected ones", search);
  const columns = SPACES.map(({ space, caption, about, away }) => {
    const grid = imageGrid({ shape, label: caption, onPick: onImage });
    const words = element("figcaption", { title: about }, caption);
    return { space, caption, away, grid, words, figure: element("figure", {}, grid.element, words) };
  });

  const spaces = element("div", { class: "spaces", hidden: true },
    element("p", { class: "quiet" }, "Images outside your selection"),
    ...columns.map(({ figure }) => figure));

  function blank() {
    spaces.hidden = true; // no room is kept for what nobody asked for
    for (const { grid, words, caption } of columns) {
      grid.show([]);
      words.textContent = caption;
    }
  }

  async function search() {
    const mine = (turn += 1);
    const wanted = () => mine === turn;
    find.disabled = true;
    spaces.hidden = false;
    await Promise.all(columns.map((column) => fill(column, wanted)));
    if (wanted()) find.disabled = !rows.length;
  }

  async function fill({ space, caption, away, grid, words }, wanted) {
    if (space === "pixels" && !originals()) {
      words.textContent = `${caption}: no originals here`;
      return;
    }
    try {
      const found = readSimilar(await ask(model, `similar?space=${space}&k=${K}`, rows));
      const images = await imagesOf(found.map(({ row }) => row), wanted);
      if (!wanted()) return;
      grid.show(found.map(({ row, distance }, i) => ({
        row, bytes: images[i], title: `${nameOf(row)}, ${away(distance)}`,
      })));
      words.textContent = found.length ? caption : `${caption}: no image is outside`;
    } catch (error) {
      if (wanted()) onError(error.message);
    }
  }

  return {
    element: element("div", { class: "more-like" }, find, spaces),

    /** @param {Uint32Array} selected what is to be matched; what was found before goes */
    use(selected) {
      rows = selected;
      turn += 1;
      find.disabled = !rows.length;
      find.textContent = rows.length === 1 ? "Find more like this" : "Find more like these";
      blank();
    },

    close() {
      turn += 1;
    },
  };
}
