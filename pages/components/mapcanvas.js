/** A canvas of a map's points, and over them a posterior: its mean, draws from it, its ellipses. */

import { element } from "./dom.js";
import { placeNames } from "./labels.js";

const NAME = 16; // px, the height of a class's name
const DASH = [6, 4];

/**
 * From map units to pixels: the box in the middle of the canvas, as large as fits, y upwards. Pure.
 * @param {{x: [number, number], y: [number, number]}} box
 */
export function viewOf(box, width, height) {
  const middle = ([low, high]) => (low + high) / 2;
  const [x, y] = [middle(box.x), middle(box.y)];
  const scale = Math.min(width / (box.x[1] - box.x[0]), height / (box.y[1] - box.y[0]));
  return { scale, at: (u, v) => [width / 2 + (u - x) * scale, height / 2 - (v - y) * scale] };
}

export class MapCanvas {
  /** @param {string} label for screen readers */
  constructor(label) {
    this.canvas = element("canvas", { role: "img", "aria-label": label });
    this.element = element("div", { class: "map-canvas" }, this.canvas);
    this.backdrop = document.createElement("canvas"); // the points, drawn once for each view
  }

  /**
   * Take a view of the points.
   * @param {object} drawn
   * @param {Float32Array} drawn.coords x0, y0, x1, y1 …
   * @param {Array<{rows: number[], colour: string, name: string}>} drawn.groups
   * @param {number[]} drawn.centres the row at which each group is named, -1 for not at all
   * @param {number} drawn.size of a point in px
   * @param {{x: number[], y: number[]}} drawn.box what is to be seen
   * @returns {boolean} whether it has a size to be drawn at
   */
  look({ coords, groups, centres, size, box }) {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return false;
    Object.assign(this, { width, height, density: globalThis.devicePixelRatio ?? 1 });
    const [wide, high] = [width, height].map((side) => Math.round(side * this.density));
    for (const canvas of [this.canvas, this.backdrop]) {
      if (canvas.width === wide && canvas.height === high) continue;
      [canvas.width, canvas.height] = [wide, high];
    }
    const style = getComputedStyle(this.element);
    this.colours = { text: style.color, page: style.getPropertyValue("--page").trim() };
    this.view = viewOf(box, width, height);
    const context = this.#context(this.backdrop);
    context.clearRect(0, 0, width, height);
    context.globalAlpha = 0.6;
    for (const { rows, colour } of groups) {
      context.fillStyle = colour;
      for (const row of rows) {
        const [x, y] = this.view.at(coords[2 * row], coords[2 * row + 1]);
        if (x > -size && y > -size && x < width + size && y < height + size)
          context.fillRect(x - size / 2, y - size / 2, size, size);
      }
    }
    context.globalAlpha = 1;
    context.font = `700 ${NAME}px ${style.fontFamily}`;
    this.#name(context, coords, groups, centres);
    return true;
  }

  /**
   * @param {object | null} shown
   * @param {Array<ArrayLike<number>>} shown.places x, y of the mean, then of draws
   * @param {ArrayLike<number>} [shown.sigma] along both axes, where they are z's own: its ellipses
   * @param {{x: number[], y: number[]}} [frame] what another view shows, as a frame in this one
   */
  paint(shown, frame = null) {
    if (!this.view) return;
    const context = this.#context(this.canvas);
    context.clearRect(0, 0, this.width, this.height);
    context.drawImage(this.backdrop, 0, 0, this.width, this.height);
    if (!shown) return;
    const [mean, ...draws] = shown.places.map(([x, y]) => this.view.at(x, y));
    if (frame) this.#frame(context, frame);
    for (const [x, y] of draws) this.#disc(context, x, y);
    if (shown.sigma) for (const k of [2, 1]) this.#ellipse(context, mean, shown.sigma, k);
    this.#diamond(context, ...mean);
  }

  #context(canvas) {
    const context = canvas.getContext("2d");
    context.setTransform(this.density, 0, 0, this.density, 0, 0);
    return context;
  }

  /** A shape in the text's colour on a rim of the page's: seen on points of every colour. */
  #haloed(context, rim, draw) {
    context.strokeStyle = this.colours.page;
    context.lineWidth = rim;
    draw("stroke");
    context.fillStyle = context.strokeStyle = this.colours.text;
    context.lineWidth = 2;
    draw("fill");
  }

  #name(context, coords, groups, centres) {
    Object.assign(context, { textAlign: "center", textBaseline: "middle", lineJoin: "round" });
    const names = centres.map((row, i) => {
      if (row < 0) return null;
      const [x, y] = this.view.at(coords[2 * row], coords[2 * row + 1]);
      return { x, y, width: context.measureText(groups[i].name).width, height: NAME };
    });
    const box = { left: 0, top: 0, right: this.width, bottom: this.height };
    placeNames(names, box).forEach((place, i) => place && this.#haloed(context, 4, (how) =>
      context[`${how}Text`](groups[i].name, ...place)));
  }

  #disc(context, x, y) {
    this.#haloed(context, 2, (how) => {
      context.beginPath();
      context.arc(x, y, 2.2, 0, 2 * Math.PI);
      context[how]();
    });
  }

  /** Where z is within k σ of the mean along both axes, in true scale. */
  #ellipse(context, [x, y], sigma, k) {
    const [a, b] = Array.from(sigma, (s) => k * s * this.view.scale);
    this.#haloed(context, 5, (how) => {
      context.setLineDash(how === "fill" && k === 2 ? DASH : []);
      context.beginPath();
      context.ellipse(x, y, a, b, 0, 0, 2 * Math.PI);
      context.stroke();
    });
    context.setLineDash([]);
  }

  #diamond(context, x, y, r = 6) {
    this.#haloed(context, 4, (how) => {
      context.beginPath();
      context.moveTo(x, y - r);
      for (const [dx, dy] of [[r, 0], [0, r], [-r, 0]]) context.lineTo(x + dx, y + dy);
      context.closePath();
      context[how]();
    });
  }

  #frame(context, { x, y }) {
    const [[left, bottom], [right, top]] = [this.view.at(x[0], y[0]), this.view.at(x[1], y[1])];
    this.#haloed(context, 4, () => context.strokeRect(left, top, right - left, bottom - top));
  }
}
