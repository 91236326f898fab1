/** Gaussians in true scale over a linear map: the ellipses of q(z|x), the circles of the prior. */

import { project } from "./lens.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * N(μ, diag σ²) seen along the two axes of a linear map is a Gaussian too, with covariance
 * axesᵀ diag(σ²) axes: the half axes of its 1σ ellipse in the map's units, and how it is turned.
 * Pure.
 * @param {[number[], number[]]} axes of the map, each of d numbers
 * @param {ArrayLike<number>} variance of each dimension
 * @returns {{a: number, b: number, angle: number}} a along `angle` (radians, anticlockwise)
 */
export function ellipseOf([across, up], variance) {
  let [xx, xy, yy] = [0, 0, 0];
  for (let j = 0; j < across.length; j += 1) {
    xx += across[j] * across[j] * variance[j];
    xy += across[j] * up[j] * variance[j];
    yy += up[j] * up[j] * variance[j];
  }
  if (Math.abs(xy) < 1e-12) return { a: Math.sqrt(xx), b: Math.sqrt(yy), angle: 0 };
  const [mean, half] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  return {
    a: Math.sqrt(mean + half), b: Math.sqrt(Math.max(0, mean - half)),
    angle: Math.atan2(mean + half - xx, xy),
  };
}

export class TrueScale {
  constructor() {
    this.element = document.createElementNS(SVG, "svg");
    this.element.setAttribute("class", "truescale");
    this.shapes = this.dots = [];
  }

  /**
   * What is to be seen from now on.
   * @param {object | null} lift of the map (see lens.js); null: nothing is linear here
   * @param {Array<{kind: string, mean: ArrayLike<number>, variance: ArrayLike<number>,
   *   sigmas: number[]}>} gaussians `kind` is the class of their ellipses: prior, sample, one
   * @param {Array<[number, number]>} dots places of draws
   */
  show(lift, gaussians, dots = []) {
    this.element.replaceChildren();
    const make = (tag, kind) => {
      const shape = document.createElementNS(SVG, tag);
      shape.setAttribute("class", kind);
      this.element.append(shape);
      return shape;
    };
    this.dots = dots.map(([x, y]) => {
      const shape = make("circle", "draw");
      shape.setAttribute("r", 3);
      return { shape, x, y };
    });
    this.shapes = lift === null ? [] : gaussians.flatMap(({ kind, mean, variance, sigmas }) => {
      const [x, y] = project(lift, mean);
      const { a, b, angle } = ellipseOf(lift.axes, variance);
      return sigmas.map((k) => {
        const shape = make("ellipse", kind);
        shape.dataset.sigmas = k;
        return { shape, x, y, a: k * a, b: k * b, angle };
      });
    });
  }

  /** Put every ellipse where the plane has it now. */
  follow(plane) {
    const { scale } = plane;
    for (const { shape, x, y } of this.dots) {
      const [left, top] = plane.toPixel(x, y);
      shape.setAttribute("transform", `translate(${left} ${top})`);
    }
    for (const { shape, x, y, a, b, angle } of this.shapes) {
      const [left, top] = plane.toPixel(x, y);
      shape.setAttribute("rx", Math.max(0.5, a * scale));
      shape.setAttribute("ry", Math.max(0.5, b * scale));
      shape.setAttribute("transform",
        `translate(${left} ${top}) rotate(${(-angle * 180) / Math.PI})`);
    }
  }
}
