/** The pad: a canvas that mouse, pen and finger draw on, each stroke painted as it is made. */

import { beginStroke, continueStroke, flatten, padFor, paint } from "./drawing.js";
import { element } from "./dom.js";
import { develop } from "./picture.js";
import { drawPixels } from "./pixels.js";

const BLACK = [0, 0, 0];
const ERASER = 32; // of PointerEvent.buttons: the other end of a pen

/** A pen's pressure, 0–1, as a factor of its width; mice and fingers have none. Pure. */
export const thickness = ({ pointerType, pressure }) =>
  pointerType === "pen" && pressure > 0 ? 0.5 + pressure : 1;

/**
 * @param {object} options
 * @param {number[]} options.shape [H, W, C] of the model's images
 * @param {Drawing} options.drawing what is on the pad; strokes are added to it
 * @param {{width: number, colour: number[], erasing: boolean}} options.brush as it is now
 * @param {string} options.prompt what to draw, shown while there is nothing
 * @param {(since: number) => void} options.onInk the pad has changed by what was done at `since`
 */
export function makeDrawPad({ shape, drawing, brush, prompt, onInk }) {
  const raster = padFor(shape);
  const size = [raster.height, raster.width, raster.channels];
  const side = Math.max(raster.width, raster.height);
  const canvas = element("canvas", {
    class: "pad", tabindex: "0", role: "img",
    "aria-label": `Pad. ${prompt}, with mouse, pen or finger. Ctrl+Z takes a stroke back.`,
  });
  const words = element("div", { class: "prompt", "aria-hidden": "true" }, prompt);
  const ring = element("i", { class: "brush", hidden: true });
  let stroke = null; // the layer that the hand is drawing, and the pointer that does

  function show() {
    drawPixels(canvas, raster.pixels, size, { smooth: true });
    words.hidden = !drawing.empty;
  }

  /** Paint everything anew, after an undo, a picture, a clearing. */
  function repaint() {
    if (stroke) raster.end();
    stroke = null;
    flatten(drawing, develop, raster.channels);
    paint(raster, drawing, develop);
    show();
    onInk(performance.now());
  }

  const place = (event, box) => [
    ((event.clientX - box.left) / box.width) * (raster.width / side),
    ((event.clientY - box.top) / box.height) * (raster.height / side),
    thickness(event),
  ];

  function lead(events) {
    const since = performance.now();
    const box = canvas.getBoundingClientRect();
    const points = events.map((event) => place(event, box));
    stroke.layer.points.push(...points);
    continueStroke(raster, points);
    show();
    onInk(since);
  }

  function down(event) {
    const eraser = Boolean(event.buttons & ERASER);
    if (stroke || !event.isPrimary || (event.button !== 0 && !eraser)) return;
    event.preventDefault(); // no text is selected, no mouse events follow a touch
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const colour = brush.erasing || eraser ? BLACK : brush.colour;
    const layer = { kind: "stroke", width: brush.width, colour, points: [] };
    drawing.add(layer);
    stroke = { layer, pointer: event.pointerId };
    beginStroke(raster, layer);
    lead([event]);
  }

  function move(event) {
    hover(event);
    if (event.pointerId !== stroke?.pointer) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    lead(passed.length ? passed : [event]);
  }

  function up(event) {
    if (event.pointerId !== stroke?.pointer) return;
    raster.end();
    stroke = null;
    flatten(drawing, develop, raster.channels);
    show();
    onInk(performance.now());
  }

  /** The brush's size, under a pointer that hovers. */
  function hover({ pointerType, clientX, clientY }) {
    ring.hidden = pointerType === "touch";
    if (ring.hidden) return;
    const box = canvas.getBoundingClientRect();
    const wide = (brush.width * box.width * side) / raster.width;
    ring.style.width = ring.style.height = `${wide}px`;
    const [x, y] = [clientX - box.left - wide / 2, clientY - box.top - wide / 2];
    ring.style.transform = `translate(${x}px, ${y}px)`;
  }

  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => (ring.hidden = true));

  const box = element("div", { class: "pad-box" }, canvas, words, ring);
  box.style.setProperty("--wide", raster.width / side);
  box.style.aspectRatio = `${raster.width} / ${raster.height}`;
  return { element: box, raster, repaint };
}
