/** What lies over the map's points: rings, the diamond of a placed code, the names of classes. */

import { element } from "./dom.js";
import { placeNames } from "./labels.js";

const CLEAR_DOUBT = 0.3; // a spread of this share of the map, and more, is shown faintest

const RING = 13; // px from the middle of the picked point's ring to its rim

/** How dark a placed code's mark is, 0–1: full where its neighbours are together. Pure. */
export const confidence = (spread) => 1 - 0.75 * Math.min(1, spread / CLEAR_DOUBT);

export class Marks {
  /** @param {string[]} names of the classes; none, for no names on the map */
  constructor(names) {
    const mark = (kind) => element("i", { class: kind, hidden: true });
    this.hover = mark("ring hover");
    this.pick = mark("ring pick");
    this.diamond = mark("diamond");
    this.doubt = mark("doubt");
    // Not hidden by `display`: a name must have its size before it is known whether it has a place.
    this.names = names.map((name) => element("span", { class: "class-name" }, name));
  }

  get elements() {
    return [...this.names, this.doubt, this.hover, this.pick, this.diamond];
  }

  /**
   * Put every mark where its point is now. Cheap: called on each frame of a zoom.
   * @param {Plane} plane
   * @param {Float32Array} coords
   * @param {object} now
   * @param {number | null} now.picked a row
   * @param {{x: number, y: number, spread: number} | null} now.placed
   * @param {number[]} now.named the row at which each class is named, -1 for not at all
   */
  place(plane, coords, { picked, placed, named }) {
    const put = (mark, x, y) => this.#put(mark, plane, x, y);
    this.#putRow(this.pick, plane, coords, picked);
    this.#name(plane, coords, named, picked);
    put(this.diamond, placed?.x, placed?.y);
    put(this.doubt, placed?.spread > 0 ? placed.x : undefined, placed?.y);
    if (!placed) return;
    const radius = placed.spread * plane.span * plane.scale;
    this.doubt.style.width = this.doubt.style.height = `${2 * radius}px`;
    this.doubt.style.margin = `${-radius}px`;
    this.diamond.style.setProperty("--sure", confidence(placed.spread));
  }

  /** Put the ring of the hovered point, a row or null. Cheaper still: called on each move. */
  ring(plane, coords, hovered) {
    this.#putRow(this.hover, plane, coords, hovered);
  }

  #putRow(mark, plane, coords, row) {
    if (row === null) this.#put(mark, plane);
    else this.#put(mark, plane, coords[2 * row], coords[2 * row + 1]);
  }

  #put(mark, plane, x, y) {
    const [left, top] = x === undefined ? [NaN, NaN] : plane.toPixel(x, y);
    mark.hidden = !plane.contains(left, top); // also where it has no place
    if (!mark.hidden) mark.style.transform = `translate(${left}px, ${top}px)`;
  }

  /** Write the classes' names where none covers another, nor a button or the picked point. */
  #name(plane, coords, rows, picked) {
    const taken = [...plane.covered];
    if (picked !== null) {
      const [x, y] = plane.toPixel(coords[2 * picked], coords[2 * picked + 1]);
      taken.push({ left: x - RING, right: x + RING, top: y - RING, bottom: y + RING });
    }
    const wanted = this.names.map((name, i) => {
      if (!(rows[i] >= 0)) return null;
      const [x, y] = plane.toPixel(coords[2 * rows[i]], coords[2 * rows[i] + 1]);
      return { x, y, width: name.offsetWidth, height: name.offsetHeight };
    });
    const places = placeNames(wanted, plane.frame, taken);
    this.names.forEach((name, i) => {
      name.classList.toggle("placed", places[i] !== null);
      if (places[i]) {
        const [x, y] = places[i];
        name.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
      }
    });
  }
}
