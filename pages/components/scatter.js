/** The Latent map page: codes as points, what is under the hand decoded live beside them. */

import { Choice } from "./choice.js";
import { element, mountModel } from "./dom.js";
import { watchHand } from "./hand.js";
import { Lattice } from "./lattice.js";
import { layerSwitch } from "./layers.js";
import { legend } from "./legend.js";
import { nearestCode, sameLift } from "./lens.js";
import { Loupe } from "./loupe.js";
import { fetchMap, groupClasses, Placer } from "./mapdata.js";
import { Marks } from "./marks.js";
import { unpackBase64 } from "./nearest.js";
import { panel } from "./panel.js";
import { pictures } from "./pictures.js";
import { Plane } from "./plane.js";

const KEYS = "Map of the codes. Arrow keys go to the nearest image in their direction; with Shift "
  + "they move a free code, where the map has codes for its places.";
const NAMED = 40; // classes; with more the names would cover the points

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  let data = args.data;
  const { model, shape, classes } = data;
  const labels = unpackBase64(data.labels, Uint16Array);
  // by row: the codes, their places on the map, and for each class the row at which it is named
  let [codes, coords, centres] = [null, new Float32Array(0), []];
  let [plane, closed] = [null, false];
  let drawn = null; // the data of the map that `coords` belong to, which `data` may be ahead of
  let hovered = null; // {index} or, where every place is a code, {z, x, y, dot}
  let placed = null; // {x, y, spread} of a chosen code that is no point of this map
  const choice = new Choice(data, (point) => args.setStateValue("point", { model, ...point }));

  // ---- what stands on the page
  const host = element("div", {
    class: "plane", tabindex: "0", role: "application", "aria-label": KEYS,
  });
  const named = classes.length > 1 && classes.length <= NAMED;
  const marks = new Marks(named ? classes.map(({ name }) => name) : []);
  const key = legend(classes, () => {
    plane?.show(classes.map(({ label }) => !key.hidden.has(label)));
    follow();
  });
  const layers = layerSwitch(showLayers);
  const colours = new Map(classes.map((entry) => [entry.label, entry]));
  const side = panel({ shape, labels, onSend: send, classes: colours });
  const note = element("p", { class: "quiet note" });
  const complain = (sentence) => (side.message.textContent = sentence);
  const lattice = new Lattice(root, { model, shape, onError: complain });
  const loupe = new Loupe(shape, (index) => colours.get(labels[index])?.colour);
  host.append(lattice.ground);
  root.replaceChildren(
    element("section", { class: "map", "aria-label": "Map" },
      element("div", { class: "bar" }, named ? key.element : "", layers.element), host, note),
    side.element);

  // ---- the lines to the server
  const placer = new Placer(model, complain);
  const shownAs = pictures(root, {
    model, side, loupe, absence: () => data.absence, onError: complain,
  });

  const isCurrent = () => drawn !== null && drawn.map === data.map && drawn.stamp === data.stamp;

  /**
   * Fetch and draw the map that `data` names; the newest wins. Until it is drawn the old one stays,
   * dimmed, with its own numbers beside it.
   */
  async function load() {
    const wanted = data;
    const late = () => closed || wanted.map !== data.map || wanted.stamp !== data.stamp;
    root.dataset.busy = "true";
    hover(null);
    try {
      const [Plotly, places, rows] = await fetchMap(wanted, codes);
      if (late()) return;
      if (!plane) {
        plane = new Plane(host, Plotly, follow);
        plane.over.append(lattice.canvas, ...marks.elements);
        host.append(loupe.element);
      }
      const { groups, centres: middles } = groupClasses(labels, classes, places);
      for (const group of groups) group.visible = !key.hidden.has(group.label);
      [codes, coords, centres] = [rows, places, middles];
      if (drawn?.map !== wanted.map) lattice.use(null);
      await plane.draw(coords, groups, wanted.axes);
      if (late()) return;
      accept(data);
      Object.assign(root.dataset, { busy: "false", points: coords.length / 2 });
      complain("");
      askPlace();
      refresh();
    } catch (error) {
      if (late()) return;
      root.dataset.busy = "failed";
      complain(`The map did not come: ${error.message}`);
    }
  }

  /** Take over what Python says of the map that is drawn. */
  function accept(next) {
    const another = !drawn || drawn.map !== next.map || !sameLift(drawn.lift, next.lift);
    drawn = next;
    side.rate(drawn.quality);
    note.textContent = drawn.note;
    root.dataset.axes = String(drawn.axes.length > 0);
    showLayers();
    if (another) lattice.use(drawn.lift);
    lattice.follow(plane);
  }

  function showLayers() {
    layers.element.hidden = !drawn?.lift;
    root.dataset.layers = drawn?.lift ? layers.value : "points";
    lattice.show(root.dataset.layers !== "points", root.dataset.layers === "both");
  }

  const onMap = (row) => row >= 0 && 2 * row < coords.length;

  /** The code that is no point of this map: a free one, or that of an image beyond the map's. */
  const floating = () => (choice.picked === null ? choice.free
    : onMap(choice.picked) ? null : codes[choice.picked]);

  function askPlace() {
    placed = null;
    placer.close();
    const code = floating();
    if (code && drawn) {
      placer.ask(drawn, code, (answer) => {
        placed = answer;
        follow();
        describe();
      });
    }
    follow();
  }

  // ---- what is shown: under the pointer, else picked, else the free code
  const subject = () => {
    if (hovered) return hovered;
    if (choice.picked !== null) return { index: choice.picked };
    return choice.free ? { z: choice.free } : null;
  };

  function refresh(since = performance.now()) {
    const shown = describe();
    if (shown) shownAs.decode(shown.z ?? codes[shown.index], since);
  }

  /** Say what is shown, beside its original. @returns it, or null while there is nothing */
  function describe() {
    const shown = codes && subject();
    if (!shown) return null;
    const near = shown.z ? nearestCode(codes, shown.z) : null;
    side.describe(shown, {
      near,
      hovering: hovered !== null,
      chosen: choice.any,
      image: shown.index === data.picked?.index ? data.picked : null,
      usual: data.usual,
      doubt: !hovered && drawn && !drawn.exact ? placed?.spread : null,
      absence: data.absence,
    });
    shownAs.original(shown.index ?? near.row);
    return shown;
  }

  /** Put everything that lies over and under the points where it belongs now. */
  function follow() {
    if (!plane?.ready || !coords.length) return;
    lattice.follow(plane);
    ring();
    marks.place(plane, coords, {
      picked: choice.picked !== null && onMap(choice.picked) ? choice.picked : null,
      placed,
      named: centres.map((row, i) => (key.hidden.has(classes[i].label) ? -1 : row)),
    });
  }

  function ring() {
    const row = hovered?.index ?? hovered?.dot ?? -1;
    marks.ring(plane, coords, onMap(row) ? row : null);
  }

  // ---- the hand
  const shows = (index) => !key.hidden.has(labels[index]);
  const dots = () => root.dataset.layers === "points" || (drawn.whole && layers.value === "both");
  const under = () => (isCurrent() && plane.ready ? {
    plane, coords, shows, placed, lift: drawn.lift, dots: dots(), picked: choice.picked,
  } : null);
  const letGo = watchHand(host, under, {
    hovered: hover,
    sensed: (to, since) => to?.z && shownAs.decode(to.z, since),
    chosen: (target) => moveTo(target, "choose"),
    stepped: (target) => moveTo(target, "step"),
    opened: () => choice.any && send("explore"),
  });

  function hover(to, at) {
    if (!to && !hovered) return;
    const same = to && hovered && to.index != null && hovered.index === to.index;
    hovered = to;
    if (to) loupe.follow(at, plane.frame, to.index, data.absence === null);
    else loupe.hide();
    if (same) return;
    ring();
    refresh(at?.since);
  }

  /** A click, or an arrow key's step: the point that is chosen now. */
  function moveTo(target, how) {
    hovered = null;
    loupe.hide();
    choice[how](target);
    askPlace();
    refresh();
  }

  function send(where) {
    choice.flush();
    args.setTriggerValue("go", where);
  }

  load();

  return {
    update(next) {
      const before = data;
      [args, data] = [next, next.data];
      const news = choice.accept(data);
      if (news && plane) askPlace();
      if (data.map !== before.map || data.stamp !== before.stamp) load();
      else {
        if (isCurrent()) accept(data);
        plane?.retheme();
        (news ? refresh : describe)();
      }
    },
    destroy() {
      closed = true;
      choice.close();
      letGo();
      for (const line of [shownAs, placer, lattice]) line.close();
      plane?.destroy();
      root.replaceChildren();
    },
  };
}
