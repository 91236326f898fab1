/** The Explore page: one slider per latent dimension, the image decoded while it moves. */

import { fetchCodes, mustShow, orderDimensions, originWords, rowHeight } from "./codes.js";
import { button, calm, element, mountModel, Paints, showLine } from "./dom.js";
import {
  dimensionName, fractionOf, freshSeed, median, norm, normals, pack, sameCode, signed, sliderRange,
  spaced, traverse, valueAt,
} from "./latent.js";
import { drawPixels, filmstrip } from "./pixels.js";
import { slider } from "./slider.js";
import { LiveChannel } from "./wire.js";

const STRIP = 9; // decodes along the dimension that moves
const FEW = 3; // so few dimensions have tall rows, as tall together as the image
const LANES = ["image", { name: "strip", every: 50 }]; // the large image goes first

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  const { model, shape, kl, active, quantiles } = args.data;
  let z = [...args.data.z];
  let incoming = args.data.z;
  let sent = [];
  let origin = args.data.origin ?? null; // {index, label} of the held-out image that z encodes
  let start = { z: [...z], origin };
  let codes = null;
  let smooth = false;
  const trips = [];
  const order = orderDimensions(kl, active);
  const dimensions = [...order.active, ...order.inactive];
  let moving = dimensions[0];
  let lastImage = null;
  let lastStrip = null;

  // ---- what stands on the page
  const image = element("canvas", { class: "image", role: "img", "aria-label": "Decoded image" });
  image.style.width = `${(100 * shape[1]) / Math.max(shape[0], shape[1])}%`;
  const stripBox = element("div");
  const strip = filmstrip(stripBox, STRIP, shape);
  const marker = element("i", { class: "strip-marker", "aria-hidden": "true" });
  const stripName = element("span", { class: "quiet" });
  const stripEnds = element("span", { class: "quiet number" });
  const trip = element("dd", { class: "number" }, "measuring …");
  const length = element("dd", { class: "number" });
  const from = element("dd");
  const line = element("span", { class: "line-state", role: "status" });
  const message = element("div", { class: "message", role: "alert" });
  const reset = button("Reset", "Back to where this exploration began", () =>
    jump(start.z, start.origin));
  const smoothing = element("button", {
    type: "button", "aria-pressed": "false", onclick: toggleSmooth,
    title: "Interpolate between pixels instead of showing them as squares",
  }, "Smooth");
  const buttons = element("div", { class: "buttons" },
    button("Random", "A draw from the prior: z ~ N(0, I)", () =>
      jump(normals(z.length, freshSeed()))),
    button("Mean", "The mean of the prior: z = 0", () => jump(z.map(() => 0))),
    button("Real image", "The code of a random held-out image", realImage),
    reset);
  const rows = new Map(dimensions.map((dim) => [dim, makeRow(dim)]));
  const list = element("div", { class: "rows" }, ...order.active.map((dim) => rows.get(dim).element));
  const many = Math.max(1, order.active.length);
  list.style.setProperty("--row", `${many > FEW ? rowHeight(many) : Math.min(200, 400 / many)}px`);
  root.classList.toggle("few", many <= FEW);
  const folded = element("details", { hidden: order.inactive.length === 0 },
    element("summary", {}, order.inactive.length === 1
      ? "1 inactive dimension: the decoder hardly uses it"
      : `${order.inactive.length} inactive dimensions: the decoder hardly uses them`),
    ...order.inactive.map((dim) => rows.get(dim).element));
  list.append(folded);
  if (many > 1 && many <= FEW)
    list.append(element("p", { class: "quiet order" },
      "The slider that says most about the image (most nats) stands first."));
  const term = (name, value, title) =>
    element("div", { title }, element("dt", {}, name), value);
  root.replaceChildren(
    element("section", { class: "controls", "aria-label": "The code z" }, buttons, list),
    element("div", { class: "arrow", "aria-hidden": "true" }, "decoder", element("b", {}, "→")),
    element("section", { class: "output", "aria-label": "The decoded image" },
      element("div", { class: "stage" }, image),
      element("div", { class: "strip-part" },
        element("div", { class: "strip-head" }, stripName, stripEnds),
        element("div", { class: "strip-box", onclick: pickOnStrip }, stripBox, marker)),
      element("div", { class: "side" },
        element("dl", { class: "readouts" },
          term("from", from, "Where this code comes from"),
          term("‖z‖", length, "Length of z; √d is the root mean square length of draws from the prior"),
          term("decode", trip, "Median of the last 30 round trips: browser, server, browser")),
        element("div", { class: "foot" }, line, smoothing),
        message)));

  function makeRow(dim) {
    const value = element("output", { class: "value number" });
    const track = slider({
      label: `z ${dim + 1}, ${kl[dim].toFixed(2)} nats`,
      range: sliderRange(quantiles[dim], [z[dim]]),
      value: z[dim],
      quantiles: quantiles[dim],
      words: (v) => v.toFixed(2),
      onInput(to) {
        z[dim] = to;
        origin = null;
        value.textContent = signed(to);
        choose(dim);
        refresh(performance.now());
      },
      onRelease: tell,
    });
    const bar = element("i");
    bar.style.width = `${(100 * kl[dim]) / Math.max(...kl, 1e-9)}%`;
    const row = element("div", { class: "dimension", onpointerdown: () => choose(dim, true) },
      element("span", { class: "name", "aria-hidden": "true" },
        "z", element("sub", {}, String(dim + 1))),
      track.element, value,
      element("span", { class: "kl number", title: "KL of this dimension, mean over images" },
        `${kl[dim].toFixed(2)} nats`, bar));
    track.input.addEventListener("focus", () => choose(dim, true));
    return { element: row, track, value };
  }

  // ---- the line to the decoder
  const paints = new Paints(root);
  const channel = new LiveChannel({
    model,
    lanes: LANES,
    onState: (state) => showLine(root, line, state),
    onError: (sentence) => (message.textContent = sentence),
  });
  const showTrip = calm((ms) => (trip.textContent = `${ms.toFixed(1)} ms`));
  showLine(root, line, "loading");

  function askImage(since) {
    const asked = [...z];
    channel.ask("image", Float32Array.from(asked), (answer, ms) => {
      lastImage = new Uint8Array(answer);
      drawPixels(image, lastImage, shape, { smooth });
      paints.painted(since, asked);
      message.textContent = "";
      trips.push(ms);
      if (trips.length > 30) trips.shift();
      // the first ones share the page's loading: the same image once more, until there are three
      if (trips.length > 2) showTrip(median(trips));
      else askImage(performance.now());
    });
  }

  function askStrip() {
    const values = spaced(...rows.get(moving).track.range, STRIP);
    channel.ask("strip", pack(traverse(z, moving, values)), (answer) => {
      lastStrip = answer;
      strip.draw(answer, { smooth });
    });
  }

  // ---- what happens
  function refresh(since) {
    askImage(since);
    askStrip();
    const range = rows.get(moving).track.range;
    const where = (0.5 + fractionOf(z[moving], range) * (STRIP - 1)) / STRIP;
    marker.style.left = `${100 * where}%`;
    stripName.textContent = `along ${dimensionName(moving)}`;
    stripEnds.textContent = `${signed(range[0], 1)} … ${signed(range[1], 1)}`;
    length.textContent = `${norm(z).toFixed(1)} (√d = ${Math.sqrt(z.length).toFixed(1)})`;
    from.textContent = originWords(origin);
    reset.disabled = sameCode(z, start.z);
  }

  function choose(dim, ask = false) {
    if (dim === moving && rows.get(dim).element.classList.contains("moving")) return;
    rows.get(moving).element.classList.remove("moving");
    rows.get(dim).element.classList.add("moving");
    moving = dim;
    if (ask) refresh(performance.now());
  }

  function show(to, newOrigin = null) {
    z = Array.from(to);
    origin = newOrigin;
    for (const [dim, row] of rows) {
      row.track.set(z[dim]);
      row.value.textContent = signed(z[dim]);
    }
    refresh(performance.now());
  }

  function jump(to, newOrigin = null) {
    show(to, newOrigin);
    tell();
  }

  /** Tell Python where we are: on release only, for the URL and the other pages. */
  function tell() {
    sent = [...sent.slice(-9), [...z]];
    const rounded = z.map((v) => Math.round(v * 1e4) / 1e4);
    args.setStateValue("point", { model, z: rounded, index: origin?.index ?? null });
  }

  async function realImage() {
    try {
      codes ??= await fetchCodes(model, z.length);
    } catch (error) {
      message.textContent = `The codes of the real images did not come: ${error.message}`;
      return;
    }
    const index = Math.floor(Math.random() * codes.length);
    jump(codes[index], { index, label: null });
  }

  function pickOnStrip(event) {
    const box = stripBox.getBoundingClientRect();
    const fraction = ((event.clientX - box.left) / box.width - 0.5 / STRIP) * (STRIP / (STRIP - 1));
    const to = [...z];
    to[moving] = valueAt(fraction, rows.get(moving).track.range);
    jump(to);
  }

  function toggleSmooth() {
    smooth = !smooth;
    smoothing.setAttribute("aria-pressed", String(smooth));
    if (lastImage) drawPixels(image, lastImage, shape, { smooth });
    if (lastStrip) strip.draw(lastStrip, { smooth });
  }

  choose(moving);
  show(z, origin);

  return {
    update(next) {
      args = next;
      const data = next.data;
      if (data.origin && origin && data.origin.index === origin.index) {
        origin = data.origin; // Python knows its label
        from.textContent = originWords(origin);
      }
      if (sameCode(data.z, incoming)) return;
      incoming = data.z;
      const held = [...rows.values()].some((row) => row.track.held);
      if (mustShow(incoming, { shown: z, sent, held })) {
        start = { z: [...incoming], origin: data.origin };
        show(incoming, data.origin);
      }
    },
    destroy() {
      channel.close();
      root.replaceChildren();
    },
  };
}
