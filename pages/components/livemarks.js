/** What lies over a live map's points: the code's mark with its doubt, a path and its two ends. */

import { element } from "./dom.js";
import { confidence } from "./marks.js";

const EDGE = 10; // px from the edge at which a place beyond it is marked

/** Where a place is seen in a frame, in px: [left, top, beyond], at the edge if it lies beyond. */
export function markAt({ view, width, height }, { x, y }) {
  const [left, top] = view.at(x, y);
  const into = (value, side) => Math.min(side - EDGE, Math.max(EDGE, value));
  const beyond = left < 0 || top < 0 || left > width || top > height;
  return beyond ? [into(left, width), into(top, height), true] : [left, top, false];
}

/** The radius of the doubt in px: `spread` is a share of the map's span, its longer side. Pure. */
export const doubtRadius = (spread, { x, y }, { scale }) =>
  spread * Math.max(x[1] - x[0], y[1] - y[0]) * scale;

/**
 * What is said of a place: how good it is, and how far its neighbours are spread. The second is
 * empty where no circle is drawn. Pure.
 * @param {{spread: number, own?: boolean} | null} place `own`: it is that of an image on the map
 * @param {object} how
 * @param {"formula" | "asked" | null} how.exact exact by a formula, once it rests, or never
 * @param {"moving" | "placing" | "exact"} how.state
 * @param {boolean} how.beyond the map's edge
 * @param {string} how.method that made the map, in a word
 * @param {boolean} [how.missing] the server could not place it
 * @returns {[string, string]}
 */
export function placeWords(place, { exact, state, beyond, method, missing = false }) {
  if (!place) return [missing ? "could not be placed" : "…", ""];
  const own = place.own && state === "exact";
  const fitted = own ? "its own point" : `placed by ${method} itself`;
  const words = exact === "formula" ? "exact" : state === "exact" ? fitted
    : exact === null ? "≈ about here" : state === "placing" ? "≈ placing …" : "≈ while you drag";
  const percent = 100 * place.spread;
  const share = percent < 0.5 ? "under 1" : percent.toFixed(0);
  const sign = state === "exact" ? "" : "≈ ";
  const doubt = place.spread > 0 && !beyond
    ? `its neighbours spread over ${sign}${share} % of the map` : "";
  return [beyond ? `${words}, beyond the edge` : words, doubt];
}

/** A polyline's points attribute. Pure. */
export const lineText = (places) =>
  places.map((pair) => pair.map((v) => v.toFixed(1)).join()).join(" ");

const drawn = (tag, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

export class LiveMarks {
  constructor() {
    this.lines = ["under", "over"].map((kind) => drawn("polyline", { class: kind }));
    this.way = drawn("svg", { "aria-hidden": "true" }, ...this.lines);
    this.doubt = element("i", { class: "doubt", hidden: true });
    this.mark = element("i", { class: "mark", hidden: true });
    this.letters = ["A", "B"].map((name) => element("b", { class: "letter", hidden: true }, name));
  }

  get elements() {
    return [this.way, this.doubt, ...this.letters, this.mark];
  }

  /**
   * @param {{view: object, width: number, height: number}} frame of the map's canvas
   * @param {{x: number, y: number, spread: number}} place
   * @param {object} span the points' box, the unit of the spread
   * @param {boolean} glide from where the mark stood
   * @returns {boolean} whether the place lies beyond the map's edge
   */
  put(frame, place, span, glide) {
    const [left, top, beyond] = markAt(frame, place);
    const radius = doubtRadius(place.spread, span, frame.view);
    for (const one of [this.mark, this.doubt]) {
      one.classList.toggle("glides", glide);
      one.style.transform = `translate(${left}px, ${top}px)`;
    }
    this.doubt.style.width = this.doubt.style.height = `${2 * radius}px`;
    this.doubt.style.margin = `${-radius}px`;
    this.doubt.hidden = beyond || radius === 0;
    this.mark.hidden = false;
    this.mark.classList.toggle("beyond", beyond);
    this.mark.style.setProperty("--sure", confidence(place.spread));
    return beyond;
  }

  /** There is no place. */
  hide() {
    this.mark.hidden = this.doubt.hidden = true;
  }

  /** A path through places, from A to B. */
  lead({ view, width, height }, places) {
    const pixels = places.map(({ x, y }) => view.at(x, y));
    this.way.setAttribute("viewBox", `0 0 ${width} ${height}`);
    for (const line of this.lines) line.setAttribute("points", lineText(pixels));
    [pixels[0], pixels.at(-1)].forEach(([left, top], i) => {
      this.letters[i].style.transform = `translate(${left}px, ${top}px)`;
      this.letters[i].hidden = false;
    });
  }
}
