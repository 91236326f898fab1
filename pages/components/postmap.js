/** q(z|x) on the map of the held-out codes: the whole of it, and the surroundings of the mean. */

import { calm, element } from "./dom.js";
import { MapCanvas } from "./mapcanvas.js";
import { fetchPlaces, groupClasses } from "./mapdata.js";
import { extent } from "./nearest.js";
import { pointSize } from "./plane.js";

const CLOSER = [16, 8, 4, 2]; // times, in the second view: the most that shows most of q(z|x)
const MOST = 0.9;
const EVERY = 50; // ms between two drawings of the map: the images beside it go first
const NAMED = 40; // classes; with more the names would cover the points

/** The box about a place from which `share` of the whole box is seen. Pure. */
export function boxAbout([u, v], whole, share) {
  const half = (share * Math.max(whole.x[1] - whole.x[0], whole.y[1] - whole.y[0])) / 2;
  return { x: [u - half, u + half], y: [v - half, v + half] };
}

/**
 * How many times closer q(z|x) can be seen: so that 2σ, or most of its draws, are in sight. Pure.
 * @param {{places: Array<ArrayLike<number>>, sigma?: ArrayLike<number>}} shown
 */
export function closeness({ places: [mean, ...draws], sigma }, whole) {
  const inside = ([x, y], box) => x > box.x[0] && x < box.x[1] && y > box.y[0] && y < box.y[1];
  const points = sigma
    ? [[mean[0] + 2 * sigma[0], mean[1]], [mean[0], mean[1] + 2 * sigma[1]]] : draws;
  const seen = (closer) => {
    const box = boxAbout(mean, whole, 1 / closer);
    return points.filter((point) => inside(point, box)).length >= MOST * points.length;
  };
  return CLOSER.find(seen) ?? CLOSER.at(-1);
}

/**
 * @param {Uint16Array} labels of the held-out images
 * @param {Array<{label: number, name: string, colour: string}>} classes
 */
export function makePosteriorMap(labels, classes) {
  const far = new MapCanvas("Map of the held-out codes, with the posterior of the drawing");
  const near = new MapCanvas("The surroundings of the posterior mean");
  const hint = element("span", { class: "quiet number" });
  const closer = element("div", { class: "closer" }, near.element, hint);
  const box = element("div", { class: "postmap" }, far.element, closer);
  let points = null; // what both views show
  let shown = null;
  const watcher = new ResizeObserver(redraw);
  watcher.observe(box);

  /** Draw all anew: another size, another theme. */
  function redraw() {
    if (points && far.look({ ...points, box: points.whole })) paint();
  }

  function paint() {
    closer.dataset.empty = String(!shown);
    if (!points || !far.view) return;
    if (!shown) {
      hint.textContent = "from near";
      return far.paint(null);
    }
    const times = closeness(shown, points.whole);
    const around = boxAbout(shown.places[0], points.whole, 1 / times);
    hint.textContent = `${times} × closer`;
    far.paint(shown, around);
    const looks = near.look({ ...points, centres: [], size: 1.6 * points.size, box: around });
    if (looks) near.paint(shown);
  }

  const later = calm(paint, EVERY);

  return {
    element: box,
    redraw,

    /** Fetch the places; @throws if they do not come. */
    async load(model, map) {
      const coords = await fetchPlaces(model, map);
      const { groups, centres } = groupClasses(labels, classes, coords);
      const named = classes.length > 1 && classes.length <= NAMED;
      points = {
        coords, groups, centres: named ? centres : [], whole: extent(coords, 0.04),
        size: 0.7 * pointSize(coords.length / 2),
      };
      redraw();
    },

    /** @param {object | null} next see MapCanvas.paint; null for no posterior */
    show(next) {
      shown = next;
      if (next) later();
      else paint();
    },

    close: () => watcher.disconnect(),
  };
}
