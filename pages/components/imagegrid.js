/** A grid of small images, each a button; arrow keys go from one to the next. */

import { element } from "./dom.js";
import { drawPixels } from "./pixels.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/** Which tile a key goes to from `at` among `count`, or null where it goes nowhere. Pure. */
export function afterKey(key, at, count, columns) {
  const to = { Home: 0, End: count - 1, ArrowDown: at + columns, ArrowUp: at - columns }[key]
    ?? (key in STEPS ? at + STEPS[key] : -1);
  return to >= 0 && to < count && to !== at ? to : null;
}

/**
 * How many tiles stand abreast and for how many rows room is kept, its style says: --columns and
 * --rows of `.image-grid`.
 * @param {object} options
 * @param {number[]} options.shape [H, W, C]
 * @param {string} options.label of the whole, for who cannot see it
 * @param {(row: number) => void} options.onPick
 */
export function imageGrid({ shape, label, onPick }) {
  const [height, width] = shape;
  const grid = element("div", { class: "image-grid", role: "group", "aria-label": label,
    onkeydown: pressed, onfocusin: (event) => roam(event.target) });
  grid.style.setProperty("--tall", height / width);

  /** One tile is reached by Tab, the others from it by the arrow keys. */
  function roam(tile) {
    for (const other of grid.children) other.tabIndex = other === tile ? 0 : -1;
  }

  function pressed(event) {
    const tiles = [...grid.children];
    const columns = tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length;
    const to = afterKey(event.key, tiles.indexOf(event.target), tiles.length, columns);
    if (to === null) return;
    event.preventDefault();
    tiles[to].focus();
  }

  return {
    element: grid,
    /** @param {Array<{row: number, title: string, bytes: Uint8Array}>} entries */
    show(entries) {
      grid.replaceChildren(...entries.map(({ row, title, bytes }) => {
        const canvas = element("canvas");
        drawPixels(canvas, bytes, shape);
        return element("button", {
          type: "button", title, "aria-label": title, onclick: () => onPick(row),
        }, canvas);
      }));
      roam(grid.firstChild);
    },
  };
}
