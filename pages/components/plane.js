/** The plane of a map: Plotly's axes, zoom and pan; what lies on it follows them. */

import { element } from "./dom.js";
import { LEVELS } from "./density.js";
import { withMargin } from "./nearest.js";

const CONFIG = { displayModeBar: false, scrollZoom: true, doubleClick: false, responsive: false };

/**
 * Points get smaller as they get more, so that 60,000 still show their density, and on a map of
 * few pixels. Pure.
 */
export function pointSize(n, width = 700) {
  const size = Math.min(8, 26 / Math.log10(n + 10) ** 1.2);
  return Math.max(2.5, size * Math.max(0.7, Math.min(1, width / 700)));
}

export class Plane {
  #wanted = null; // the view of the next frame, while fingers or keys change it

  /** @param {HTMLElement} host a positioned element with a size */
  constructor(host, Plotly, moved) {
    this.host = host;
    this.Plotly = Plotly;
    this.moved = moved;
    this.plot = element("div", { class: "plot" });
    this.over = element("div", { class: "over", "aria-hidden": "true" });
    host.append(this.plot, this.over);
    this.watcher = new ResizeObserver(() => this.#resize());
    this.watcher.observe(host);
  }

  /**
   * Draw axes afresh, the whole map in view.
   * @param {{x: [number, number], y: [number, number]}} box of the points
   * @param {[string?, string?]} titles of the axes; without them the axes have no unit: no numbers
   */
  async draw(box, titles) {
    this.titles = titles;
    this.home = true; // the whole map is in view, and stays so when the window changes
    this.lined = false;
    this.box = withMargin(box, 0);
    this.view = withMargin(box, 0.04);
    const layout = this.#layout();
    this.colour = layout.font.color;
    await this.Plotly.react(this.plot, [], layout, CONFIG);
    if (this.closed) return;
    if (!this.listening) {
      this.listening = true;
      for (const event of ["plotly_relayouting", "plotly_relayout", "plotly_afterplot"])
        this.plot.on(event, () => this.moved());
      this.plot.on("plotly_relayouting", () => (this.home = false));
      this.#adoptStyles();
    }
    this.moved();
  }

  /** Lines that enclose shares of the points (see density.js), or, with null, none. */
  contour(grid) {
    if (!this.ready || (!grid && !this.lined)) return;
    this.lined = grid !== null;
    const { seen } = this;
    const lines = grid && {
      type: "contour", ...grid, showscale: false, hoverinfo: "skip", autocontour: false,
      contours: {
        coloring: "none", start: LEVELS[0], end: LEVELS.at(-1), size: LEVELS[1] - LEVELS[0],
        showlabels: true, labelformat: ".0%", labelfont: { size: 13, color: this.colour },
      },
      line: { color: this.colour, width: 2, smoothing: 1 },
    };
    this.Plotly.react(this.plot, lines ? [lines] : [], this.#layout(seen), CONFIG);
  }

  /** Whether a drag of the mouse moves the map. */
  set pans(on) {
    this.dragmode = on ? "pan" : false;
    if (this.ready) this.Plotly.relayout(this.plot, { dragmode: this.dragmode });
  }

  /** Take the theme's colours again, if they are others. */
  retheme() {
    const { xaxis, yaxis, font } = this.#layout();
    if (!this.ready || this.colour === font.color) return;
    this.colour = font.color;
    const colours = (axis, name) => Object.fromEntries(
      ["zerolinecolor", "gridcolor", "linecolor"].map((key) => [`${name}.${key}`, axis[key]]));
    if (this.lined) this.Plotly.restyle(this.plot, {
      "line.color": font.color, "contours.labelfont.color": font.color,
    });
    this.Plotly.relayout(this.plot, {
      "font.color": font.color, ...colours(xaxis, "xaxis"), ...colours(yaxis, "yaxis"),
    });
  }

  get ready() {
    return Boolean(this.plot._fullLayout?.xaxis);
  }

  /** Map coordinates to pixels of the host. */
  toPixel(x, y) {
    const { xaxis, yaxis } = this.plot._fullLayout;
    return [xaxis._offset + xaxis.l2p(x), yaxis._offset + yaxis.l2p(y)];
  }

  /** Pixels of the host to map coordinates. */
  toMap(left, top) {
    const { xaxis, yaxis } = this.plot._fullLayout;
    return [xaxis.p2l(left - xaxis._offset), yaxis.p2l(top - yaxis._offset)];
  }

  /** Pixels for one unit of the map, the same along both axes. */
  get scale() {
    const { xaxis } = this.plot._fullLayout;
    return Math.abs(xaxis.l2p(1) - xaxis.l2p(0));
  }

  /** The longer side of the points' box, in map units: what spreads are fractions of. */
  get span() {
    return Math.max(...["x", "y"].map((axis) => this.box[axis][1] - this.box[axis][0]));
  }

  /** The axes' box, in pixels of the host. */
  get frame() {
    const { xaxis, yaxis } = this.plot._fullLayout;
    return {
      left: xaxis._offset, right: xaxis._offset + xaxis._length,
      top: yaxis._offset, bottom: yaxis._offset + yaxis._length,
    };
  }

  /** The part of the map that is in view: {x: [low, high], y: [low, high]}. */
  get seen() {
    const { xaxis, yaxis } = this.plot._fullLayout;
    return { x: [...xaxis.range], y: [...yaxis.range] };
  }

  /** The place in the middle of the view. */
  get middle() {
    const { x, y } = this.seen;
    return [(x[0] + x[1]) / 2, (y[0] + y[1]) / 2];
  }

  /** Whether a pixel of the host lies within the axes. */
  contains(x, y) {
    const { left, right, top, bottom } = this.frame;
    return x >= left && x <= right && y >= top && y <= bottom;
  }

  /** Boxes of what lies over the plane: its buttons. */
  get covered() {
    return Array.from(this.host.querySelectorAll(".tools"), (tools) => ({
      left: tools.offsetLeft, right: tools.offsetLeft + tools.offsetWidth,
      top: tools.offsetTop, bottom: tools.offsetTop + tools.offsetHeight,
    }));
  }

  /** Zoom about the centre: factors above 1 come nearer. */
  zoom(factor) {
    const middle = this.toPixel(...this.middle);
    return this.pinch({ from: middle, to: middle, factor });
  }

  /** Bring what is at pixel `from` to pixel `to`, larger by a factor: as two fingers do. */
  pinch({ from, to, factor }) {
    this.home = false;
    const seen = this.#wanted ?? this.seen;
    const { left, right, top, bottom } = this.frame;
    const after = ([low, high], start, end) => {
      const at = low + (high - low) * start;
      const size = (high - low) / factor;
      return [at - size * end, at + size * (1 - end)];
    };
    const across = (x) => (x - left) / (right - left);
    const up = (y) => (bottom - y) / (bottom - top);
    this.#wanted = {
      x: after(seen.x, across(from[0]), across(to[0])),
      y: after(seen.y, up(from[1]), up(to[1])),
    };
    this.frameAsked ??= requestAnimationFrame(() => {
      const { x, y } = this.#wanted;
      [this.frameAsked, this.#wanted] = [null, null];
      if (!this.closed) this.Plotly.relayout(this.plot, { "xaxis.range": x, "yaxis.range": y });
    });
  }

  /** The whole map in view. */
  fit() {
    this.home = true;
    return this.Plotly.relayout(this.plot, {
      "xaxis.range": [...this.view.x], "yaxis.range": [...this.view.y],
    });
  }

  destroy() {
    this.closed = true;
    this.watcher.disconnect();
    this.Plotly.purge(this.plot);
    this.plot.remove();
    this.over.remove();
  }

  #resize() {
    if (this.closed || !this.ready || !this.host.clientWidth) return;
    const { clientWidth: width, clientHeight: height } = this.host;
    const layout = this.plot._fullLayout;
    if (layout.width === width && layout.height === height) return;
    this.Plotly.relayout(this.plot, { width, height }).then(() => {
      if (!this.closed && this.home) this.fit();
    });
  }

  #layout(view = this.view ?? { x: [0, 1], y: [0, 1] }) {
    const style = getComputedStyle(this.host);
    const colour = (name) => style.getPropertyValue(name).trim();
    const text = style.color;
    const line = `color-mix(in srgb, ${text} 30%, transparent)`;
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = colour("--st-border-color") || "#888888";
    const grid = canvas.fillStyle; // a colour that Plotly can read, whatever the theme's notation
    const units = Boolean(this.titles?.[0]);
    const axis = (title, range) => ({
      title: { text: title ?? "", standoff: 4 },
      range: [...range],
      showticklabels: units, ticks: "", showgrid: units, gridcolor: grid, zeroline: units,
      zerolinecolor: text, zerolinewidth: 1, showline: false, linecolor: line,
      tickfont: { size: 14 }, ticklabelstandoff: 4, nticks: 8,
    });
    return {
      width: this.host.clientWidth,
      height: this.host.clientHeight,
      margin: units ? { l: 46, r: 8, t: 8, b: 46 } : { l: 4, r: 4, t: 4, b: 4 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 15, family: style.fontFamily },
      showlegend: false, hovermode: false, dragmode: this.dragmode ?? "pan",
      xaxis: axis(this.titles?.[0], view.x),
      yaxis: { ...axis(this.titles?.[1], view.y), scaleanchor: "x" },
    };
  }

  /** Plotly puts its rules into the document's head; a shadow root needs them inside. */
  #adoptStyles() {
    const sheet = document.getElementById("plotly.js-style-global")?.sheet;
    if (!sheet || this.host.getRootNode() === document) return;
    const rules = [...sheet.cssRules].map((rule) => rule.cssText).join("\n");
    this.host.append(element("style", {}, rules));
  }
}
