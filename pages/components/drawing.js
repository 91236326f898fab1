/** A drawing: strokes and pictures in their order, each of which can be undone. No DOM. */

import { Raster } from "./pen.js";

const SIDE = 420; // pixels of the pad's longer side, about: a whole number for each image pixel

/** The size of the pad for images of a shape [H, W, C]. Pure. */
export function padSize([height, width]) {
  const scale = Math.max(1, Math.round(SIDE / Math.max(height, width)));
  return { width: scale * width, height: scale * height };
}

/** A colour with that many channels: its luma (ITU-R BT.601), or itself. Pure. */
export const toChannels = ([r, g, b], channels) =>
  channels === 1 ? [Math.round(0.299 * r + 0.587 * g + 0.114 * b)] : [r, g, b];

/**
 * What was done, last thing last. Lengths are shares of the pad's longer side, so that a drawing
 * fits the pad of every model. A layer is one of
 *
 *     {kind: "stroke", width, colour: [r, g, b], points: [[x, y, pressure], …]}
 *     {kind: "picture", …}      covers all before it
 *     {kind: "fill", colour}    covers all before it
 *     {kind: "clear"}           covers all before it
 */
export class Drawing {
  constructor() {
    this.layers = [];
  }

  add(layer) {
    this.layers.push(layer);
  }

  /** Take the last layer back. @returns {boolean} whether there was one */
  undo() {
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
    else if (layer.kind === "fill") raster.fill(toChannels(layer.colour, raster.channels));
    else {
      beginStroke(raster, layer);
      continueStroke(raster, layer.points);
      raster.end();
    }
  }
}

/** A raster for drawings of a model's images. */
export function padFor(shape) {
  const { width, height } = padSize(shape);
  return new Raster(width, height, shape[2]);
}
