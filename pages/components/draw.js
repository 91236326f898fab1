/** The Draw page: a drawing, encoded and decoded while it is made, and its posterior on the map. */

import { makeAlike } from "./alike.js";
import { makeBars } from "./bars.js";
import { centre, shrink } from "./centring.js";
import { button, calm, element, mountModel, Paints, showLine } from "./dom.js";
import { Drawing } from "./drawing.js";
import { uniforms, freshSeed } from "./latent.js";
import { unpackBase64 } from "./nearest.js";
import { makeDrawPad } from "./drawpad.js";
import { makeTools, rgb, toggle } from "./padtools.js";
import { edgeLevel } from "./picture.js";
import { drawPixels } from "./pixels.js";
import { greyLevels, meanAndDraws, noise, posterior, sum } from "./posterior.js";
import { PosteriorMap } from "./postmap.js";
import { RealImages } from "./real.js";
import { LiveChannel } from "./wire.js";

// The drawing stays while the app is open in this tab: another model is shown the same one.
const drawing = new Drawing();
let taken = null; // the uploaded picture that is in it already

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  const { model, shape, dims, recipe, words, palette } = args.data;
  const [height, width] = shape;
  const labels = unpackBase64(args.data.labels, Uint16Array);
  const flat = dims === 2; // the map is the latent plane itself
  const brush = { width: args.data.brush, colour: rgb(palette[0]), erasing: false };
  const eps = noise(args.data.draws, dims);
  let centred = args.data.centred;
  let dark = true; // whether the model's own images have dark edges
  let asked = null; // the image that the encoder was asked about last; null for an empty pad
  let q = null;

  // ---- what stands on the page
  const canvas = (name) => element("canvas", { role: "img", "aria-label": name });
  const input = canvas("What the encoder gets");
  const output = canvas("Reconstruction: the decode of the posterior mean");
  for (const one of [input, output]) one.style.width = `${(100 * width) / Math.max(height, width)}%`;
  const waiting = element("span", { class: "waiting" }, "its reconstruction");
  const line = element("span", { class: "line-state", role: "status" });
  const message = element("div", { class: "message", role: "alert" });
  const onError = (sentence) => (message.textContent = sentence);
  const bars = makeBars(args.data);
  const map = new PosteriorMap(labels, args.data.classes);
  const images = new RealImages({
    model, shape, originals: args.data.originals, lanes: ["example", "nearest"], onError,
  });
  const alike = makeAlike({
    model, shape, labels, images, onError, usual: args.data.usual,
    names: new Map(args.data.classes.map(({ label, name }) => [label, name])),
  });
  const pad = makeDrawPad({ shape, drawing, brush, prompt: words.prompt, onInk: look });
  const tools = makeTools({
    brush, palette,
    on: {
      undo,
      clear: () => drawing.empty || change({ kind: "clear" }),
      fill: (colour) => change({ kind: "fill", colour }),
      example,
    },
  });
  const [kl, error] = ["", ""].map(() => element("dd", { class: "number" }, "–"));
  const term = (name, value, title) => element("div", { title }, element("dt", {}, name), value);
  const goes = [
    ["a", "Make this end A", "One end of an interpolation"],
    ["b", "Make this end B", "The other end of an interpolation"],
    ["explore", "Open in Explore", "Drag sliders from this code on"],
  ].map(([where, text, title]) => button(text, title, () => go(where)));
  const centring = toggle(words.centring, words.does, centred, (on) => {
    centred = on;
    look(performance.now());
  });
  const inverting = toggle("Invert", "Dark becomes bright: for ink on paper", false, (on) =>
    alter({ invert: on }));
  const cleaning = toggle("Clean", "The paper becomes black, the ink white, specks go", false,
    (on) => alter({ clean: on }));
  const ofPicture = element("div", { class: "buttons of-picture" }, inverting, cleaning);
  const closer = toggle("Zoom", "See the surroundings of the mean, eight times as large", false,
    (near) => map.zoom(near));
  const arrow = (name) => element("div", { class: "arrow", "aria-hidden": "true" },
    name, element("b", {}, "→"));
  const stage = (...shown) => element("div", { class: "stage" }, ...shown);
  const part = (name, title, ...shown) =>
    element("section", { class: name, "aria-label": title }, element("h4", {}, title), ...shown);
  root.replaceChildren(
    part("drawn", "Your drawing", pad.element, tools,
      element("div", { class: "buttons" }, centring), element("p", { class: "quiet does" }, words.does),
      ofPicture),
    arrow(""),
    part("seen", "The encoder gets", stage(input),
      element("p", { class: "quiet number" }, `${width} × ${height} pixels`)),
    arrow("encoder"),
    part("q", "q(z|x)", bars.element),
    part("where", words.map, map.box, element("div", { class: "foot" },
      element("p", { class: "quiet" }, words.uncertainty), closer)),
    arrow("decoder"),
    part("rebuilt", "Reconstruction", stage(output, waiting),
      element("dl", { class: "readouts" },
        term("KL(q(z|x) ‖ p(z))", kl, "What the encoder says of your drawing beyond the prior"),
        term("mean difference", error, "Between the two pictures, over all pixels; 255 is white"))),
    element("div", { class: "after" }, alike.element,
      element("div", { class: "buttons go" }, ...goes), line, message));

  // ---- the lines to the server
  const paints = new Paints(root);
  const encoder = new LiveChannel({ model, op: "encode", onError });
  const decoder = new LiveChannel({
    model, lanes: ["main", "ground"], onError, onState: (state) => showLine(root, line, state),
  });
  const placer = flat ? null : new LiveChannel({
    model, op: "place", query: `?map=${encodeURIComponent(args.data.map)}`, onError,
    lanes: [{ name: "main", every: 100 }],
  });
  showLine(root, line, "loading");
  map.load(model, args.data.map).catch((problem) => onError(`The map did not come: ${problem.message}`));
  decoder.ask("ground", new Float32Array(dims), (answer) => {
    const pixels = new Uint8Array(answer);
    dark = edgeLevel({ pixels, width, height, channels: shape[2] }) < 128;
    take(args.data.picture);
  });
  const write = calm(() => {
    if (!q) return;
    bars.write(q);
    kl.textContent = `${sum(q.kl).toFixed(1)} nats`;
    error.textContent = q.error === undefined ? "–" : `${q.error.toFixed(1)} grey levels`;
  }, 200);

  /** The drawing has changed by what was done at `since`: through the model with it. */
  function look(since) {
    showPicture();
    if (drawing.empty) return forget();
    const image = centred ? centre(pad.raster, recipe, width, height)
      : shrink(pad.raster, width, height);
    if (asked?.every((value, i) => value === image[i])) return;
    asked = image;
    drawPixels(input, image, shape);
    encoder.ask("main", image, (answer) => {
      if (asked) understood(posterior(answer), image, since);
    });
  }

  function understood(found, image, since) {
    q = found;
    bars.show(q);
    for (const one of goes) one.disabled = false;
    if (flat) map.show({ places: [q.mean], ellipse: q.sigma });
    else placer.ask("main", meanAndDraws(q, eps), (answer) => asked && map.show({ places: triples(answer) }));
    alike.ask(q.mean);
    decoder.ask("main", q.mean, (answer) => {
      if (!asked) return;
      const bytes = new Uint8Array(answer);
      drawPixels(output, bytes, shape);
      root.dataset.empty = "false";
      found.error = greyLevels(bytes, image);
      message.textContent = "";
      write();
      paints.painted(since, Array.from(found.mean));
    });
  }

  /** x, y and spread of each place, as the server answers them. */
  const triples = (answer) => {
    const flatList = new Float32Array(answer);
    return Array.from({ length: flatList.length / 3 }, (_, i) => flatList.subarray(3 * i, 3 * i + 2));
  };

  /** An empty pad: nothing is known. */
  function forget() {
    asked = q = null;
    root.dataset.empty = "true";
    drawPixels(input, new Uint8Array(height * width * shape[2]), shape);
    bars.clear();
    map.show(null);
    alike.clear();
    for (const value of [kl, error]) value.textContent = "–";
    for (const one of goes) one.disabled = true;
  }

  // ---- what happens
  function change(layer) {
    drawing.add(layer);
    pad.repaint();
  }

  function undo() {
    if (drawing.undo()) pad.repaint();
  }

  function alter(how) {
    Object.assign(drawing.picture, how);
    pad.repaint();
  }

  function showPicture() {
    const { picture } = drawing;
    ofPicture.hidden = !picture || picture.example;
    inverting.set(Boolean(picture?.invert));
    cleaning.set(Boolean(picture?.clean));
    cleaning.hidden = shape[2] !== 1;
  }

  function example() {
    const row = Math.floor(uniforms(freshSeed())() * labels.length);
    images.ask("example", [row], ([pixels]) => change({
      kind: "picture", example: true, invert: false, clean: false,
      image: { pixels: pixels.slice(), width, height, channels: shape[2] },
    }));
  }

  /** A picture that was uploaded or taken: inverted where its ground is not the model's. */
  function take(picture) {
    if (!picture || picture.id === taken) return;
    taken = picture.id;
    const image = { ...picture, pixels: unpackBase64(picture.pixels, Uint8Array) };
    const invert = shape[2] === 1 && edgeLevel(image) < 128 !== dark;
    change({ kind: "picture", image, invert, clean: args.data.centred });
  }

  function go(where) {
    args.setTriggerValue("go", { where, model, z: Array.from(q.mean, (v) => Math.round(v * 1e4) / 1e4) });
  }

  function keys(event) {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
    const typing = event.composedPath()[0].closest?.("input:not([type=range]), textarea, [contenteditable]");
    if (typing) return;
    event.preventDefault();
    undo();
  }
  window.addEventListener("keydown", keys);
  pad.repaint();

  return {
    update(next) {
      args = next;
      take(args.data.picture);
      map.redraw();
    },
    destroy() {
      window.removeEventListener("keydown", keys);
      for (const channel of [encoder, decoder, placer, images, alike, map]) channel?.close();
      root.replaceChildren();
    },
  };
}
