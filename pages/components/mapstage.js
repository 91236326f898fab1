/** What is drawn on the map: its points and all that lies under and over them, in their places. */

import { Cloud, padded } from "./cloud.js";
import { enclosedShares } from "./density.js";
import { button, element } from "./dom.js";
import { FarAway } from "./faraway.js";
import { Forming } from "./forming.js";
import { Lattice } from "./lattice.js";
import { layerSwitch } from "./layers.js";
import { sameLift } from "./lens.js";
import { mapColours } from "./mapcolours.js";
import { fetchLabels, fetchPlaces } from "./mapdata.js";
import { mapMenu } from "./mapmenu.js";
import { boxOf } from "./nearest.js";
import { Overlays } from "./overlays.js";
import { Plane, pointSize } from "./plane.js";
import { loadPlotly } from "./plotly.js";
import { Points } from "./points.js";

const KEYS = "Map of the codes. Arrow keys go to the nearest image in their direction; with Shift "
  + "they move a free code, where the map has codes for its places.";

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
    const { model, n, shape, classes } = data;
    Object.assign(this, { root, data, on, model });
    this.labels = new Uint16Array(n); // by row, as soon as they are here
    this.cloud = new Cloud(n);
    this.drawn = null; // the data of the map that `coords` belong to, which `data` may be ahead of
    this.host = element("div", {
      class: "plane", tabindex: "0", role: "application", "aria-label": KEYS,
    });
    this.points = new Points();
    this.lattice = new Lattice(root, { model, shape, onError: on.error });
    this.layers = layerSwitch(() => this.#showLayers());
    this.colours = mapColours({
      model, n, labels: this.labels, classes, colourings: data.colourings, palette: data.palette,
      changed: () => this.repaint(), onError: on.error,
    });
    this.menu = mapMenu({
      named: Overlays.named(classes), point: data.posterior === "point", more: [this.colours.picker(() => this.menu.hide())],
      changed: () => this.#showExtras(),
    });
    this.over = new Overlays({
      data, menu: this.menu, colours: this.colours, plane: () => this.plane,
      changed: () => this.follow(), onError: on.error,
    });
    this.faraway = new FarAway({
      model, classes, colours: this.colours, found: (few) => this.#showFew(few), onError: on.error,
    });
    this.forming = new Forming({
      model, onError: on.error, whole: () => this.plane.box, show: (to) => this.#showForming(to),
    });
    this.replay = button("▶ Watch it form", "The points while they were being arranged", () =>
      this.#watch(this.drawn.map, false));
    this.replay.classList.add("replay");
    this.note = element("p", { class: "quiet note" });
    this.host.append(this.lattice.ground, this.faraway.canvas, this.points.canvas);
  }

  get coords() {
    return this.cloud.coords;
  }

  /** Fetch the labels, once. */
  labelled() {
    this.labelling ??= fetchLabels(this.model).then((all) => this.labels.set(all), (error) => {
      this.labelling = null; // the next who asks tries again
      throw error;
    });
    return this.labelling;
  }

  /** @param {boolean} on whether a drag of the mouse moves the map */
  set pans(on) {
    this.panning = on;
    if (this.plane) this.plane.pans = on;
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
    this.faraway.rest();
    try {
      const [Plotly, places] = await Promise.all([loadPlotly(data.plotly),
        data.far ? null : fetchPlaces(this.model, data.map), this.labelled()]);
      if (late()) return false;
      if (!this.plane) this.#open(Plotly, over);
      const film = this.forming.map === data.map; // it was watched until now
      if (!film) this.forming.close();
      this.cloud.use(places);
      this.over.name(this.labels, this.cloud);
      if (this.drawn?.map !== data.map) this.lattice.use(null);
      this.points.move(this.cloud.places);
      await this.plane.draw(data.far ?? boxOf(places), data.axes);
      if (late()) return false;
      if (film) this.forming.conclude();
      this.#take(this.data);
      this.repaint();
      Object.assign(this.root.dataset, { busy: "false", points: this.coords.length / 2 });
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
    this.plane.pans = this.panning ?? true;
    this.plane.over.append(this.lattice.canvas, ...this.over.elements);
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
    if (another) this.lattice.use(data.lift);
    if (another && data.far) this.faraway.use(data.map);
    this.colours.offer(data.colourings);
    this.over.use(data, this.cloud, another);
    this.plane.retheme();
    this.lattice.follow(this.plane);
    const news = ![this.forming.map, this.forming.dismissed].includes(data.forming);
    if (data.forming && news) this.#watch(data.forming, true);
    else if (!data.forming && this.forming.live) this.forming.close();
  }

  /** What is to be marked: a picked row, a placed code, a hovered row, and whose posterior. */
  mark(changes) {
    Object.assign(this.over.marked, changes);
    this.follow();
  }

  /** The ring alone, on each move of the hand. */
  ring(row) {
    this.over.ring(this.plane, this.cloud, row);
  }

  shows = (row) => this.colours.shows(row);

  /** Put everything that lies over and under the points where it belongs now. */
  follow() {
    const { plane, coords } = this;
    if (!plane?.ready || !coords.length) return;
    this.points.draw(plane, pointSize(this.cloud.count, this.host.clientWidth));
    if (this.forming.on) return;
    if (this.drawn?.far && this.#current) this.faraway.follow(plane);
    this.lattice.follow(plane);
    this.over.follow(plane, this.cloud);
  }

  /** Other colours, or others selected: the points, and what counts those that are shown. */
  repaint() {
    if (!this.drawn) return;
    if (this.drawn.far) this.faraway.repaint();
    if (this.cloud.far && !this.colours.byClass && this.colours.by === null)
      this.on.error("So many points cannot show a column of yours: zoom in to see it point by point.");
    this.points.look(this.colours.paint(this.on.selected(), this.cloud.rows));
    this.#showExtras();
  }

  /** On a map of too many points, those in view, where they are few enough; else null. */
  #showFew(few) {
    this.cloud.show(few);
    this.root.dataset.few = String(few?.rows.length ?? 0);
    this.points.move(this.cloud.places);
    this.repaint();
  }

  close() {
    this.closed = true;
    this.forming.close();
    for (const part of [this.lattice, this.over, this.menu, this.points, this.faraway]) part.close();
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
    this.over.posteriors.refresh();
    this.follow();
  }

  /** Places of a map that forms, instead of its own; or, with null, its own again. */
  #showForming(places) {
    if (this.closed) return;
    if (this.root.dataset.forming !== String(places !== null)) this.on.replaced();
    this.root.dataset.forming = String(places !== null);
    if (places && this.cloud.rows) this.points.look(this.colours.paint(null));
    this.points.move(places ? padded(places, this.labels.length) : this.cloud.places);
    if (!places) this.repaint();
    this.follow();
  }

  #watch(map, live) {
    this.forming.play(map, live).catch((error) => this.on.error(error.message));
  }
}
