/** The lens: a small image that follows the pointer, or the finger without being under it. */

import { element } from "./dom.js";
import { drawPixels } from "./pixels.js";

const BESIDE = 20; // px between a mouse pointer and the loupe
const ABOVE = 52; // px between the middle of a fingertip and the loupe

/**
 * Where the loupe's top left corner goes: right of and above a mouse pointer, on the other side
 * where it would leave the box; above a finger, also where that is out of the box. Pure.
 * @param {number} left @param {number} top of the pointer
 * @param {{width: number, height: number}} size of the loupe
 * @param {{left: number, top: number, right: number, bottom: number}} box
 * @param {boolean} finger
 * @returns {[number, number]}
 */
export function loupePlace(left, top, { width, height }, box, finger) {
  if (finger) {
    const x = Math.max(box.left, Math.min(box.right - width, left - width / 2));
    return [x, top - ABOVE - height];
  }
  const right = left + BESIDE + width <= box.right;
  const above = top - BESIDE - height >= box.top;
  return [Math.max(box.left, right ? left + BESIDE : left - BESIDE - width),
    above ? top - BESIDE - height : top + BESIDE];
}

export class Loupe {
  /**
   * @param {number[]} shape [H, W, C]
   * @param {(index: number) => string | undefined} colourOf the class of an image
   */
  constructor(shape, colourOf) {
    this.shape = shape;
    this.colourOf = colourOf;
    const part = (name) => {
      const canvas = element("canvas");
      canvas.style.aspectRatio = `${shape[1]} / ${shape[0]}`;
      return { canvas, element: element("span", { class: name }, canvas, element("i", {}, name)) };
    };
    this.original = part("original");
    this.decoded = part("decoded");
    this.element = element("div", { class: "loupe", hidden: true, "aria-hidden": "true" },
      this.original.element, this.decoded.element);
  }

  /**
   * @param {{left: number, top: number, finger: boolean}} at pixels of the host
   * @param {object} box of the axes
   * @param {number | undefined} index of the image that is shown, none for a place's decode
   * @param {boolean} originals whether they are at hand
   */
  follow({ left, top, finger }, box, index, originals) {
    this.original.element.hidden = index === undefined || !originals;
    const colour = index === undefined ? undefined : this.colourOf(index);
    this.element.style.setProperty("--class", colour ?? "var(--page)");
    if (this.element.hidden) this.element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const [x, y] = loupePlace(left, top, { width, height }, box, finger);
    this.element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  /** @param {"original" | "decoded"} which @param {Uint8Array} bytes */
  paint(which, bytes) {
    drawPixels(this[which].canvas, bytes, this.shape);
  }

  hide() {
    this.element.hidden = true;
  }
}
