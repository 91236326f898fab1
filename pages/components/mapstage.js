/** What is drawn on the map: its points and all that lies under and over them, in their places. */

import { enclosedShares } from "./density.js";
import { button, element } from "./dom.js";
import { Ends } from "./ends.js";
import { FarAway } from "./faraway.js";
import { Forming } from "./forming.js";
import { Lattice } from "./lattice.js";
import { layerSwitch } from "./layers.js";
import { sameLift } from "./lens.js";
import { mapColours } from "./mapcolours.js";
import { fetchLabels, fetchPlaces, groupClasses } from "./mapdata.js";
import { mapMenu } from "./mapmenu.js";
import { MapPosteriors } from "./mapposteriors.js";
import { Marks } from "./marks.js";
import { boxOf } from "./nearest.js";
import { Plane, pointSize } from "./plane.js";
import { loadPlotly } from "./plotly.js";
import { Points } from "./points.js";

const KEYS = "Map of the codes. Arrow keys go to the nearest image in their direction; with Shift "
  + "they move a free code, where the map has codes for its places.";
const NAMED = 40; // classes; with more the names would cover the points

/** Places for all n points: those beyond the map's have none. Pure. */
export function padded(places, n) {
  if (places.length === 2 * n) return places;
  const all = new Float32Array(2 * n).fill(NaN);
  all.set(places.subarray(0, 2 * n));
  return all;
}

/** The places of a map's points, in their order; of too many points they are not known as yet. */
const placesOf = (model, { map, far, n }) =>
  (far ? new Float32Array(2 * n).fill(NaN) : fetchPlaces(model, map));

export class MapStage {
  /**
   * @param {HTMLElement} root the `.vae` element; its data attributes tell what is drawn
   * @param {object} data from Python
   * @param {object} on
   * @param {() => void} on.replaced what was under the hand is there no more
   * @param {() => Uint8Array | null} on.selected 1 for each selected point
   * @param {(sentence: string) => void} on.error
   */
  constructor(root, data, on) {
    const { model, n, dims, shape, classes } = data;
    Object.assign(this, { root, data, on, model, classes });
    this.labels = new Uint16Array(n); // by row, as soon as they are here
    this.coords = new Float32Array(0); // places of the first rows on the map
    this.centres = []; // for each class the row at which it is named
    this.drawn = null; // the data of the map that `coords` belong to, which `data` may be ahead of
    this.marked = { picked: null, placed: null, hovered: null };
    this.host = element("div", {
      class: "plane", tabindex: "0", role: "application", "aria-label": KEYS,
    });
    this.named = classes.length > 1 && classes.length <= NAMED;
    this.marks = new Marks(this.named ? classes.map(({ name }) => name) : []);
    this.points = new Points();
    this.few = null; // {rows, places} of the points in view, on a map of too many points
    this.lattice = new Lattice(root, { model, shape, onError: on.error });
    this.layers = layerSwitch(() => this.#showLayers());
    this.colours = mapColours({
      model, n, labels: this.labels, classes, colourings: data.colourings, palette: data.palette,
      changed: () => this.repaint(), onError: on.error,
    });
    this.menu = mapMenu({
      named: this.named, more: [this.colours.picker], changed: () => this.#showExtras(),
    });
    const follow = () => this.follow();
    this.ends = new Ends(model, follow, on.error);
    this.posteriors = new MapPosteriors({
      model, n, dims, on: this.menu.on, onError: on.error,
      changed: () => this.plane?.ready && this.posteriors.scale.follow(this.plane),
    });
    this.faraway = new FarAway({
      model, classes, by: () => this.colours.by, hidden: (label) => this.colours.hidden(label),
      found: (few) => this.#showFew(few),
      onError: on.error,
    });
    this.forming = new Forming({
      model, onError: on.error, whole: () => this.plane.box, show: (to) => this.#showForming(to),
    });
    this.replay = button("▶ Watch it form", "The points while t-SNE arranged them", () =>
      this.#watch(this.drawn.map, false));
    this.replay.classList.add("replay");
    this.note = element("p", { class: "quiet note" });
    this.host.append(this.lattice.ground, this.faraway.canvas, this.points.canvas);
    this.labelled = fetchLabels(model).then((all) => this.labels.set(all));
  }

  /** Whether the map that Python names is the one that is drawn, and the hand may be on it. */
  get ready() {
    return this.#current && this.plane.ready && !this.forming.on;
  }

  get #current() {
    const { drawn, data } = this;
    return drawn !== null && drawn.map === data.map && drawn.stamp === data.stamp;
  }

  /**
   * Fetch and draw the map that `data` names; the newest wins. Until it is drawn the old one stays,
   * dimmed, with its own numbers beside it.
   * @returns {Promise<boolean>} whether it is drawn
   */
  async load(data, over) {
    this.data = data;
    const late = () =>
      this.closed || data.map !== this.data.map || data.stamp !== this.data.stamp;
    this.root.dataset.busy = "true";
    this.on.replaced();
    try {
      const [Plotly, places] = await Promise.all(
        [loadPlotly(data.plotly), placesOf(this.model, data), this.labelled]);
      if (late()) return false;
      if (!this.plane) this.#open(Plotly, over);
      this.forming.close();
      this.coords = places;
      this.centres = data.far ? this.classes.map(() => -1)
        : groupClasses(this.labels, this.classes, places).centres;
      if (this.drawn?.map !== data.map) this.lattice.use(null);
      this.few = null;
      this.points.move(padded(data.far ? new Float32Array(0) : places, this.labels.length));
      await this.plane.draw(data.far ?? boxOf(places), data.axes);
      if (late()) return false;
      this.#take(this.data);
      this.repaint();
      Object.assign(this.root.dataset, { busy: "false", points: places.length / 2 });
      this.on.error("");
      return true;
    } catch (error) {
      if (late()) return false;
      this.root.dataset.busy = "failed";
      this.on.error(`The map did not come: ${error.message}`);
      return false;
    }
  }

  #open(Plotly, over) {
    this.plane = new Plane(this.host, Plotly, () => this.follow());
    this.plane.over.append(this.lattice.canvas, this.posteriors.scale.element,
      ...this.marks.elements, ...this.ends.elements);
    this.host.append(this.replay, this.forming.element, ...over);
  }

  /** Take over what Python says: at once of the map that is drawn, later of one to come. */
  accept(data) {
    this.data = data;
    if (this.#current) this.#take(data);
  }

  #take(data) {
    const { drawn } = this;
    const another = !drawn || drawn.map !== data.map || !sameLift(drawn.lift, data.lift);
    this.drawn = data;
    this.note.textContent = data.note;
    this.root.dataset.axes = String(data.axes.length > 0);
    this.replay.hidden = !data.frames;
    this.menu.linear(Boolean(data.lift));
    this.#showLayers();
    if (another) {
      this.lattice.use(data.lift);
      this.posteriors.use(data);
    }
    this.faraway.canvas.hidden = !data.far;
    if (another && data.far) this.faraway.use(data.map);
    this.ends.use(data, this.coords);
    this.plane.retheme();
    this.lattice.follow(this.plane);
    if (data.forming && this.forming.map !== data.forming) this.#watch(data.forming, true);
    else if (!data.forming && this.forming.live) this.forming.close();
  }

  /** What is to be marked: a picked row, a placed code, a hovered row, and whose posterior. */
  mark(changes) {
    Object.assign(this.marked, changes);
    this.follow();
  }

  /** The ring alone, on each move of the hand. */
  ring(row) {
    this.marked.hovered = row;
    if (this.plane?.ready) this.marks.ring(this.plane, this.coords, row);
  }

  onMap = (row) => row >= 0 && 2 * row < this.coords.length;

  shows = (row) => this.colours.shows(row);

  /** Put everything that lies over and under the points where it belongs now. */
  follow() {
    const { plane, coords, classes } = this;
    if (!plane?.ready || !coords.length) return;
    const count = this.few?.rows.length ?? coords.length / 2;
    this.points.draw(plane, pointSize(count, this.host.clientWidth));
    if (this.drawn?.far) this.faraway.follow(plane);
    if (this.forming.on) return;
    this.lattice.follow(plane);
    const { picked, placed, hovered } = this.marked;
    const names = this.menu.on("names");
    this.marks.place(plane, coords, {
      picked: picked !== null && this.onMap(picked) ? picked : null,
      placed,
      named: this.centres.map((row, i) =>
        (!names || this.colours.hidden(classes[i].label) ? -1 : row)),
    });
    this.marks.ring(plane, coords, hovered);
    this.ends.follow(plane);
    this.posteriors.scale.follow(plane);
  }

  /** Other colours, or others selected: the points, and what counts those that are shown. */
  repaint() {
    if (!this.drawn) return;
    if (this.drawn.far) this.faraway.repaint();
    if (this.few || !this.drawn.far)
      this.points.look(this.colours.paint(this.on.selected(), this.few?.rows));
    this.#showExtras();
  }

  /** On a map of too many points, those in view, where they are few enough; else null. */
  #showFew(few) {
    this.few = few;
    this.coords.fill(NaN);
    few?.rows.forEach((row, i) => this.coords.set(few.places.subarray(2 * i, 2 * i + 2), 2 * row));
    this.root.dataset.few = String(few?.rows.length ?? 0);
    this.points.move(few?.places ?? padded(new Float32Array(0), this.labels.length));
    this.repaint();
  }

  close() {
    this.closed = true;
    this.forming.close();
    const { lattice, posteriors, ends, menu, points, faraway } = this;
    for (const part of [lattice, posteriors, ends, menu, points, faraway]) part.close();
    this.plane?.destroy();
  }

  #showLayers() {
    const { root, drawn, layers } = this;
    layers.element.hidden = !drawn?.lift;
    root.dataset.layers = drawn?.lift ? layers.value : "points";
    this.lattice.show(root.dataset.layers !== "points", root.dataset.layers === "both");
  }

  #showExtras() {
    if (!this.#current || !this.plane.ready) return;
    this.plane.contour(this.menu.on("density")
      ? enclosedShares(this.coords, this.shows, this.plane.box) : null);
    this.posteriors.refresh();
    this.follow();
  }

  /** Places of a map that forms, instead of its own; or, with null, its own again. */
  #showForming(places) {
    if (this.closed) return;
    if (this.root.dataset.forming !== String(places !== null)) this.on.replaced();
    this.root.dataset.forming = String(places !== null);
    this.points.move(padded(places ?? this.coords, this.labels.length));
    this.follow();
  }

  #watch(map, live) {
    this.forming.play(map, live).catch((error) => this.on.error(error.message));
  }
}
