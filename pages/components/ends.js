/** The ends A and B of the interpolation, where they lie on a map. */

import { element } from "./dom.js";
import { Placer } from "./mapdata.js";

export class Ends {
  /** @param {string} model @param {() => void} placed an end has its place @param onError */
  constructor(model, placed, onError) {
    this.placed = placed;
    this.ends = ["A", "B"].map((name) => ({
      name, place: null, placer: new Placer(model, onError),
      element: element("i", { class: "end-mark", hidden: true }, name),
    }));
  }

  get elements() {
    return this.ends.map((end) => end.element);
  }

  /**
   * @param {{map: string, lift: object | null,
   *   ends: Array<{index: number | null, z: number[]}>}} data
   * @param {Float32Array} coords
   */
  use(data, coords) {
    const asked = JSON.stringify([data.map, data.stamp, data.ends]);
    if (asked === this.asked) return;
    this.asked = asked;
    this.ends.forEach((end, i) => {
      const { index = null, z } = data.ends[i] ?? {};
      end.place = null;
      if (!z) return;
      if (index !== null && coords[2 * index] > -Infinity)
        end.place = [coords[2 * index], coords[2 * index + 1]];
      else
        end.placer.ask(data, z, ({ x, y }) => {
          end.place = [x, y];
          this.placed();
        });
    });
  }

  follow(plane) {
    for (const { place, element: mark } of this.ends) {
      const [left, top] = place ? plane.toPixel(...place) : [NaN, NaN];
      mark.hidden = !plane.contains(left, top);
      if (!mark.hidden) mark.style.transform = `translate(${left}px, ${top}px)`;
    }
  }

  close() {
    for (const { placer } of this.ends) placer.close();
  }
}
