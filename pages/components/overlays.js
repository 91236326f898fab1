/** What lies over a map's points: marks, names, the ends of the interpolation, posteriors. */

import { Ends } from "./ends.js";
import { groupClasses } from "./mapdata.js";
import { MapPosteriors } from "./mapposteriors.js";
import { Marks } from "./marks.js";

const NAMED = 40; // classes; with more the names would cover the points

export class Overlays {
  /**
   * @param {object} options
   * @param {object} options.data from Python: model, n, dims, classes
   * @param {object} options.menu see mapmenu.js
   * @param {object} options.colours see mapcolours.js
   * @param {() => Plane | null} options.plane
   * @param {() => void} options.changed something has got its place
   * @param {(sentence: string) => void} options.onError
   */
  constructor({ data: { model, n, dims, classes }, menu, colours, plane, changed, onError }) {
    Object.assign(this, { classes, menu, colours });
    this.marks = new Marks(Overlays.named(classes) ? classes.map(({ name }) => name) : []);
    this.ends = new Ends(model, changed, onError);
    this.posteriors = new MapPosteriors({
      model, n, dims, on: menu.on, onError,
      changed: () => plane()?.ready && this.posteriors.scale.follow(plane()),
    });
    this.marked = { picked: null, placed: null, hovered: null };
    this.centres = []; // for each class the row at which it is named
  }

  /** Whether there are classes to be named. */
  static named = (classes) => classes.length > 1 && classes.length <= NAMED;

  get elements() {
    return [this.posteriors.scale.element, this.posteriors.key, ...this.marks.elements, ...this.ends.elements];
  }

  /** The points of another map. @param {Uint16Array} labels @param {Cloud} cloud */
  name(labels, cloud) {
    this.centres = cloud.far ? this.classes.map(() => -1)
      : groupClasses(labels, this.classes, cloud.coords).centres;
  }

  /** What Python says of the map. @param {boolean} another it is another one than before */
  use(data, cloud, another) {
    if (another) this.posteriors.use(data);
    this.ends.use(data, cloud.coords);
  }

  /** Put everything where the plane has it now. */
  follow(plane, cloud) {
    const { picked, placed, hovered } = this.marked;
    const names = this.menu.on("names");
    this.marks.place(plane, cloud.coords, {
      picked: picked !== null && cloud.has(picked) ? picked : null,
      placed,
      named: this.centres.map((row, i) =>
        (!names || this.colours.hidden(this.classes[i].label) ? -1 : row)),
    });
    this.marks.ring(plane, cloud.coords, hovered);
    this.ends.follow(plane);
    this.posteriors.scale.follow(plane);
  }

  /** The ring alone, on each move of the hand. */
  ring(plane, cloud, row) {
    this.marked.hovered = row;
    if (plane?.ready) this.marks.ring(plane, cloud.coords, row);
  }

  close() {
    this.ends.close();
    this.posteriors.close();
  }
}
