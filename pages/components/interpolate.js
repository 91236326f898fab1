/** The Interpolate page: from A to B along a line or an arc, every step decoded live. */

import { fetchRandomCode, randomCode, realImageTitle } from "./codes.js";
import { button, element, mountModel, Paints, showLine } from "./dom.js";
import { brief, clamp, lerp, norm, pack, path, sameCode, slerp } from "./latent.js";
import { livemap } from "./livemap.js";
import { drawPixels, filmstrip, split } from "./pixels.js";
import { slider } from "./slider.js";
import { LiveChannel } from "./wire.js";

const FRAMES = 11; // the filmstrip; its first and last frames are the ends themselves
const PLACES = 129; // of the path on the map
const TOUR = 5000; // ms from A to B and back while playing

/** t after `ms` of playing from `t0`: there and back, slow at the ends. Pure. */
export function tourAt(ms, t0 = 0) {
  const phase = Math.acos(1 - 2 * clamp(t0, 0, 1));
  return (1 - Math.cos(phase + (2 * Math.PI * ms) / TOUR)) / 2;
}

/** What the path looks like on a map made by `method`, in few words. Pure. */
export function pathWords(kind, linear, method) {
  if (kind === "lerp")
    return `Straight in z; ${linear ? "straight on this map, too" : `${method} bends it`}.`;
  return linear ? "An arc in z, as this map projects it."
    : `An arc in z; ${method} bends it once more.`;
}

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  const { model, trained, shape, images, selected, unit } = args.data;
  const random = randomCode(args.data);
  const ends = { a: { ...args.data.a }, b: { ...args.data.b } };
  let kind = args.data.kind;
  let t = 0.5;
  let playing = null; // {since, t0} while the tour runs

  // ---- what stands on the page
  const canvas = (name) => element("canvas", { role: "img", "aria-label": name });
  const middle = canvas("Decoded image between A and B");
  for (const end of ["a", "b"]) ends[end].canvas = canvas(`Decoded end ${end.toUpperCase()}`);
  for (const image of [middle, ends.a.canvas, ends.b.canvas])
    image.style.width = `${(100 * shape[1]) / Math.max(shape[0], shape[1])}%`;
  const filmBox = element("div", { onclick: pickFrame, title: "Click a frame to go there" });
  const film = filmstrip(filmBox, FRAMES, shape);
  const line = element("span", { class: "line-state", role: "status" });
  const message = element("div", { class: "message", role: "alert" });
  const position = element("output", { class: "number position" });
  const shell = element("span", { class: "number shell" });
  const track = slider({
    label: "t, from A at 0 to B at 1",
    range: [0, 1],
    value: t,
    words: (v) => `t = ${v.toFixed(2)}`,
    onInput(to) {
      pause();
      t = to;
      refresh();
    },
  });
  const play = button("▶ Play", "Move from A to B and back", () => (playing ? pause() : start()));
  const kinds = { lerp: "Straight line (lerp)", slerp: "Arc (slerp)" };
  const choices = Object.fromEntries(Object.entries(kinds).map(([name, words]) => [
    name,
    element("button", { type: "button", role: "radio", onclick: () => chooseKind(name) }, words),
  ]));
  const cards = Object.fromEntries(["a", "b"].map((end) => [end, makeEnd(end)]));
  const map = livemap({ model, map: args.data.map, settles: false, onOpen: () => open(zAt(t)) });
  const bend = element("p", { class: "quiet bend" });

  root.replaceChildren(
    element("div", { class: "journey" },
      cards.a,
      element("section", { class: "between", "aria-label": "Between the ends" },
        element("div", { class: "stage" }, middle),
        element("div", { class: "facts" }, position, shell)),
      element("div", { class: "on-map" }, map.element, bend), cards.b),
    element("div", { class: "travel" }, play, track.element,
      element("div", { class: "kinds", role: "radiogroup", "aria-label": "Path", onkeydown: arrows },
        choices.lerp, choices.slerp)),
    element("div", { class: "film" }, filmBox),
    element("div", { class: "foot" }, line, message));

  function makeEnd(end) {
    const name = end.toUpperCase();
    ends[end].words = element("span", { class: "quiet words" });
    const explore = button("From Explore", "The code shown in Explore and on the map", () =>
      change(end, args.data.explore.z, args.data.explore.label, args.data.explore.index));
    ends[end].explore = explore;
    return element("section", { class: "end", "aria-label": `End ${name}` },
      element("div", { class: "stage" }, ends[end].canvas),
      element("div", { class: "end-name" }, element("b", {}, name), ends[end].words),
      element("div", { class: "choices" },
        button("Random", random.title, () => change(end, random.draw(), "random")),
        button("Real image", realImageTitle(selected), () => realImage(end)), explore,
        button("On the map", `Show end ${name} on the latent map`, () =>
          open(ends[end].z, ends[end].index))));
  }

  // ---- the line to the decoder
  const paints = new Paints(root);
  const channel = new LiveChannel({
    model,
    lanes: ["image", { name: "film", every: 50 }],
    onState: (state) => showLine(root, line, state),
    onError: (sentence) => (message.textContent = sentence),
  });
  showLine(root, line, "loading");

  const zAt = (at) => (kind === "slerp" ? slerp : lerp)(ends.a.z, ends.b.z, at);

  function askImage() {
    const since = performance.now();
    const asked = t;
    const z = zAt(t);
    map.show(z);
    shell.textContent = `‖z‖ = ${brief(norm(z))}`;
    channel.ask("image", Float32Array.from(z), (answer) => {
      drawPixels(middle, new Uint8Array(answer), shape);
      paints.painted(since, asked);
      message.textContent = "";
    });
  }

  function askFilm() {
    channel.ask("film", pack(path(ends.a.z, ends.b.z, FRAMES, kind)), (answer) => {
      film.draw(answer);
      const images = split(answer, shape);
      drawPixels(ends.a.canvas, images[0], shape);
      drawPixels(ends.b.canvas, images[FRAMES - 1], shape);
      map.load(); // the images come first
    });
    map.path(path(ends.a.z, ends.b.z, PLACES, kind));
    bend.textContent = pathWords(kind, args.data.map.formula !== null, args.data.map.name);
  }

  // ---- what happens
  function refresh() {
    askImage();
    position.textContent = `t = ${t.toFixed(2)}`;
    film.mark(Math.round(t * (FRAMES - 1)));
  }

  function showAll() {
    for (const end of ["a", "b"]) {
      ends[end].words.textContent = ends[end].label;
      ends[end].explore.disabled = !args.data.explore;
    }
    for (const name of Object.keys(choices)) {
      choices[name].setAttribute("aria-checked", String(name === kind));
      choices[name].tabIndex = name === kind ? 0 : -1;
    }
    askFilm();
    refresh();
  }

  /** Tell Python the ends and the path: for the downloads and for the next visit. */
  function tell() {
    const end = ({ z, label, index }) =>
      ({ z: Array.from(z, (v) => Math.round(v * 1e4) / 1e4), label, index: index ?? null });
    args.setStateValue("journey", { model, trained, a: end(ends.a), b: end(ends.b), kind });
  }

  /** @param {number} [index] which held-out image z is the code of */
  function change(end, z, label, index) {
    Object.assign(ends[end], { z: Array.from(z), label, index });
    showAll();
    tell();
  }

  async function realImage(end) {
    try {
      const { index, z } = await fetchRandomCode(model, ends.a.z.length, images, selected);
      change(end, z, `image ${index}`, index);
    } catch (error) {
      message.textContent = error.message;
    }
  }

  /** The latent map, where z is the chosen code. */
  function open(z, index = null) {
    args.setTriggerValue("go", { model, trained, z: Array.from(z), index });
  }

  function chooseKind(name) {
    if (kind === name) return;
    kind = name;
    showAll();
    tell();
  }

  function arrows(event) {
    if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    chooseKind(kind === "lerp" ? "slerp" : "lerp");
    choices[kind].focus();
  }

  function pickFrame(event) {
    const index = film.tiles.indexOf(event.target);
    if (index < 0) return;
    pause();
    t = index / (FRAMES - 1);
    track.set(t);
    refresh();
  }

  function start() {
    playing = { since: performance.now(), t0: t };
    play.textContent = "❚❚ Pause";
    requestAnimationFrame(tick);
  }

  function pause() {
    playing = null;
    play.textContent = "▶ Play";
  }

  function tick(now) {
    if (!playing) return;
    t = tourAt(Math.max(0, now - playing.since), playing.t0);
    track.set(t);
    refresh();
    requestAnimationFrame(tick);
  }

  showAll();

  return {
    update(next) {
      args = next;
      map.retheme();
      const { a, b } = next.data;
      for (const [end, from] of [["a", a], ["b", b]]) {
        if (sameCode(from.z, ends[end].z, unit)) ends[end].label = from.label; // Python adds the class
        ends[end].words.textContent = ends[end].label;
        ends[end].explore.disabled = !next.data.explore;
      }
    },
    destroy() {
      pause();
      channel.close();
      map.close();
      root.replaceChildren();
    },
  };
}
