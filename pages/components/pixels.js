/** uint8 pixels (n, H, W, C), as the decoder's endpoint answers, onto canvases. */

/**
 * RGBA bytes of one image, grey or colour. Pure.
 * @param {Uint8Array} bytes H·W·C values
 * @param {number} channels 1 or 3
 * @param {Uint8ClampedArray} [into] reused from frame to frame
 */
export function toRGBA(bytes, channels, into = new Uint8ClampedArray((bytes.length / channels) * 4)) {
  for (let from = 0, to = 0; from < bytes.length; from += channels, to += 4) {
    into[to] = bytes[from];
    into[to + 1] = channels === 1 ? bytes[from] : bytes[from + 1];
    into[to + 2] = channels === 1 ? bytes[from] : bytes[from + 2];
    into[to + 3] = 255;
  }
  return into;
}

/** Cut the answer to n questions into n images. Pure; the parts are views, not copies. */
export function split(buffer, [height, width, channels]) {
  const bytes = buffer instanceof Uint8Array ? buffer : new Uint8Array(buffer);
  const size = height * width * channels;
  return Array.from({ length: bytes.length / size }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size));
}

const frames = new WeakMap(); // canvas → its ImageData, so that a paint allocates nothing

/**
 * Draw one image at its own resolution; CSS scales the canvas.
 * Crisp (nearest neighbour) is the default, `smooth` lets the browser interpolate.
 */
export function drawPixels(canvas, bytes, [height, width, channels], { smooth = false } = {}) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    frames.delete(canvas);
  }
  const context = canvas.getContext("2d", { alpha: false });
  let frame = frames.get(canvas);
  if (!frame) frames.set(canvas, (frame = context.createImageData(width, height)));
  toRGBA(bytes, channels, frame.data);
  context.putImageData(frame, 0, 0);
  canvas.style.imageRendering = smooth ? "auto" : "pixelated";
}

/**
 * RGBA bytes of n images in rows of `columns`, `gap` transparent pixels between them. Pure.
 * @param {Uint8Array} bytes n·H·W·C values
 * @param {Uint8ClampedArray} [into] of the same size, whose gaps are left as they are
 * @returns {{data: Uint8ClampedArray, width: number, height: number}}
 */
export function tileRGBA(bytes, [height, width, channels], columns, gap = 0, into = null) {
  const n = bytes.length / (height * width * channels);
  const across = columns * (width + gap) - gap;
  const down = Math.ceil(n / columns) * (height + gap) - gap;
  const data = into ?? new Uint8ClampedArray(4 * across * down);
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  let from = 0;
  for (let i = 0; i < n; i += 1) {
    const left = (i % columns) * (width + gap);
    const top = Math.floor(i / columns) * (height + gap);
    for (let y = 0; y < height; y += 1) {
      let to = 4 * ((top + y) * across + left);
      for (let x = 0; x < width; x += 1, from += channels, to += 4) {
        data[to] = bytes[from];
        data[to + 1] = bytes[from + green];
        data[to + 2] = bytes[from + blue];
        data[to + 3] = 255;
      }
    }
  }
  return { data, width: across, height: down };
}

/** Draw n images on one canvas, as `tileRGBA` lays them out. */
export function drawTiles(canvas, bytes, shape, columns, gap = 0) {
  const known = frames.get(canvas);
  const { data, width, height } = tileRGBA(bytes, shape, columns, gap, known?.data);
  if (!known) {
    Object.assign(canvas, { width, height });
    frames.set(canvas, new ImageData(data, width, height));
  }
  canvas.getContext("2d").putImageData(frames.get(canvas), 0, 0);
}

/**
 * A row of tiles (a filmstrip, a traversal): one small canvas each, made once and redrawn.
 * @returns {{tiles: HTMLCanvasElement[], draw(buffer, options): void, mark(index): void}}
 */
export function filmstrip(parent, n, shape) {
  const [height, width] = shape;
  parent.classList.add("strip");
  parent.style.setProperty("--tiles", n);
  parent.style.setProperty("--ratio", `${width} / ${height}`);
  const tiles = Array.from({ length: n }, () => {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    return canvas;
  });
  parent.replaceChildren(...tiles);
  return {
    tiles,
    draw(buffer, options) {
      split(buffer, shape).forEach((image, i) => drawPixels(tiles[i], image, shape, options));
    },
    mark(index) {
      tiles.forEach((tile, i) => tile.classList.toggle("marked", i === index));
    },
  };
}
