/** The large image on its stage: crisp or smooth, in the image's own shape. */

import { element } from "./dom.js";
import { drawPixels } from "./pixels.js";

/**
 * @param {number[]} shape [H, W, C]
 * @param {HTMLCanvasElement} overlay laid over the image
 * @returns {{element, smoothing: HTMLButtonElement, paint(bytes: Uint8Array): void}}
 */
export function stage(shape, overlay) {
  let last = null;
  let smooth = false;
  const image = element("canvas", { class: "image", role: "img", "aria-label": "Decoded image" });
  const frame = element("div", { class: "frame" }, image, overlay);
  const [height, width] = shape;
  frame.style.width = `${(100 * width) / Math.max(height, width)}%`;
  frame.style.aspectRatio = `${width} / ${height}`;
  const smoothing = element("button", {
    type: "button", "aria-pressed": "false", onclick: toggle,
    title: "Interpolate between pixels instead of showing them as squares",
  }, "Smooth");

  function paint(bytes) {
    last = bytes;
    drawPixels(image, bytes, shape, { smooth });
  }

  function toggle() {
    smooth = !smooth;
    smoothing.setAttribute("aria-pressed", String(smooth));
    overlay.style.imageRendering = smooth ? "auto" : "pixelated";
    if (last) paint(last);
  }

  return { element: element("div", { class: "stage" }, frame), smoothing, paint };
}
