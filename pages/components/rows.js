/** The rows of Explore: for each dimension its slider, value, strip of decodes, and what it says. */

import { rowHeight } from "./codes.js";
import { element } from "./dom.js";
import {
  clamp, decimalsOf, dimensionName, fractionOf, signed, sliderRange, valueAt,
} from "./latent.js";
import { slider } from "./slider.js";
import { watchWheel } from "./wheel.js";

const FEW = 3; // so few dimensions have tall rows, as tall together as the image
const SIDE_BY_SIDE = 8; // from so many on, slider and strip share a line
const NOTCH = 0.02; // of its range a slider moves with a notch of the wheel

/** How rows of n active dimensions are laid out, with the size of their strips in px. Pure. */
export function layout(n, narrow) {
  const kind = n <= FEW ? "few" : n < SIDE_BY_SIDE ? "some" : "many";
  const height = kind === "few" ? Math.min(250, 480 / n) : rowHeight(n);
  const strip = narrow ? [250, 36]
    : { few: [560, 84], some: [560, 40], many: [244, height - 3] }[kind];
  return { kind, height, strip };
}

/** z_j after turning the wheel by so many notches. Pure. */
export const turnedTo = (value, range, turned) =>
  clamp(value + NOTCH * (range[1] - range[0]) * turned, ...range);

/**
 * @param {object} options
 * @param {number} options.dim
 * @param {object} options.data what all dimensions say, their quantiles, posterior, unit, z
 * @param {boolean} options.crisp whether a strip shows pixels as squares
 * @param {object} options.on
 * @param {(changes: Array<[number, number]>) => void} options.on.moved [[dim, value]], every value
 * @param {() => void} options.on.settled once, when the hand lets go
 * @param {(dim: number) => void} options.on.chosen the hand came to it
 * @param {(dim: number | null) => void} options.on.pointed the pointer, or Tab, is on it; has left
 * @param {() => void} options.on.played Space was pressed
 */
function makeRow({ dim, data: { says, quantiles, posterior, unit, z }, crisp, on }) {
  const digits = decimalsOf(unit);
  const value = element("output", { class: "value number" });
  const track = slider({
    label: `z ${dim + 1}, ${says.words[dim]}`,
    range: sliderRange(quantiles[dim], [z[dim]], unit),
    value: z[dim],
    quantiles: quantiles[dim],
    prior: posterior !== "point",
    unit,
    words: (v) => v.toFixed(digits),
    onInput(to) {
      on.chosen(dim);
      on.moved([[dim, to]]);
    },
    onRelease: on.settled,
  });
  const canvas = element("canvas");
  canvas.style.imageRendering = crisp ? "pixelated" : "auto";
  const marker = element("i", { class: "marker" });
  const strip = element("div", {
    class: "along", "aria-hidden": "true", onclick: pick,
    title: `Decodes along ${dimensionName(dim)}, the rest as it is: click to go there`,
  }, canvas, marker);
  const bar = element("i");
  bar.style.width = `${(100 * says.values[dim]) / Math.max(...says.values, 1e-9)}%`;
  const row = element("div", {
    class: "dimension",
    onpointerdown: () => on.chosen(dim),
    onpointerenter: (event) =>
      event.pointerType !== "touch" && event.buttons === 0 && on.pointed(dim),
    onpointerleave: (event) => event.pointerType !== "touch" && on.pointed(null),
    onkeydown: (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      on.played();
    },
  },
  element("span", { class: "name", "aria-hidden": "true" },
    "z", element("sub", {}, String(dim + 1))),
  track.element, value, strip,
  element("span", { class: "kl number", title: says.title }, says.words[dim], bar));
  track.input.addEventListener("focus", () => {
    on.chosen(dim);
    if (track.input.matches(":focus-visible")) on.pointed(dim);
  });
  track.input.addEventListener("blur", () => on.pointed(null));
  let shown = null;
  const unwatch = watchWheel(track.input, {
    when: () => track.input.getRootNode().activeElement === track.input,
    turned: ({ right, up }) => on.moved([[dim, turnedTo(shown, track.range, right + up)]]),
    rested: on.settled,
  });

  function pick(event) {
    const box = canvas.getBoundingClientRect();
    on.moved([[dim, valueAt((event.clientX - box.left) / box.width, track.range)]]);
    on.settled();
  }

  return {
    element: row,
    canvas,
    track,
    unwatch,
    show(to) {
      if (to === shown) return;
      shown = to;
      if (Number(track.input.value) !== to) track.set(to); // the hand has set it itself
      value.textContent = signed(to, digits);
      marker.style.transform = `translateX(${100 * fractionOf(to, track.range)}%)`;
    },
  };
}

/**
 * All rows: active dimensions in order, inactive ones folded away. Options as of `makeRow`, and
 * @param {{active: number[], inactive: number[]}} options.order
 * @param {object} options.layout see `layout`
 * @returns {{element, rows: Map<number, object>, show(z), mark(dim), held: boolean, close()}}
 */
export function sliderRows({ order, layout: { kind, height, strip }, data, on }) {
  const crisp = strip[1] >= 2 * data.shape[0]; // below that, squares would be of unequal size
  const rows = new Map([...order.active, ...order.inactive].map((dim) =>
    [dim, makeRow({ dim, data, crisp, on })]));
  const elements = (dims) => dims.map((dim) => rows.get(dim).element);
  const list = element("div", { class: `rows ${kind}` }, ...elements(order.active));
  list.style.setProperty("--tall", `${height}px`);
  const digits = decimalsOf(data.unit);
  if (digits > 3) list.style.setProperty("--value", `${0.58 * (digits + 3)}rem`); // room for them
  const n = order.inactive.length;
  if (n) list.append(element("details", { open: order.active.length === 0 },
    element("summary", {}, n === 1 ? "1 inactive dimension: the decoder hardly uses it"
      : `${n} inactive dimensions: the decoder hardly uses them`),
    ...elements(order.inactive)));
  if (kind === "few" && order.active.length > 1)
    list.append(element("p", { class: "quiet order" },
      data.posterior === "point" ? "The coordinate that varies most between images stands first."
        : "The slider that says most about the image (most nats) stands first."));
  let marked = null;
  return {
    element: list,
    rows,
    show: (z) => rows.forEach((row, dim) => row.show(z[dim])),
    mark(dim) {
      rows.get(marked)?.element.classList.remove("chosen");
      rows.get(dim).element.classList.add("chosen");
      marked = dim;
    },
    get held() {
      return [...rows.values()].some(({ track }) => track.held);
    },
    close: () => rows.forEach(({ unwatch }) => unwatch()),
  };
}
