/** The points of a map: by WebGL in one draw call, or on a 2D canvas in browsers without it. */

import { element } from "./dom.js";

export const SYMBOLS = ["circle", "diamond", "square", "cross", "triangle-up"];

const VERTEX = `#version 300 es
in vec2 place;
in vec4 colour;
in float symbol;
uniform vec2 zero, unit; // clip coordinates of the map's (0, 0), and of one unit of it
uniform float size; // of a point, in device pixels
out vec4 paint;
flat out int shape;
void main() {
  // what is hidden, or has no place, lies outside of the view
  bool shown = colour.a > 0.0 && !isnan(place.x);
  gl_Position = shown ? vec4(zero + unit * place, 0.0, 1.0) : vec4(2.0, 2.0, 0.0, 1.0);
  gl_PointSize = size;
  paint = vec4(colour.rgb * colour.a, colour.a);
  shape = int(symbol);
}`;

// Each symbol by its distance function: below 1 is inside.
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 paint;
flat in int shape;
uniform float size;
out vec4 result;
void main() {
  vec2 at = 2.0 * gl_PointCoord - 1.0;
  vec2 far = abs(at);
  float d = length(at);
  if (shape == 1) d = far.x + far.y;
  else if (shape == 2) d = 1.25 * max(far.x, far.y);
  else if (shape == 3) d = max(max(far.x, far.y), 2.4 * min(far.x, far.y));
  else if (shape == 4) d = max(1.3 * at.y, 1.6 * far.x - 0.8 * at.y);
  float edge = 2.0 / size;
  result = paint * (1.0 - smoothstep(1.0 - edge, 1.0, d));
}`;

/**
 * How the view maps places to clip coordinates, −1 to 1: [zero, unit], each [x, y]. Pure.
 * @param {{x: number[], y: number[]}} seen the part of the map that is in view
 */
export function clipOf({ x, y }) {
  const unit = [2 / (x[1] - x[0]), 2 / (y[1] - y[0])];
  return [[-1 - unit[0] * x[0], -1 - unit[1] * y[0]], unit];
}

export class Points {
  constructor() {
    this.canvas = element("canvas", { class: "points" });
    // kept: tests read its pixels, and so does who saves the map as a picture
    const gl = this.canvas.getContext("webgl2", { preserveDrawingBuffer: true });
    this.flat = gl ? null : this.canvas.getContext("2d");
    this.gl = gl;
    if (gl) this.#prepare();
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.#prepare();
      if (this.places) this.move(this.places);
      if (this.looks) this.look(this.looks);
      if (this.drawn) this.draw(...this.drawn);
    });
  }

  /** @param {Float32Array} places x0, y0, x1, y1 … in the map's units; NaN for none */
  move(places) {
    this.places = places;
    this.key = null;
    if (this.gl) this.#fill("place", places);
  }

  /**
   * @param {object} looks
   * @param {Uint8Array} looks.colours red, green, blue, opacity of each point; opacity 0 hides it
   * @param {Uint8Array} looks.symbols index into SYMBOLS of each point
   * @param {Uint32Array} looks.order in which the points are drawn, the last on top
   */
  look(looks) {
    this.looks = looks;
    this.key = null;
    if (!this.gl) return;
    this.#fill("colour", looks.colours);
    this.#fill("symbol", looks.symbols);
    this.gl.bindBuffer(this.gl.ELEMENT_ARRAY_BUFFER, this.buffers.order);
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, looks.order, this.gl.DYNAMIC_DRAW);
  }

  /**
   * Draw where the plane shows the map now.
   * @param {{frame: object, seen: object}} plane @param {number} size of a point, in px
   */
  draw(plane, size) {
    this.drawn = [plane, size];
    if (!this.places || !this.looks) return;
    const { left, top, right, bottom } = plane.frame;
    const density = globalThis.devicePixelRatio || 1;
    const box = [right - left, bottom - top].map((side) => Math.max(1, Math.round(side)));
    const [wide, high] = box.map((side) => Math.round(side * density));
    const { canvas } = this;
    if (canvas.width !== wide || canvas.height !== high)
      [canvas.width, canvas.height] = [wide, high];
    Object.assign(canvas.style, {
      left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px`,
    });
    const [zero, unit] = clipOf(plane.seen);
    const key = [zero, unit, size, wide, high].join();
    if (key === this.key) return; // all is as it was drawn last
    this.key = key;
    if (this.gl) this.#drawFast(zero, unit, size * density);
    else this.#drawFlat(zero, unit, size * density);
  }

  close() {
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext(); // browsers allow few at a time
    this.canvas.remove();
  }

  #prepare() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    this.program = program;
    this.buffers = { order: gl.createBuffer() };
    for (const [name, size, type, norm] of [
      ["place", 2, gl.FLOAT, false], ["colour", 4, gl.UNSIGNED_BYTE, true],
      ["symbol", 1, gl.UNSIGNED_BYTE, false],
    ]) {
      this.buffers[name] = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      const at = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, size, type, norm, 0, 0);
    }
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  #fill(name, values) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[name]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.DYNAMIC_DRAW);
  }

  #drawFast(zero, unit, size) {
    const { gl, program, looks } = this;
    const at = (name) => gl.getUniformLocation(program, name);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(at("zero"), ...zero);
    gl.uniform2f(at("unit"), ...unit);
    gl.uniform1f(at("size"), size);
    gl.drawElements(gl.POINTS, looks.order.length, gl.UNSIGNED_INT, 0);
  }

  /** Squares: slower, and as true. */
  #drawFlat(zero, unit, size) {
    const { flat, places, looks: { colours, order } } = this;
    const { width, height } = this.canvas;
    flat.clearRect(0, 0, width, height);
    const side = Math.max(1, 0.89 * size); // as large as the circle
    for (const i of order) {
      if (!colours[4 * i + 3]) continue;
      const x = ((zero[0] + unit[0] * places[2 * i] + 1) * width) / 2;
      const y = ((1 - zero[1] - unit[1] * places[2 * i + 1]) * height) / 2;
      if (!(x > -side && x < width + side && y > -side && y < height + side)) continue;
      const [r, g, b, a] = colours.subarray(4 * i, 4 * i + 4);
      flat.fillStyle = `rgb(${r} ${g} ${b} / ${a / 255})`;
      flat.fillRect(x - side / 2, y - side / 2, side, side);
    }
  }
}
