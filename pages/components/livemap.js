/** A small map beside a code: where the code stands on it, followed while it moves; and a path. */

import { element } from "./dom.js";
import { Following } from "./following.js";
import { pack, uniforms } from "./latent.js";
import { project } from "./lens.js";
import { LiveMarks, placeWords } from "./livemarks.js";
import { MapCanvas } from "./mapcanvas.js";
import { fetchLabels, fetchPlaces, groupClasses } from "./mapdata.js";
import { extent } from "./nearest.js";
import { LiveChannel } from "./wire.js";

const OPENS = "Open the latent map here";
const FAR = "How far the images nearest to this code lie apart on the map: the dashed circle";
const MOST = 50_000; // points drawn; of more, a fixed subset
const MARGIN = 0.04; // around the points, a share of the map's longer side
const LARGE = 300; // px; a smaller map has room for the shortest names only
const SHORT = 2; // letters of such a name
const REST = 300; // ms

/** `most` of the rows 0 … n − 1, ascending, each as likely (Knuth's algorithm S); all if fewer. */
export function sampleRows(n, most, seed = 0) {
  const uniform = uniforms(seed);
  const rows = [];
  for (let row = 0; row < n && rows.length < most; row += 1)
    if ((n - row) * uniform() < most - rows.length) rows.push(row);
  return rows;
}

/** What a MapCanvas draws of a map, of at most `most` of its points. Pure. */
export function backdrop(coords, labels, classes, most = MOST) {
  const n = coords.length / 2;
  const rows = sampleRows(n, most);
  const some = n <= most ? coords
    : Float32Array.from({ length: 2 * most }, (_, i) => coords[2 * rows[i >> 1] + (i & 1)]);
  return {
    coords: some, ...groupClasses(rows.map((row) => labels[row]), classes, some),
    box: extent(coords, MARGIN), span: extent(coords, 0),
    size: Math.max(1.3, 5 - 0.9 * Math.log10(n)), // px; 1.4 of 10,000 points, 2.3 of 1,000
  };
}

/**
 * @param {object} options
 * @param {string} options.model
 * @param {{id: string, name: string, formula: object | null, exact: boolean, classes: object[]}}
 *   options.map `formula` {origin, axes} where places are exact by it, else `exact` says whether
 *   the server finds exact places
 * @param {boolean} [options.settles] whether a code that rests gets its exact place
 * @param {() => void} options.onOpen the map, which is a button, was pressed
 * @returns {{element, load, show, settle, path, near, retheme, close}}
 */
export function livemap({ model, map, settles = true, onOpen }) {
  const canvas = new MapCanvas("Map of the held-out codes");
  const marks = new LiveMarks();
  const ground = element("button", { type: "button", class: "ground", title: OPENS,
    "aria-label": OPENS, onclick: onOpen }, canvas.element, ...marks.elements);
  const name = element("span", { class: "map-name" }, `${map.name}: `);
  const words = [element("span", { class: "how" }, "…"),
    element("span", { class: "far", title: FAR })];
  const figure = element("figure", { class: "livemap", "data-exact": "false" }, ground,
    element("figcaption", { class: "quiet" }, name, ...words));
  const waiting = new Map(); // the newest question of each kind, until the points are here
  let loading = null;
  let places = null; // of the map's points: x0, y0, x1, y1 …
  let points = null; // those that are drawn
  let place = null;
  let path = null; // places
  let missing = false; // the server did not find its place
  let beyond = false;
  let prepared = false; // a smooth place has come
  let smooth = null; // the channel of places while z moves, and of paths
  let exact = null; // the channel of exact ones
  let resting = null; // until the exact place is asked for: a hand often lets go and takes up again
  const following = new Following(
    { ask, askExact: settles && map.exact && !map.formula ? askExact : null },
    {
      placed(found, isExact) {
        place = found;
        missing = false;
        put(isExact);
      },
      changed: say,
    });
  const watcher = new ResizeObserver(redraw);
  watcher.observe(ground);

  // ---- places, by the formula or from the server
  const query = `?map=${encodeURIComponent(map.id)}`;
  const explain = (sentence) => (figure.title = sentence);

  /** No exact place will come. */
  function refused(sentence) {
    explain(sentence);
    waiting.delete("fit");
    following.refuse();
  }

  /** Not even a smooth one, and the last one was another code's. */
  function lost(sentence) {
    missing = true;
    place = null;
    marks.hide();
    refused(sentence);
  }

  function byFormula(z) {
    const [x, y = 0] = project(map.formula, z);
    return { x, y, spread: 0 };
  }

  function readPlaces(answer) {
    const flat = new Float32Array(answer);
    return Array.from({ length: flat.length / 3 }, (_, i) =>
      ({ x: flat[3 * i], y: flat[3 * i + 1], spread: flat[3 * i + 2] }));
  }

  function askSmooth(lane, zs, answered) {
    if (map.formula) return answered(zs.map(byFormula));
    smooth ??= new LiveChannel({ model, op: "place", query, onError: lost,
      lanes: ["moving", { name: "path", every: 100 }] });
    return smooth.ask(lane, pack(zs), (answer) => {
      answered(readPlaces(answer));
      prepared = true;
      waiting.get("fit")?.();
      waiting.delete("fit");
    });
  }

  function soon(kind, question) {
    if (points) question();
    else waiting.set(kind, question);
  }

  function ask(z, answered) {
    clearTimeout(resting);
    soon("moving", () => askSmooth("moving", [z], ([found]) => answered(found)));
  }

  function askExact(z, row, answered) {
    soon("exact", () => fit(z, row, answered));
  }

  /** An image that is a point of the map stands there; any other code has to be fitted in. */
  function fit(z, row, answered) {
    const [x, y] = row === null ? [] : places.subarray(2 * row, 2 * row + 2);
    if (y > -Infinity) return answered({ x, y, spread: 0, own: true });
    // The first of either kind costs the server a second of work: not both at once.
    if (!prepared) return waiting.set("fit", () => fit(z, row, answered));
    clearTimeout(resting);
    resting = setTimeout(() => askFitted(z, answered), REST);
    return undefined;
  }

  function askFitted(z, answered) {
    exact ??= new LiveChannel({ model, op: "place", query: `${query}&exact=1`,
      onError: refused });
    return exact.ask("main", Float32Array.from(z), (answer) => answered(readPlaces(answer)[0]));
  }

  // ---- what is seen
  /** Draw all anew. */
  function redraw() {
    if (!points) return;
    const room = canvas.element.clientWidth >= LARGE;
    const centres = points.centres.map((row, i) =>
      (points.groups.length > 1 && (room || points.groups[i].name.length <= SHORT) ? row : -1));
    if (!canvas.look({ ...points, centres })) return;
    canvas.paint(null);
    if (path) marks.lead(canvas, path);
    put(false);
  }

  function put(glide) {
    if (place && canvas.view) beyond = marks.put(canvas, place, points.span, glide);
    say();
  }

  function say() {
    const state = following.state;
    const how = map.formula ? "formula" : following.askExact ? "asked" : null;
    const said = placeWords(place, { exact: how, state, beyond, missing, method: map.name });
    said.forEach((text, i) => {
      if (words[i].textContent !== text) words[i].textContent = text;
    });
    name.hidden = said[0].includes(map.name); // not twice
    const stands = String(place !== null && (how === "formula" || state === "exact"));
    if (figure.dataset.exact !== stands) figure.dataset.exact = stands;
  }

  // ---- what may be asked of it
  async function load() {
    try {
      const [coords, labels] = await Promise.all([fetchPlaces(model, map.id), fetchLabels(model)]);
      if (following.closed) return;
      places = coords;
      points = backdrop(coords, labels, map.classes);
    } catch (error) {
      words[0].textContent = "did not come";
      explain(error.message);
      return;
    }
    redraw();
    for (const question of waiting.values()) question();
  }

  return {
    element: figure,

    /** Fetch the points, once; until they are here, what is to be shown waits. */
    load: () => (loading ??= load()),

    /** The code moves. */
    show: (z) => following.show(z),

    /** It rests. @param {number | null} [row] of the held-out image whose code it is */
    settle: (z, row = null) => following.settle(z, row),

    /** Draw the way through codes, from A to B. */
    path: (zs) => soon("path", () => askSmooth("path", zs, (places) => {
      path = places;
      if (canvas.view) marks.lead(canvas, path);
    })),

    /** @param {"on" | "near" | "off" | null} level how near the data the code is */
    near(level) {
      figure.dataset.level = level ?? "";
    },

    /** The page may have become light or dark. */
    retheme() {
      if (canvas.colours && canvas.colours.text !== getComputedStyle(canvas.element).color) redraw();
    },

    close() {
      following.close();
      clearTimeout(resting);
      watcher.disconnect();
      smooth?.close();
      exact?.close();
    },
  };
}
