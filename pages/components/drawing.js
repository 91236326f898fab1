/** A drawing: strokes and pictures in their order, each of which can be undone. No DOM. */

import { Raster } from "./pen.js";

const DEPTH = 200; // things done last that can be undone, at least
const SIDE = 420; // pixels of the pad's longer side, about: a whole number for each image pixel

/** The size of the pad for images of a shape [H, W, C]. Pure. */
export function padSize([height, width]) {
  const scale = Math.max(1, Math.round(SIDE / Math.max(height, width)));
  return { width: scale * width, height: scale * height };
}

/** The grey level of a colour: its luma (ITU-R BT.601). Pure. */
export const luma = (r, g, b) => Math.round(0.299 * r + 0.587 * g + 0.114 * b);

/** A colour with that many channels. Pure. */
export const toChannels = ([r, g, b], channels) => (channels === 1 ? [luma(r, g, b)] : [r, g, b]);

/**
 * What was done, last thing last. Lengths are shares of the pad's longer side, so that a drawing
 * fits the pad of every model. A layer is one of
 *
 *     {kind: "stroke", width, colour: [r, g, b], points: [[x, y, pressure], …]}
 *     {kind: "picture", …}      covers all before it
 *     {kind: "fill", colour}    covers all before it
 *     {kind: "clear"}           covers all before it
 *     {kind: "flat", image}     what was done long ago, a square from the top left corner
 */
export class Drawing {
  constructor() {
    this.layers = [];
  }

  add(layer) {
    this.layers.push(layer);
  }

  /** Take the last layer back. @returns {boolean} whether there was one that can be */
  undo() {
    if (this.layers.at(-1)?.kind === "flat") return false;
    return this.layers.pop() !== undefined;
  }

  /** What can be seen: the last picture or fill, if it was not cleared, and the strokes since. */
  get visible() {
    const covered = this.layers.findLastIndex(({ kind }) => kind !== "stroke");
    const kept = this.layers.slice(Math.max(0, covered));
    return kept[0]?.kind === "clear" ? kept.slice(1) : kept;
  }

  get empty() {
    return this.visible.length === 0;
  }

  /** The picture that can be seen, if any. */
  get picture() {
    const [first] = this.visible;
    return first?.kind === "picture" ? first : null;
  }
}

/** Begin a stroke on a raster as on the pad. */
export function beginStroke(raster, { width, colour }) {
  const side = Math.max(raster.width, raster.height);
  raster.begin({ radius: (width * side) / 2, colour: toChannels(colour, raster.channels) });
}

/** Lead it on through points. */
export function continueStroke(raster, points) {
  const side = Math.max(raster.width, raster.height);
  for (const [x, y, pressure] of points) raster.to(x * side, y * side, pressure);
}

/**
 * Paint a whole drawing.
 * @param {Raster} raster
 * @param {Drawing} drawing
 * @param {(picture: object, raster: Raster) => Uint8Array} develop a picture's pixels on the raster
 */
export function paint(raster, drawing, develop) {
  raster.reset();
  for (const layer of drawing.visible) {
    if (layer.kind === "picture") raster.reset(develop(layer, raster));
    else if (layer.kind === "flat") raster.reset(unflatten(layer, raster, develop));
    else if (layer.kind === "fill") raster.fill(toChannels(layer.colour, raster.channels));
    else {
      beginStroke(raster, layer);
      continueStroke(raster, layer.points);
      raster.end();
    }
  }
}

/**
 * Of a long drawing all but the last things become one picture, so that neither memory nor the time
 * of a repainting grows without end. They cannot be undone after that, only cleared.
 */
export function flatten(drawing, develop, channels) {
  const old = drawing.layers.length - DEPTH;
  if (old < DEPTH) return; // seldom: it costs a repainting
  const under = new Drawing();
  under.layers = drawing.layers.splice(0, old);
  if (under.empty) return;
  const square = padFor([SIDE, SIDE, channels]);
  paint(square, under, develop);
  const { pixels, width, height } = square;
  drawing.layers.unshift({ kind: "flat", image: { pixels, width, height, channels } });
}

/** The part of a flat layer that a pad shows. */
function unflatten(layer, { width, height, channels }, develop) {
  const side = Math.max(width, height);
  const square = develop(layer, { width: side, height: side, channels });
  if (width === side) return square.subarray(0, width * height * channels);
  return square.filter((_, at) => at % (side * channels) < width * channels);
}

/** A raster for drawings of a model's images. */
export function padFor(shape) {
  const { width, height } = padSize(shape);
  return new Raster(width, height, shape[2]);
}
