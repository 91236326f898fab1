/** A pair: two dimensions at once under the hand, in true scale, over a grid of decodes. */

import { element } from "./dom.js";
import { clamp, decimalsOf, dimensionName, pack, signed, sliderRange } from "./latent.js";
import { drawTiles } from "./pixels.js";
import { shape as svg } from "./slider.js";
import { stale, tileValues } from "./strips.js";
import { turnedTo } from "./rows.js";
import { watchWheel } from "./wheel.js";

const PRIOR = 2.3; // units from 0 that are always in sight: the prior's circle of 2σ
const BYTES = 128 * 1024; // of the lattice
const KEYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * The ranges of two dimensions with one scale for both, so that the prior's circles are round:
 * what their sliders show, the circle of 2σ if there is a prior, and the point itself. Pure.
 * @param {Array<number[]>} quantiles of the two @param {number[]} point
 * @param {{prior?: boolean, unit?: number}} [scale] `unit` of codes, see `sliderRange`
 */
export function squareRanges(quantiles, point, { prior = true, unit = 1 } = {}) {
  const ranges = quantiles.map((one, i) =>
    sliderRange(one, [...(prior ? [-PRIOR, PRIOR] : []), point[i]], unit));
  const half = Math.max(...ranges.map(([low, high]) => (high - low) / 2));
  return ranges.map(([low, high]) => [(low + high) / 2 - half, (low + high) / 2 + half]);
}

/** The two values at a place of the pad, in fractions of it from the left and the top. Pure. */
export const placeOf = ([across, up], left, top) => [
  across[0] + clamp(left, 0, 1) * (across[1] - across[0]),
  up[1] - clamp(top, 0, 1) * (up[1] - up[0]),
];

/** Columns and rows of a lattice whose tiles have the image's shape. Pure. */
export function latticeSize([height, width, channels]) {
  const rows = [11, 9, 7].find((n) => n * n * height * height * channels <= BYTES) ?? 5;
  return [Math.max(3, Math.round((rows * height) / width)), rows];
}

/** Codes of a lattice over the pad, row by row from the top. Pure. */
export function latticeCodes(z, [a, b], [across, up], [columns, rows]) {
  const values = tileValues(across, columns);
  return tileValues(up, rows).reverse().flatMap((y) => values.map((x) =>
    z.map((v, i) => (i === a ? x : i === b ? y : v))));
}

/**
 * @param {object} options
 * @param {number[]} options.dims in the order in which they are offered; the first two are chosen
 * @param {object} options.data shape, what dimensions say, their quantiles, posterior, unit
 * @param {(rows: Float32Array, answered: Function) => void} options.ask the decoder
 * @param {object} options.on moved([[dim, value], …]), settled(), chosen(dim), played()
 */
export function pairPad({ dims, data: { shape, says, quantiles, posterior, unit }, ask, on }) {
  const prior = posterior !== "point";
  const digits = decimalsOf(unit);
  const size = latticeSize(shape);
  let pair = [dims[0], dims[1]];
  let ranges = null;
  let z = null;
  let painted = null; // {z, key} of the lattice
  let pressed = false;

  const lattice = element("canvas", { class: "pad-lattice", "aria-hidden": "true" });
  const drawing = svg("svg", { viewBox: "0 0 100 100", "aria-hidden": "true" });
  const thumb = element("i", { class: "pad-thumb" });
  const area = element("div", { class: "pad", tabindex: 0, role: "application" },
    lattice, drawing, thumb);
  const selects = ["across", "up"].map((name, axis) => element("select", {
    "aria-label": `Dimension that goes ${name}`,
    onchange: (event) => choose(axis, Number(event.target.value)),
  }, ...dims.map((dim) => element("option", { value: dim },
    `${dimensionName(dim)} · ${says.words[dim]}`))));
  const values = [0, 1].map(() => element("output", { class: "number value" }));
  const axis = (mark, i) => element("label", {}, element("span", { "aria-hidden": "true" }, mark),
    selects[i], values[i]);
  const key = (kind, words) => element("li", {}, element("i", { class: kind }), words);

  const move = (point) => on.moved(point.map((value, i) => [pair[i], value]));
  const now = () => pair.map((dim) => z[dim]);

  function choose(axis, dim) {
    const other = pair[1 - axis];
    pair[axis] = dim;
    if (other === dim) pair[1 - axis] = dims.find((one) => one !== dim);
    ranges = null;
    on.chosen(pair[0]);
    show(z);
  }

  function follow(event) {
    const box = area.getBoundingClientRect();
    move(placeOf(ranges, (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height));
  }

  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pressed = true;
    area.setPointerCapture(event.pointerId);
    on.chosen(pair[0]);
    follow(event);
  });
  area.addEventListener("pointermove", (event) => pressed && follow(event));
  for (const name of ["pointerup", "pointercancel"])
    area.addEventListener(name, () => {
      if (pressed) on.settled();
      pressed = false;
    });
  area.addEventListener("keydown", (event) => {
    if (event.key === " ") on.played();
    else if (event.key in KEYS && !event.ctrlKey && !event.metaKey && !event.altKey)
      step(KEYS[event.key], event.shiftKey ? 0.1 : 0.01);
    else return;
    event.preventDefault();
  });
  area.addEventListener("keyup", (event) => event.key in KEYS && on.settled());
  const unwatch = watchWheel(area, {
    turned: ({ right, up }) =>
      move([right, up].map((turned, i) => turnedTo(now()[i], ranges[i], turned))),
    rested: on.settled,
  });

  function step(direction, share) {
    move(now().map((value, i) =>
      clamp(value + direction[i] * share * (ranges[i][1] - ranges[i][0]), ...ranges[i])));
  }

  const toX = (value) => (100 * (value - ranges[0][0])) / (ranges[0][1] - ranges[0][0]);
  const toY = (value) => (100 * (ranges[1][1] - value)) / (ranges[1][1] - ranges[1][0]);

  /** Circles of the prior, boxes of the codes, and the two axes, where they are in this pair. */
  function draw() {
    const scale = 100 / (ranges[0][1] - ranges[0][0]);
    const [a, b] = pair.map((dim) => quantiles[dim]);
    const box = (low, high, kind) => svg("rect", {
      x: toX(a[low]), y: toY(b[high]), width: scale * (a[high] - a[low]),
      height: scale * (b[high] - b[low]),
    }, kind);
    const circle = (sigmas) =>
      svg("circle", { cx: toX(0), cy: toY(0), r: sigmas * scale }, "prior");
    const cross = svg("path", { d: `M${toX(0)} 0V100M0 ${toY(0)}H100` }, "axes");
    const parts = [cross, box(1, 5, "wide"), box(2, 4, "narrow"),
      ...(prior ? [circle(1), circle(2)] : [])];
    // every line twice, so that it is seen on dark and on light pixels
    const under = parts.map((part) => {
      const copy = part.cloneNode();
      copy.setAttribute("class", "under");
      return copy;
    });
    drawing.replaceChildren(...under, ...parts);
  }

  function refreshLattice() {
    const key = `${pair} ${ranges}`;
    if (painted?.key === key && !stale(z, painted.z, pair)) return;
    const asked = { key, z: [...z] };
    ask(pack(latticeCodes(z, pair, ranges, size)), (answer) => {
      drawTiles(lattice, new Uint8Array(answer), shape, size[0]);
      painted = asked;
    });
  }

  function show(to) {
    z = to;
    const outside = ranges?.some(([low, high], i) => z[pair[i]] < low || z[pair[i]] > high);
    if (!ranges || outside) {
      ranges = squareRanges(pair.map((dim) => quantiles[dim]), now(), { prior, unit });
      draw();
      selects.forEach((select, i) => (select.value = String(pair[i])));
      area.setAttribute("aria-label", `Pad: ${dimensionName(pair[0])} across, `
        + `${dimensionName(pair[1])} up. Arrow keys move it.`);
    }
    thumb.style.left = `${toX(z[pair[0]])}%`;
    thumb.style.top = `${toY(z[pair[1]])}%`;
    values.forEach((value, i) => (value.textContent = signed(z[pair[i]], digits)));
    refreshLattice();
  }

  return {
    element: element("div", { class: "pad-part" }, area,
      element("div", { class: "pad-side" }, axis("→", 0), axis("↑", 1),
        element("ul", { class: "pad-key" },
          ...(prior ? [key("prior", "prior N(0, I): 1σ and 2σ")] : []),
          key("narrow", `half of ${prior ? "q(z)" : "the codes"}, in each of the two`),
          key("wide", "nine in ten, in each"),
          element("li", { class: "quiet" }, "The other dimensions stay as they are.")))),
    show,
    get pair() {
      return pair;
    },
    get held() {
      return pressed;
    },
    close: unwatch,
  };
}
