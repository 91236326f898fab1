/** The map of the held-out codes, drawn once, and q(z|x) over it: the mean and how sure it is. */

import { element } from "./dom.js";
import { placeNames } from "./labels.js";
import { groupClasses } from "./mapdata.js";
import { extent } from "./nearest.js";
import { pointSize } from "./plane.js";

const CLOSE = 1 / 8; // of the whole map's side: what is seen of it from near
const NAMED = 40; // classes; with more the names would cover the points
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

/** The box about a place from which `share` of the whole box is seen. Pure. */
export function boxAbout([u, v], whole, share) {
  const half = (share * Math.max(whole.x[1] - whole.x[0], whole.y[1] - whole.y[0])) / 2;
  return { x: [u - half, u + half], y: [v - half, v + half] };
}

export class PosteriorMap {
  /** @param {Uint16Array} labels @param {Array<{label: number, name: string, colour: string}>} classes */
  constructor(labels, classes) {
    Object.assign(this, { labels, classes });
    this.canvas = element("canvas", {
      role: "img", "aria-label": "Map of the held-out codes with the posterior of your drawing",
    });
    this.box = element("div", { class: "postmap" }, this.canvas);
    this.backdrop = document.createElement("canvas");
    this.shown = null; // {places, ellipse}: what lies over the points
    this.near = false;
    this.watcher = new ResizeObserver(() => this.redraw());
    this.watcher.observe(this.box);
  }

  /** Fetch the places; @throws if they do not come. */
  async load(model, map) {
    const url = `/live/models/${encodeURIComponent(model)}/map?map=${encodeURIComponent(map)}`;
    const response = await fetch(url);
    if (!response.ok) throw new Error((await response.text()).slice(0, 200));
    this.coords = new Float32Array(await response.arrayBuffer());
    this.groups = groupClasses(this.labels, this.classes, this.coords);
    this.whole = extent(this.coords, 0.04);
    this.redraw();
  }

  /** See the surroundings of the mean, or the whole map. */
  zoom(near) {
    this.near = near;
    this.redraw();
  }

  /**
   * @param {{places: number[][], ellipse?: [number, number]} | null} shown places (x, y) of the
   *   mean and of draws; or the mean's alone and σ along both axes, where these are z's own
   */
  show(shown) {
    this.shown = shown;
    if (this.near) this.redraw();
    else this.#paint();
  }

  /** Draw all anew: another size, another theme, another view. */
  redraw() {
    const { clientWidth, clientHeight } = this.box;
    if (!clientWidth || !this.coords) return;
    const density = globalThis.devicePixelRatio ?? 1;
    for (const canvas of [this.canvas, this.backdrop]) {
      canvas.width = Math.round(clientWidth * density);
      canvas.height = Math.round(clientHeight * density);
    }
    const style = getComputedStyle(this.box);
    this.colours = { text: style.color, page: style.getPropertyValue("--page").trim() };
    this.font = style.fontFamily;
    this.density = density;
    const near = this.near && this.shown;
    const box = near ? boxAbout(this.shown.places[0], this.whole, CLOSE) : this.whole;
    this.view = viewOf(box, clientWidth, clientHeight);
    this.#drawPoints(this.#context(this.backdrop), near ? 1.8 : 1);
    this.#paint();
  }

  #context(canvas) {
    const context = canvas.getContext("2d");
    context.setTransform(this.density, 0, 0, this.density, 0, 0);
    return context;
  }

  #drawPoints(context, larger) {
    const { clientWidth: width, clientHeight: height } = this.box;
    const size = larger * 0.7 * pointSize(this.coords.length / 2);
    context.clearRect(0, 0, width, height);
    context.globalAlpha = 0.6;
    for (const { rows, colour } of this.groups.groups) {
      context.fillStyle = colour;
      for (const row of rows) {
        const [x, y] = this.view.at(this.coords[2 * row], this.coords[2 * row + 1]);
        context.fillRect(x - size / 2, y - size / 2, size, size);
      }
    }
    context.globalAlpha = 1;
    if (this.classes.length > 1 && this.classes.length <= NAMED) this.#drawNames(context);
  }

  #drawNames(context) {
    const { clientWidth: right, clientHeight: bottom } = this.box;
    context.font = `700 16px ${this.font}`;
    Object.assign(context, { textAlign: "center", textBaseline: "middle", lineJoin: "round" });
    const names = this.groups.centres.map((row, i) => {
      if (row < 0) return null;
      const [x, y] = this.view.at(this.coords[2 * row], this.coords[2 * row + 1]);
      return { x, y, width: context.measureText(this.classes[i].name).width, height: 16 };
    });
    placeNames(names, { left: 0, top: 0, right, bottom }).forEach((place, i) => {
      if (!place) return;
      this.#haloed(context, 4, (stroked) => (stroked
        ? context.strokeText(this.classes[i].name, ...place)
        : context.fillText(this.classes[i].name, ...place)));
    });
  }

  /** Something in the text's colour on a rim of the page's, seen on points of every colour. */
  #haloed(context, rim, draw) {
    context.strokeStyle = this.colours.page;
    context.lineWidth = rim;
    draw(true);
    context.fillStyle = context.strokeStyle = this.colours.text;
    draw(false);
  }

  #paint() {
    if (!this.view) return;
    const context = this.#context(this.canvas);
    context.clearRect(0, 0, this.box.clientWidth, this.box.clientHeight);
    context.drawImage(this.backdrop, 0, 0, this.box.clientWidth, this.box.clientHeight);
    if (!this.shown) return;
    const [mean, ...draws] = this.shown.places.map(([x, y]) => this.view.at(x, y));
    for (const [x, y] of draws) this.#dot(context, x, y);
    if (this.shown.ellipse) for (const k of [2, 1]) this.#ellipse(context, mean, k);
    this.#diamond(context, ...mean);
  }

  #dot(context, x, y) {
    const disc = () => {
      context.beginPath();
      context.arc(x, y, 2.5, 0, 2 * Math.PI);
    };
    this.#haloed(context, 2.5, (stroked) => {
      disc();
      if (stroked) context.stroke();
      else context.fill();
    });
  }

  /** Where z is within k σ of the mean, in true scale. */
  #ellipse(context, [x, y], k) {
    const [a, b] = this.shown.ellipse.map((sigma) => k * sigma * this.view.scale);
    this.#haloed(context, 5, (stroked) => {
      context.setLineDash(stroked || k === 1 ? [] : DASH);
      context.beginPath();
      context.ellipse(x, y, a, b, 0, 0, 2 * Math.PI);
      if (!stroked) context.lineWidth = 2;
      context.stroke();
    });
    context.setLineDash([]);
  }

  #diamond(context, x, y) {
    const r = this.shown.ellipse ? 5 : 9;
    this.#haloed(context, 4, (stroked) => {
      context.beginPath();
      context.moveTo(x, y - r);
      for (const [dx, dy] of [[r, 0], [0, r], [-r, 0]]) context.lineTo(x + dx, y + dy);
      context.closePath();
      if (stroked) context.stroke();
      else context.fill();
    });
  }

  close() {
    this.watcher.disconnect();
  }
}
