/** Time machine: a training replayed from its snapshots, image → codes → image, under a scrubber. */

import { button, element, mountModel, Paints } from "./dom.js";
import { swatch } from "./legend.js";
import { MapCanvas } from "./mapcanvas.js";
import { drawTiles } from "./pixels.js";
import { pointSize } from "./plane.js";
import { nearestOpen, placesAt, Timeline } from "./timeline.js";

const PER_SECOND = 6; // snapshots at the speed 1
const POLL = 1000; // ms between two looks for new snapshots of a training that runs
const STEP = 0.02; // of the scrubber, in snapshots
const COLUMNS = 4; // of images in a sheet
const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/** Nats with one decimal and a true minus; a dash where they are not known. Pure. */
export const nats = (value) =>
  Number.isFinite(value) ? value.toFixed(1).replace("-", "−") : "–";

/** Terms and their sum in words: "120.1 + KL 8.2 = 128.3 nats"; codes that are points have no KL. */
export const sumWords = ([reconstruction, kl]) => (Number.isNaN(kl)
  ? `reconstruction ${nats(reconstruction)} nats`
  : `reconstruction ${nats(reconstruction)} + KL ${nats(kl)} = ${nats(reconstruction + kl)} nats`);

/** An epoch with three digits. Pure. */
export const epochWords = (epoch) => String(Number(epoch.toPrecision(3)));

/** Where the scrubber goes at a key, from `at` of `last`; null where it stays. Pure. */
export function afterKey(key, at, last) {
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (!(key in KEYS)) return null;
  // From between two snapshots to the next one that way.
  const whole = KEYS[key] > 0 ? Math.floor(at) : Math.ceil(at);
  return Math.min(last, Math.max(0, whole + KEYS[key]));
}

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  let { data } = args;
  const timeline = new Timeline(data.model);
  const paints = new Paints(root);
  let at = 0; // what is shown, in snapshots
  let wanted = null; // what the next frame is to show
  let since = 0;
  let frame = null;
  let playing = false;
  let before = 0;
  let drawn = -1; // the snapshot whose pictures are drawn
  let places = null;
  let groups = [];
  let timer = null;
  let closed = false;

  // ---- what stands on the page
  const sheet = (title, about) => {
    const canvas = element("canvas", { role: "img", "aria-label": title });
    return { canvas, element: element("figure", {}, element("figcaption", { title: about }, title), canvas) };
  };
  const originals = sheet("Originals", "Images of the validation split, always the same");
  const made = sheet("Reconstructions", "Each original encoded to its mean and decoded");
  const samples = sheet(data.samples, "Decodes of the same z each time, drawn from N(0, I)");
  const map = new MapCanvas("Codes of validation images at this moment");
  const key = element("div", { class: "key" }, ...data.classes.map(({ name, colour }) =>
    element("span", {}, swatch(colour), name)));
  const ground = element("figure", { class: "codes" },
    element("figcaption", { title: data.about }, data.title), map.element, key);
  const range = element("input", {
    type: "range", min: 0, max: 0, step: STEP, value: 0, "aria-label": "Moment of the training",
    oninput: () => { pause(); ask(Number(range.value)); },
    onkeydown: (event) => {
      const next = afterKey(event.key, wanted ?? at, last());
      if (event.key !== " " && next === null) return;
      event.preventDefault();
      if (next === null) toggle();
      else { pause(); ask(next); }
    },
  });
  const play = button("▶", "Play or pause", toggle);
  play.classList.add("play");
  const speed = element("select", { "aria-label": "Speed" }, ...[0.25, 0.5, 1, 2, 4].map((value) =>
    element("option", { value, selected: value === 1 }, `${value} ×`)));
  const when = element("b", { class: "number when" });
  const shown = element("span", { class: "number" });
  const train = element("span", { class: "number" });
  const opener = element("button", { type: "button", class: "open", onclick: open });
  const message = element("div", { class: "message", role: "alert" });
  root.replaceChildren(
    element("div", { class: "machine" }, originals.element, ground, made.element, samples.element),
    element("div", { class: "transport" }, play,
      element("div", { class: "scrub" }, range), speed),
    element("div", { class: "facts" }, when, element("div", {}, shown, train), opener), message);
  const watcher = new ResizeObserver(() => timeline.film.length && ask(wanted ?? at));
  watcher.observe(map.element);

  // ---- showing a moment
  const last = () => Math.max(0, timeline.film.length - 1);

  /** Show this in the next frame; of several the newest. */
  function ask(value, moment = performance.now()) {
    wanted = value;
    since = moment;
    frame ??= requestAnimationFrame(step);
  }

  function step(now) {
    frame = null;
    if (closed) return;
    if (playing) {
      const passed = Math.max(0, now - before) / 1000;
      before = now;
      wanted = Math.min(last(), at + passed * PER_SECOND * Number(speed.value));
      since = now;
    }
    if (wanted !== null && timeline.film.length) paint(wanted);
    wanted = null;
    if (!playing) return;
    if (at < last() || timeline.more) frame = requestAnimationFrame(step);
    else pause();
  }

  function paint(value) {
    at = value;
    const nearest = Math.round(at);
    if (places?.length !== timeline.film[0].length)
      places = new Float32Array(timeline.film[0].length);
    placesAt(timeline.film, at, places);
    const size = pointSize(places.length / 2, map.element.clientWidth);
    if (map.look({ coords: places, groups, centres: [], size, box: timeline.box })) map.paint(null);
    if (nearest !== drawn) describe(nearest);
    range.value = at;
    paints.painted(since, at);
  }

  /** Pictures and numbers are of a snapshot, never of what lies between two. */
  function describe(i) {
    drawn = i;
    const { images, epoch, shown: terms, train: around, reconstructions, samples: draws } =
      timeline.snapshots[i];
    drawTiles(made.canvas, reconstructions, timeline.shape, COLUMNS, 1);
    drawTiles(samples.canvas, draws, timeline.shape, COLUMNS, 1);
    when.textContent = `epoch ${epochWords(epoch)} of ${data.epochs} · `
      + `${images.toLocaleString("en")} images seen`;
    shown.textContent = `These originals: ${sumWords(terms)}`;
    train.textContent = `Training around then: loss ${nats(around[0])} nats`;
    range.setAttribute("aria-valuetext", when.textContent);
    root.dataset.snapshot = String(i);
    const best = nearestOpen(timeline.snapshots, i);
    opener.disabled = best < 0;
    opener.textContent = best < 0 ? "Weights were not kept"
      : `Open epoch ${epochWords(timeline.snapshots[best].epoch)} in Explore`;
  }

  function open() {
    const best = nearestOpen(timeline.snapshots, Math.round(at));
    if (best < 0) return;
    const { images } = timeline.snapshots[best];
    args.setTriggerValue("open", { model: data.model, trained: data.trained, images });
  }

  // ---- playing
  function toggle() {
    if (playing) pause();
    else start(at >= last() && !timeline.more ? 0 : at);
  }

  function start(from) {
    if (!timeline.film.length) return;
    at = from;
    playing = true;
    before = performance.now();
    play.textContent = "❚❚";
    frame ??= requestAnimationFrame(step);
  }

  function pause() {
    playing = false;
    play.textContent = "▶";
  }

  // ---- what comes
  async function look() {
    try {
      const had = timeline.film.length;
      if (await timeline.fetchNew() && !closed) arrived(had);
      message.textContent = timeline.film.length ? "" : data.waiting;
    } catch (error) {
      message.textContent = `The snapshots did not come: ${error.message}`;
    }
    if (!closed && timeline.more) timer = setTimeout(look, POLL);
  }

  function arrived(had) {
    if (!had) {
      drawTiles(originals.canvas, timeline.originals, timeline.shape, COLUMNS, 1);
      const rows = new Map(data.classes.map((entry) => [entry.label, { ...entry, rows: [] }]));
      timeline.labels.forEach((label, i) => rows.get(label)?.rows.push(i));
      groups = [...rows.values()];
      key.hidden = groups.filter((group) => group.rows.length).length < 2;
    }
    range.max = last();
    root.dataset.count = String(timeline.film.length);
    if (!had) ask(last()); // at first the end; a training that runs is followed from there on
    else if (!playing && at >= had - 1) start(at);
    else ask(at);
    root.dataset.state = "drawn";
  }

  look();
  return {
    update(next) {
      args = next;
      ({ data } = next);
      if (timeline.film.length) ask(wanted ?? at); // the theme may be another
    },
    destroy() {
      closed = true;
      clearTimeout(timer);
      cancelAnimationFrame(frame);
      watcher.disconnect();
      root.replaceChildren();
    },
  };
}
