/** Small maps of the same codes, side by side: a point under the hand is marked in all of them. */

import { element, mountModel } from "./dom.js";
import { swatch } from "./legend.js";
import { MapCanvas } from "./mapcanvas.js";
import { fetchLabels, fetchPlaces, groupClasses } from "./mapdata.js";
import { DIRECTIONS, extent, nearest, neighbourTowards, unpackBase64 } from "./nearest.js";
import { drawPixels } from "./pixels.js";
import { pointSize } from "./plane.js";
import { RealImages } from "./real.js";

const NAMED = 40; // classes; more have no key
const SHORT = 2; // letters; longer names would cover the points of so small a map
const REACH = 14; // px around the pointer in which a point is found

/** From a pixel of a drawn map to its units; the inverse of `viewOf`. Pure. */
export function placeAt({ scale, at }, x, y) {
  const [left, top] = at(0, 0);
  return [(x - left) / scale, (top - y) / scale];
}

/**
 * An image by its row and, where classes differ and could be fetched, its own. Never rejects: who
 * asked for the labels says why they did not come. Pure.
 * @param {number} row @param {Promise<Uint16Array> | null} labels
 * @param {Map<number, string>} names of the classes
 */
export async function markedName(row, labels, names) {
  const classOf = await labels?.catch(() => null);
  return `image ${row}${classOf && names.size > 1 ? `: ${names.get(classOf[row])}` : ""}`;
}

/** All points of a map as one group without a name. Pure. */
const all = (coords) =>
  ({ groups: [{ rows: Array.from({ length: coords.length / 2 }, (_, i) => i) }], centres: [] });

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  let { data } = args;
  const { model, shape } = data;
  const names = new Map(data.classes.map(({ label, name }) => [label, name]));
  const known = new Map(); // what was fetched: map and stamp → its places
  let tiles = [];
  let labels = null;
  let marked = -1;

  // ---- what stands on the page
  const picture = element("canvas", { "aria-hidden": "true" });
  const words = element("span", { class: "number", "aria-live": "polite" });
  const message = element("div", { class: "message", role: "alert" });
  const box = element("div", { class: "tiles" });
  const several = data.classes.length > 1 && data.classes.length <= NAMED;
  const named = several && data.classes.every(({ name }) => name.length <= SHORT);
  const key = element("div", { class: "key" }, ...(several && !named ? data.classes : []).map(
    ({ name, colour }) => element("span", {}, swatch(colour), name)));
  root.replaceChildren(
    element("div", { class: "marked" }, picture, words), box, key, message);
  const complain = (sentence) => (message.textContent = sentence);
  const images = new RealImages({
    model, shape, originals: data.originals, lanes: ["marked"], onError: complain,
  });
  const watcher = new ResizeObserver(redraw);
  watcher.observe(box);

  function makeTile({ map, title, cut, terms, coords = null }) {
    const canvas = new MapCanvas(`Map of the codes, ${title}`);
    const name = map === null ? element("b", {}, title) : element("button", {
      type: "button", title: "Open this map large",
      onclick: () => args.setTriggerValue("open", map),
    }, title);
    const tile = { map, canvas, coords: coords && unpackBase64(coords, Float32Array), drawn: null };
    const host = canvas.element;
    host.tabIndex = 0;
    host.addEventListener("pointermove", (event) => point(tile, event));
    host.addEventListener("pointerdown", (event) => point(tile, event));
    host.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && mark(-1));
    host.addEventListener("keydown", (event) => step(tile, event));
    tile.element = element("figure", {}, host, element("figcaption", {}, name,
      element("dl", {}, ...terms.flatMap(([term, value, about]) => [
        element("dt", { title: about }, term), element("dd", { class: "number" }, value)])),
      element("small", { class: "quiet" }, cut ?? "")));
    return tile;
  }

  function rebuild() {
    key.style.visibility = data.noise ? "hidden" : "visible";
    tiles = data.tiles.map(makeTile);
    const placeholder = element("p", { class: "quiet" }, data.empty);
    box.replaceChildren(...(tiles.length ? tiles.map((tile) => tile.element) : [placeholder]));
    if (!tiles.length) root.dataset.state = "drawn";
    marked = -1;
    describe();
    data.tiles.forEach((facts, i) => load(tiles[i], facts));
  }

  async function load(tile, { map, stamp }) {
    try {
      if (tile.map !== null) {
        const version = `${map} ${stamp}`;
        if (!known.has(version)) known.set(version, fetchPlaces(model, map));
        labels ??= fetchLabels(model);
        Object.assign(tile, { coords: await known.get(version), labels: await labels });
      }
      if (tiles.includes(tile)) draw(tile);
      root.dataset.state = "drawn";
    } catch (error) {
      known.clear();
      labels = null;
      complain(`The maps did not come: ${error.message}`);
    }
  }

  function draw(tile) {
    if (!tile.coords) return;
    tile.drawn ??= {
      coords: tile.coords, box: extent(tile.coords, 0.04),
      ...(tile.labels ? groupClasses(tile.labels, data.classes, tile.coords) : all(tile.coords)),
    };
    const { groups, centres } = tile.drawn;
    if (!tile.labels) groups[0].colour = getComputedStyle(words).color;
    const size = pointSize(tile.coords.length / 2, tile.canvas.element.clientWidth);
    if (tile.canvas.look({ ...tile.drawn, size, centres: named ? centres : [] })) paint(tile);
  }

  function paint(tile) {
    const there = marked >= 0 && 2 * marked < (tile.coords?.length ?? 0);
    tile.canvas.paint(there
      ? { places: [tile.coords.subarray(2 * marked, 2 * marked + 2)] } : null);
  }

  function redraw() {
    tiles.forEach(draw);
  }

  // ---- what the hand does
  function point(tile, event) {
    if (!tile.canvas.view || !tile.coords) return;
    const { left, top } = tile.canvas.canvas.getBoundingClientRect();
    const [x, y] = placeAt(tile.canvas.view, event.clientX - left, event.clientY - top);
    mark(nearest(tile.coords, x, y, REACH / tile.canvas.view.scale));
  }

  function step(tile, event) {
    if (!(event.key in DIRECTIONS) || !tile.coords) return;
    event.preventDefault();
    const next = marked < 0 ? 0 : neighbourTowards(tile.coords, marked, event.key);
    if (next >= 0) mark(next);
  }

  function mark(row) {
    if (row === marked) return;
    marked = row;
    tiles.forEach(paint);
    describe();
  }

  async function describe() {
    const row = marked;
    root.dataset.marked = String(row);
    picture.hidden = row < 0 || data.noise;
    if (row < 0 || data.noise) {
      words.textContent = row < 0 ? data.prompt : `draw ${row} of the noise`;
      return;
    }
    images.ask("marked", [row], ([pixels]) => {
      if (row === marked) drawPixels(picture, pixels, shape);
    });
    const name = await markedName(row, labels, names);
    if (row === marked)
      words.textContent = `${name}${data.originals ? "" : " (decode of its code)"}`;
  }

  rebuild();
  return {
    update(next) {
      const before = JSON.stringify(data.tiles);
      args = next;
      ({ data } = next);
      if (JSON.stringify(data.tiles) === before) redraw();
      else rebuild();
    },
    destroy() {
      watcher.disconnect();
      images.close();
      root.replaceChildren();
    },
  };
}
