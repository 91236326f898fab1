/** The Latent map page: codes as points, the one under the hand decoded live beside them. */

import { fetchCodes } from "./codes.js";
import { element, Paints, showLine } from "./dom.js";
import { sameCode } from "./latent.js";
import { legend } from "./legend.js";
import { Marks } from "./marks.js";
import { groupRows, medoid, nearest, neighbourTowards, unpackBase64 } from "./nearest.js";
import { panel } from "./panel.js";
import { loadPlotly, Plane } from "./plane.js";
import { watchPointer } from "./pointer.js";
import { LiveChannel } from "./wire.js";

const REACH = { mouse: 14, pen: 14, touch: 26 }; // px within which a point is meant
const TELL_AFTER = 250; // ms of rest after an arrow key before Python is told
const NAMED = 40; // classes; with more the names would cover the points

export function mount(root, args) {
  const place = root.querySelector(".vae");
  let view = build(place, args);
  return {
    update(next) {
      if (next.data.model === args.data.model) view.update(next);
      else {
        view.destroy();
        view = build(place, next);
      }
      args = next;
    },
    destroy: () => view.destroy(),
  };
}

function build(root, args) {
  let data = args.data;
  const { model, shape, classes } = data;
  const labels = unpackBase64(data.labels, Uint16Array);
  let coords = new Float32Array(0);
  let codes = null;
  let plane = null;
  let closed = false;
  let shownMap = null; // the map that `coords` belong to
  let hovered = null; // {index} or, in a plane of two latent dimensions, {z}
  let picked = data.picked?.index ?? null;
  let free = data.z; // a code that is no image's: from Explore, or a click on the plane
  let told = null; // the last point sent to Python, whose echo is not news
  let placed = null; // {x, y, spread} of `free`
  let tellTimer = null;
  let centres = []; // the row at which each class is named

  // ---- what stands on the page
  const host = element("div", {
    class: "plane", tabindex: "0", role: "application", onkeydown: onKey,
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
  let placing = null;
  showLine(root, side.line, "loading");

  /** Fetch and draw the map that `data` names; the newest wins. */
  async function load() {
    const wanted = data.map;
    host.dataset.busy = "true";
    try {
      const url = `/live/models/${encodeURIComponent(model)}/map?map=${encodeURIComponent(wanted)}`;
      const [Plotly, response, rows] = await Promise.all([
        loadPlotly(data.plotly), fetch(url), codes ?? fetchCodes(model, data.dims),
      ]);
      if (!response.ok) throw new Error((await response.text()).slice(0, 200));
      const places = new Float32Array(await response.arrayBuffer());
      if (closed || wanted !== data.map) return;
      [codes, coords] = [rows, places];
      if (!plane) {
        plane = new Plane(host, Plotly, moved);
        plane.over.append(...marks.elements);
      }
      const members = groupRows(labels, classes.map((entry) => entry.label), coords.length / 2);
      centres = members.map((rowsOf) => medoid(coords, rowsOf));
      const groups = members.map((rowsOf, i) =>
        ({ ...classes[i], rows: rowsOf, visible: !key.hidden.has(classes[i].label) }));
      await plane.draw(coords, groups, data.axes);
      if (closed || wanted !== data.map) return;
      shownMap = wanted;
      root.dataset.points = String(coords.length / 2);
      side.message.textContent = "";
      askPlace();
      refresh();
    } catch (error) {
      side.message.textContent = `The map did not come: ${error.message}`;
    } finally {
      if (wanted === data.map) host.dataset.busy = "false";
    }
  }

  /** The code that is no point of this map: a free one, or that of an image beyond the map's. */
  const floating = () => (picked === null ? free : onMap(picked) ? null : codes[picked]);
  const onMap = (row) => 2 * row < coords.length;

  /** Ask where the floating code lies on this map. */
  function askPlace() {
    placed = null;
    placing?.close();
    placing = null;
    const code = floating();
    if (!code) return moved();
    const asked = shownMap;
    placing = new LiveChannel({
      model, op: "place", query: `?map=${encodeURIComponent(asked)}`,
      onError: (sentence) => (side.message.textContent = sentence),
    });
    placing.ask("main", Float32Array.from(code), (answer) => {
      const [x, y, spread] = new Float32Array(answer);
      placed = { x, y, spread };
      placing?.close();
      placing = null;
      moved();
      describe();
    });
  }

  // ---- what is shown: under the pointer, else picked, else the free code
  const subject = () => {
    if (hovered) return hovered;
    if (picked !== null) return { index: picked };
    return free ? { z: free } : null;
  };
  const codeOf = ({ index, z }) => z ?? codes[index];

  function refresh() {
    moved();
    describe();
    const shown = subject();
    if (!shown || !codes) return;
    const since = performance.now();
    const asked = codeOf(shown);
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
      chosen: picked !== null || free !== null,
      image: isImage ? data.picked : null,
      doubt: !hovered && !data.exact ? placed?.spread : null,
      originals: data.originals,
    });
  }

  function moved() {
    if (!plane?.ready || !coords.length) return;
    const has = (row) => (row != null && onMap(row) ? row : null);
    marks.place(plane, coords, {
      hovered: has(hovered?.index),
      picked: has(picked),
      placed,
      named: centres.map((row, i) => (key.hidden.has(classes[i].label) ? -1 : row)),
    });
  }

  // ---- the hand
  const shows = (index) => !key.hidden.has(labels[index]);

  /** What a pixel of the map means: a point, a place of the plane, or nothing. */
  function under(left, top, pointer) {
    if (!plane?.ready || !coords.length || !plane.contains(left, top)) return null;
    const [x, y] = plane.toMap(left, top);
    const reach = data.freely ? 6 : REACH[pointer] ?? REACH.mouse;
    const index = nearest(coords, x, y, reach / plane.scale, shows);
    if (index >= 0) return { index };
    return data.freely ? { z: [x, y] } : null;
  }

  function hover(to) {
    if (hovered === to || (hovered && to && hovered.index === to.index && to.index != null)) return;
    hovered = to;
    refresh();
  }

  const letGo = watchPointer(host, {
    moved: (...place) => hover(under(...place)),
    left: () => hover(null),
    clicked: (...place) => choose(under(...place)),
  });

  function choose(target) {
    if (!target) return;
    hovered = null;
    picked = target.index ?? null;
    free = target.z ?? null;
    askPlace();
    refresh();
    clearTimeout(tellTimer);
    tell();
  }

  function tell() {
    tellTimer = null;
    const z = free ? Array.from(free, (v) => Math.round(v * 1e4) / 1e4) : null;
    told = { index: picked, z };
    args.setStateValue("point", { model, ...told });
  }

  function send(where) {
    if (tellTimer) {
      clearTimeout(tellTimer);
      tell();
    }
    args.setTriggerValue("go", where);
  }

  function onKey(event) {
    if (event.key === "+" || event.key === "=") plane?.zoom(1.4);
    else if (event.key === "-") plane?.zoom(1 / 1.4);
    else if (event.key === "0") plane?.fit();
    else if (event.key === "Enter" && event.target === host && picked !== null) send("explore");
    else if (event.key.startsWith("Arrow") && coords.length) {
      const start = picked ?? nearest(coords, placed?.x ?? 0, placed?.y ?? 0, Infinity, shows);
      const next = picked === null ? start : neighbourTowards(coords, start, event.key, shows);
      if (next >= 0) {
        [hovered, picked, free, placed] = [null, next, null, null];
        refresh();
        clearTimeout(tellTimer);
        tellTimer = setTimeout(tell, TELL_AFTER);
      }
    } else return;
    event.preventDefault();
  }

  const tools = [
    ["+", "Zoom in", () => plane?.zoom(1.4)],
    ["−", "Zoom out", () => plane?.zoom(1 / 1.4)],
    ["⤢", "Whole map", () => plane?.fit()],
  ];
  host.append(element("div", { class: "tools" }, ...tools.map(([text, title, onclick]) =>
    element("button", { type: "button", title, "aria-label": title, onclick }, text))));

  function fill() {
    side.rate(data.quality);
    note.textContent = data.note;
  }

  fill();
  describe();
  load();

  return {
    update(next) {
      args = next;
      const before = data;
      data = next.data;
      fill();
      const incoming = { index: data.picked?.index ?? null, z: data.z };
      const echo = told && told.index === incoming.index
        && (told.z === null || sameCode(told.z, incoming.z ?? []));
      const same = before.picked?.index === data.picked?.index
        && (before.z === data.z || sameCode(before.z, data.z));
      if (!echo && !same) {
        picked = incoming.index;
        free = incoming.z;
        if (plane) askPlace();
      }
      if (data.map !== before.map || data.stamp !== before.stamp) load();
      else {
        plane?.retheme();
        describe();
        if (!echo && !same) refresh();
      }
    },
    destroy() {
      closed = true;
      clearTimeout(tellTimer);
      letGo();
      channel.close();
      placing?.close();
      plane?.destroy();
      root.replaceChildren();
    },
  };
}
