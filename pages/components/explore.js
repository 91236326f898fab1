/** The Explore page: a code under the hand, by sliders or on a pad, and what follows it live. */

import { Player, swing, swingAt } from "./animation.js";
import { orderDimensions } from "./codes.js";
import { element, mountModel, Paints, showLine } from "./dom.js";
import { Exploration } from "./exploration.js";
import { livemap } from "./livemap.js";
import { Neighbours } from "./neighbours.js";
import { pairPad } from "./pair.js";
import { readouts } from "./readouts.js";
import { layout, sliderRows, turnedTo } from "./rows.js";
import { Sensitivity } from "./sensitivity.js";
import { sharing } from "./share.js";
import { stage } from "./stage.js";
import { Strips, tilesFor } from "./strips.js";
import { toolbar, watchUndoKeys } from "./toolbar.js";
import { watchWheel } from "./wheel.js";
import { LiveChannel } from "./wire.js";

const NEAREST_AFTER = 400; // ms after the first image: it and the strips come first

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  const { model, shape, says, active, quantiles, usual, step, images } = args.data;
  const order = orderDimensions(says.values, active);
  const dimensions = [...order.active, ...order.inactive];
  const looks = layout(order.active.length || order.inactive.length,
    matchMedia("(max-width: 900px)").matches);
  let chosen = dimensions[0]; // the dimension that is marked: it plays, and the wheel moves it
  let onPad = false;
  let swinging = null; // {dim, from, range} while it plays

  // ---- the code, and the hands on it
  const code = new Exploration(args.data, {
    moved: () => refresh(performance.now()),
    settled() {
      tools.refresh();
      map.settle(code.z, code.origin?.index);
    },
    rested: (point) => args.setStateValue("point", { model, ...point }),
  });
  const player = new Player({
    frame: (ms) => code.move([[swinging.dim, swingAt(ms, swinging.from, swinging.range)]]),
    changed(playing) {
      tools.namePlay(chosen, playing);
      if (!playing) code.settle();
    },
  });
  const on = {
    moved(changes) {
      hush();
      code.move(changes);
    },
    settled: () => code.settle(),
    chosen: choose,
    pointed: (dim) => changes.point(dim),
    played: play,
  };

  // ---- what stands on the page
  const rows = sliderRows({ order, layout: looks, data: args.data, on });
  const pad = dimensions.length > 1
    ? pairPad({ dims: dimensions, data: args.data, on, ask: askBeside("pad") }) : null;
  const strips = new Strips({
    shape, tiles: tilesFor(...looks.strip, shape), ask: askBeside("strips"),
    onWhole: () => (root.dataset.strips = String(Number(root.dataset.strips) + 1)),
  });
  for (const [dim, row] of rows.rows) strips.add(dim, row.canvas, () => row.track.range);
  const changes = new Sensitivity({
    shape, h: step, z: () => code.z, chosen: () => chosen, ask: askBeside("changes"),
  });
  const image = stage(shape, changes.canvas);
  const facts = readouts(args.data.codes);
  const neighbours = new Neighbours({
    model, shape, usual, images, latentDim: quantiles.length, decode: askBeside("neighbours"), onError: say,
    onPicked: (z, index) => code.jump(z, { index, label: null }), onLevel: (level) => map.near(level),
  });
  const map = livemap({ model, map: args.data.map, onOpen: openMap });
  const share = sharing(() =>
    ({ model, z: code.z, shape, index: code.origin?.index ?? null }));
  const tools = toolbar({
    code, model, data: args.data, padded: pad !== null, before: hush,
    onPlay: play, onHand: take, onError: say,
  });
  if (pad) pad.element.hidden = true;
  const line = element("span", { class: "line-state", role: "status" });
  const message = element("div", { class: "message", role: "alert" });
  root.dataset.strips = "0";
  root.replaceChildren(
    element("section", { class: "controls", "aria-label": "The code z" },
      tools.element, rows.element, ...(pad ? [pad.element] : []),
      element("div", { class: "foot" }, line, facts.speed, ...share.buttons),
      element("div", { class: "words" }, message, share.said)),
    element("div", { class: "arrow", "aria-hidden": "true" }, "decoder", element("b", {}, "→")),
    element("section", { class: "output", "aria-label": "The decoded image" },
      element("div", { class: "look" }, image.element, map.element, facts.element(neighbours.word)),
      element("div", { class: "toggles" }, changes.legend, image.smoothing, changes.toggle),
      neighbours.element),
    share.dialog);

  // ---- the lines to the decoder: the image's own, and one for all that may come a little later
  const paints = new Paints(root);
  const channel = new LiveChannel({
    model, lanes: ["image"], onState: (state) => showLine(root, line, state), onError: say,
  });
  let beside = null;
  let waiting = null; // until the nearest images are asked for
  showLine(root, line, "loading");

  function askImage(since) {
    const asked = [...code.z];
    channel.ask("image", Float32Array.from(asked), (answer, ms) => {
      image.paint(new Uint8Array(answer));
      paints.painted(since, asked);
      message.textContent = "";
      strips.giveWay(ms);
      if (!facts.trip(ms)) askImage(performance.now()); // the same once more, until it is measured
      if (!beside) openBeside();
    });
  }

  function openBeside() {
    beside = new LiveChannel({
      model, lanes: ["changes", "neighbours", "strips", "pad"],
      onError(sentence) {
        say(sentence);
        strips.refused();
      },
    });
    waiting = setTimeout(() => {
      waiting = null;
      neighbours.ask(code.z);
      map.load();
    }, NEAREST_AFTER);
    refreshBeside();
  }

  /** A question of a lane to the second line; nothing before there is one. */
  function askBeside(lane) {
    return (codes, answered) => beside?.ask(lane, codes, answered);
  }

  function refreshBeside() {
    if (!beside) return;
    strips.refresh(code.z);
    changes.refresh();
    if (waiting === null) neighbours.ask(code.z);
  }

  // ---- what happens
  function refresh(since) {
    askImage(since);
    rows.show(code.z);
    if (onPad) pad.show(code.z);
    facts.show(code.z, code.origin);
    map.show(code.z);
    tools.refresh();
    refreshBeside();
  }

  function say(sentence) {
    message.textContent = sentence;
  }

  /** The hand touches something: what plays stops, and the image is shown as it is. */
  function hush() {
    player.stop();
    changes.mute();
  }

  function choose(dim) {
    if (dim === chosen && !player.playing) return;
    player.stop();
    chosen = dim;
    rows.mark(dim);
    tools.namePlay(dim, false);
    changes.refresh();
  }

  function play() {
    if (player.playing) return player.stop();
    const from = code.z[chosen];
    swinging = { dim: chosen, from, range: swing(from, quantiles[chosen]) };
    changes.mute();
    return player.start();
  }

  /** By sliders or on the pad. */
  function take(hand) {
    onPad = hand === "pad";
    pad.element.hidden = !onPad;
    rows.element.hidden = onPad;
    choose(onPad ? pad.pair[0] : chosen);
    changes.use(!onPad);
    refresh(performance.now());
  }

  /** What still moves comes to rest, and Python is told where. */
  function leave() {
    player.stop();
    code.flush();
  }

  function openMap() {
    leave();
    args.setTriggerValue("go", { model, where: "map" });
  }

  const gone = new AbortController(); // ends the listeners on what outlives this view
  const touched = (event) => event.composedPath().includes(tools.play) || hush();
  root.addEventListener("pointerdown", touched, { capture: true, signal: gone.signal });
  // a press elsewhere may lead to another page, which must know the code
  document.addEventListener("pointerdown", (event) => {
    if (!event.composedPath().includes(root)) leave();
  }, { capture: true, signal: gone.signal });
  watchUndoKeys((action) => {
    hush();
    code[action]();
  }, gone.signal);
  const unwatch = watchWheel(image.element, {
    turned({ right, up }) {
      const { range } = rows.rows.get(chosen).track;
      on.moved([[chosen, turnedTo(code.z[chosen], range, up + right)]]);
    },
    rested: on.settled,
  });

  rows.mark(chosen);
  tools.namePlay(chosen, false);
  refresh(performance.now());
  map.settle(code.z, code.origin?.index);

  return {
    update(next) {
      args = next;
      map.retheme();
      code.accept(next.data, rows.held || pad?.held || player.playing);
    },
    destroy() {
      clearTimeout(waiting);
      gone.abort();
      unwatch();
      leave();
      for (const part of
        [player, rows, pad, strips, changes, neighbours, map, share, channel, beside]) part?.close();
      root.replaceChildren();
    },
  };
}
