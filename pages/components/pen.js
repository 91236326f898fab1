/** Strokes into pixels: smooth, anti-aliased, on every machine the same. No DOM. */

const STEP = 6; // pixels between the points of a flattened curve

const between = (a, b, t) => ({
  x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y), r: a.r + t * (b.r - a.r),
});

/** Points of the quadratic Bézier curve from a to c with control b, without a itself. Pure. */
export function curve(a, b, c) {
  const length = Math.hypot(b.x - a.x, b.y - a.y) + Math.hypot(c.x - b.x, c.y - b.y);
  const steps = Math.max(1, Math.ceil(length / STEP));
  return Array.from({ length: steps }, (_, i) => {
    const t = (i + 1) / steps;
    return between(between(a, b, t), between(b, c, t), t);
  });
}

/**
 * Pixels (height, width, channels) that strokes are painted on. Pixel i covers [i, i + 1).
 *
 * A stroke is the union of discs along its path, each pixel covered by as much as the disc's edge,
 * one pixel soft, leaves of it. Between two points the path bends from middle to middle (quadratic
 * Bézier curves with the points as controls), so it is smooth however few points the hand gives.
 */
export class Raster {
  constructor(width, height, channels) {
    Object.assign(this, { width, height, channels });
    this.pixels = new Uint8Array(width * height * channels);
    this.under = new Uint8Array(this.pixels.length); // what was there before the present stroke
    this.cover = new Uint8Array(width * height); // how much of each pixel the stroke covers
  }

  /** @param {Uint8Array | null} pixels to begin from; black without */
  reset(pixels = null) {
    if (pixels) this.pixels.set(pixels);
    else this.pixels.fill(0);
  }

  /** @param {number[]} colour of every pixel, one value for each channel */
  fill(colour) {
    for (let i = 0; i < this.pixels.length; i += 1) this.pixels[i] = colour[i % this.channels];
  }

  /**
   * @param {object} stroke
   * @param {number} stroke.radius in pixels
   * @param {number[]} stroke.colour one value for each channel, 0–255
   */
  begin({ radius, colour }) {
    this.under.set(this.pixels);
    this.cover.fill(0);
    this.stroke = { radius, colour, last: null, middle: null };
  }

  /** The stroke goes on to (x, y); `pressure` scales its radius. */
  to(x, y, pressure = 1) {
    const { radius, last, middle } = this.stroke;
    const point = { x, y, r: Math.max(0.5, radius * pressure) };
    if (!last) this.#line(point, point);
    else {
      const half = between(last, point, 0.5);
      if (middle) this.#path(middle, curve(middle, last, half));
      else this.#line(last, half);
      this.stroke.middle = half;
    }
    this.stroke.last = point;
  }

  /** The hand is lifted. */
  end() {
    const { last, middle } = this.stroke;
    if (middle) this.#line(middle, last);
    this.stroke = null;
  }

  #path(from, points) {
    for (const point of points) {
      this.#line(from, point);
      from = point;
    }
  }

  /** Cover what a disc passes over on its way from a to b. */
  #line(a, b) {
    const reach = Math.max(a.r, b.r) + 1;
    const left = Math.max(0, Math.floor(Math.min(a.x, b.x) - reach));
    const right = Math.min(this.width, Math.ceil(Math.max(a.x, b.x) + reach));
    const top = Math.max(0, Math.floor(Math.min(a.y, b.y) - reach));
    const bottom = Math.min(this.height, Math.ceil(Math.max(a.y, b.y) + reach));
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const squared = dx * dx + dy * dy || 1;
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) {
        const [px, py] = [column + 0.5 - a.x, row + 0.5 - a.y];
        const t = Math.min(1, Math.max(0, (px * dx + py * dy) / squared));
        const distance = Math.hypot(px - t * dx, py - t * dy);
        const covered = Math.min(1, a.r + t * (b.r - a.r) - distance + 0.5);
        if (covered > 0) this.#paint(row * this.width + column, Math.round(255 * covered));
      }
    }
  }

  #paint(pixel, covered) {
    if (covered <= this.cover[pixel]) return;
    this.cover[pixel] = covered;
    const { colour } = this.stroke;
    for (let c = 0; c < this.channels; c += 1) {
      const at = pixel * this.channels + c;
      this.pixels[at] = this.under[at] + ((colour[c] - this.under[at]) * covered) / 255 + 0.5;
    }
  }
}
