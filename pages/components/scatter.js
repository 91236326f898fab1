/** The Latent map page: codes as points, the one under the hand decoded live beside them. */

import { Choice } from "./choice.js";
import { element, mountModel, Paints, showLine } from "./dom.js";
import { watchHand } from "./hand.js";
import { legend } from "./legend.js";
import { fetchMap, groupClasses, Placer } from "./mapdata.js";
import { Marks } from "./marks.js";
import { unpackBase64 } from "./nearest.js";
import { panel } from "./panel.js";
import { Plane } from "./plane.js";
import { LiveChannel } from "./wire.js";

const NAMED = 40; // classes; with more the names would cover the points

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  let data = args.data;
  const { model, shape, classes } = data;
  const labels = unpackBase64(data.labels, Uint16Array);
  let coords = new Float32Array(0);
  let codes = null;
  let plane = null;
  let closed = false;
  let drawn = null; // the data of the map that `coords` belong to, which `data` may be ahead of
  let hovered = null; // {index} or, in a plane of two latent dimensions, {z}
  let placed = null; // {x, y, spread} of a chosen code that is no point of this map
  const choice = new Choice(data, (point) => args.setStateValue("point", { model, ...point }));
  let centres = []; // the row at which each class is named

  // ---- what stands on the page
  const host = element("div", {
    class: "plane", tabindex: "0", role: "application",
    "aria-label": "Map of the codes. Arrow keys go to the nearest image in their direction.",
  });
  const named = classes.length > 1 && classes.length <= NAMED;
  const marks = new Marks(named ? classes.map(({ name }) => name) : []);
  const key = legend(classes, () => {
    if (plane?.ready) plane.show(classes.map(({ label }) => !key.hidden.has(label)));
    moved();
  });
  const side = panel({
    shape, labels, onSend: send,
    classes: new Map(classes.map((entry) => [entry.label, entry])),
  });
  const note = element("p", { class: "quiet note" });
  root.replaceChildren(
    element("section", { class: "map", "aria-label": "Map" },
      named ? key.element : "", host, note),
    side.element);

  // ---- the lines to the server
  const paints = new Paints(root);
  const channel = new LiveChannel({
    model,
    onState: (state) => showLine(root, side.line, state),
    onError: (sentence) => (side.message.textContent = sentence),
  });
  const placer = new Placer(model, (sentence) => (side.message.textContent = sentence));
  showLine(root, side.line, "loading");

  const isCurrent = () => drawn !== null && drawn.map === data.map && drawn.stamp === data.stamp;

  /**
   * Fetch and draw the map that `data` names; the newest wins. Until it is drawn the old one stays,
   * dimmed, with its own numbers beside it.
   */
  async function load() {
    const wanted = data;
    const late = () => closed || wanted.map !== data.map || wanted.stamp !== data.stamp;
    root.dataset.busy = "true";
    hovered = null;
    describe();
    moved();
    try {
      const [Plotly, places, rows] = await fetchMap(wanted, codes);
      if (late()) return;
      if (!plane) {
        plane = new Plane(host, Plotly, moved);
        plane.over.append(...marks.elements);
      }
      const { groups, centres: middles } = groupClasses(labels, classes, places);
      for (const group of groups) group.visible = !key.hidden.has(group.label);
      [codes, coords, centres] = [rows, places, middles];
      await plane.draw(coords, groups, wanted.axes);
      if (late()) return;
      drawn = data;
      root.dataset.busy = "false";
      root.dataset.points = String(coords.length / 2);
      side.message.textContent = "";
      fill();
      askPlace();
      refresh();
    } catch (error) {
      if (late()) return;
      root.dataset.busy = "failed";
      side.message.textContent = `The map did not come: ${error.message}`;
    }
  }

  const onMap = (row) => 2 * row < coords.length;

  /** The code that is no point of this map: a free one, or that of an image beyond the map's. */
  const floating = () => (choice.picked === null ? choice.free
    : onMap(choice.picked) ? null : codes[choice.picked]);

  /** Ask where the floating code lies on this map. */
  function askPlace() {
    placed = null;
    placer.close();
    const code = floating();
    if (!code || !drawn) return moved();
    placer.ask(drawn.map, code, (answer) => {
      placed = answer;
      moved();
      describe();
    });
  }

  // ---- what is shown: under the pointer, else picked, else the free code
  const subject = () => {
    if (hovered) return hovered;
    if (choice.picked !== null) return { index: choice.picked };
    return choice.free ? { z: choice.free } : null;
  };

  function refresh() {
    moved();
    describe();
    const shown = subject();
    if (!shown || !codes) return;
    const since = performance.now();
    const asked = shown.z ?? codes[shown.index];
    channel.ask("main", Float32Array.from(asked), (answer) => {
      side.paint(new Uint8Array(answer));
      paints.painted(since, Array.from(asked));
    });
  }

  function describe() {
    const shown = subject();
    if (!shown) return;
    const isImage = shown.index != null && data.picked?.index === shown.index;
    side.describe(shown, {
      hovering: hovered !== null,
      chosen: choice.any,
      image: isImage ? data.picked : null,
      doubt: !hovered && drawn && !drawn.exact ? placed?.spread : null,
      absence: data.absence,
    });
  }

  function moved() {
    if (!plane?.ready || !coords.length) return;
    const has = (row) => (row != null && onMap(row) ? row : null);
    marks.place(plane, coords, {
      hovered: has(hovered?.index),
      picked: has(choice.picked),
      placed,
      named: centres.map((row, i) => (key.hidden.has(classes[i].label) ? -1 : row)),
    });
  }

  // ---- the hand
  const shows = (index) => !key.hidden.has(labels[index]);
  const letGo = watchHand(host, () => (
    isCurrent() && plane.ready
      ? { plane, coords, freely: drawn.freely, shows, picked: choice.picked, placed } : null), {
    hovered: hover,
    chosen: choose,
    stepped: step,
    opened: () => send("explore"),
  });

  function hover(to) {
    if (hovered === to || (hovered && to && hovered.index === to.index && to.index != null)) return;
    hovered = to;
    refresh();
  }

  function choose(target) {
    hovered = null;
    choice.choose(target);
    askPlace();
    refresh();
  }

  function step(row) {
    [hovered, placed] = [null, null];
    choice.step(row);
    refresh();
  }

  function send(where) {
    choice.flush();
    args.setTriggerValue("go", where);
  }

  function fill() {
    side.rate(drawn.quality);
    note.textContent = drawn.note;
  }

  load();

  return {
    update(next) {
      args = next;
      const before = data;
      data = next.data;
      const news = choice.accept(data);
      if (news && plane) askPlace();
      if (data.map !== before.map || data.stamp !== before.stamp) load();
      else {
        if (isCurrent()) {
          drawn = data;
          fill();
        }
        plane?.retheme();
        describe();
        if (news) refresh();
      }
    },
    destroy() {
      closed = true;
      choice.close();
      letGo();
      channel.close();
      placer.close();
      plane?.destroy();
      root.replaceChildren();
    },
  };
}
