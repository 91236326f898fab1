/** The Draw page: a drawing, encoded and decoded while it is made, and its posterior on the map. */

import { makeAlike } from "./alike.js";
import { centre, shrink } from "./centring.js";
import { element, mountModel, Paints, showLine } from "./dom.js";
import { Drawing } from "./drawing.js";
import { makeDrawPad } from "./drawpad.js";
import { makeDrawView } from "./drawview.js";
import { makeMachine } from "./machine.js";
import { unpackBase64 } from "./nearest.js";
import { makeTools, rgb, toggle } from "./padtools.js";
import { edgeLevel } from "./picture.js";
import { RealImages } from "./real.js";
import { undoKey } from "./toolbar.js";

// The drawing stays while the app is open in this tab: another model is shown the same one.
const drawing = new Drawing();
const TREATMENTS = {
  invert: ["Invert", "Dark becomes bright: for ink on paper"],
  clean: ["Clean", "The paper becomes black, the ink white; specks go"],
  thicken: ["Thicken", "Thin lines become an eighth of the drawing wide, as wide as MNIST's"],
};
let taken = null; // the uploaded picture that is in it already

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  const { model, shape, dims, recipe, words, palette } = args.data;
  const [height, width, channels] = shape;
  const labels = unpackBase64(args.data.labels, Uint16Array);
  const brush = { width: args.data.brush, colour: rgb(palette[0]), erasing: false };
  let centred = args.data.centred;
  let asked = null; // the image that the encoder was asked about last; null for an empty pad
  let mean = null; // of its posterior
  let dark = null; // whether the model's own images have dark edges; null while that is not known

  // ---- what stands on the page
  const onError = (sentence) => view.say(sentence);
  const images = new RealImages({
    model, shape, originals: args.data.originals, lanes: ["example", "nearest"],
    onError(sentence) {
      alike.blank();
      onError(sentence);
    },
  });
  const alike = makeAlike({
    model, shape, labels, images, usual: args.data.usual,
    names: new Map(args.data.classes.map(({ label, name }) => [label, name])),
  });
  const pad = makeDrawPad({ shape, drawing, brush, prompt: words.prompt, onInk: look });
  const tools = makeTools({
    brush, palette,
    on: {
      undo: () => drawing.undo() && redraw(),
      clear: () => drawing.empty || add({ kind: "clear" }),
      fill: (colour) => add({ kind: "fill", colour }),
      example,
    },
  });
  const centring = toggle(words.centring, words.does, centred, (on) => {
    centred = on;
    look(performance.now());
  });
  const treatments = Object.entries(channels === 1 ? TREATMENTS : { invert: TREATMENTS.invert })
    .map(([name, [text, title]]) => [name, toggle(text, title, false, (on) => {
      if (drawing.picture) drawing.picture[name] = on; // it may be long ago, and flat
      redraw();
    })]);
  const ofPicture = element("div", { class: "buttons of-picture" },
    ...treatments.map(([, button]) => button));
  const view = makeDrawView(root, {
    data: args.data, labels, pad: pad.element, buttons: tools.buttons, alike: alike.element,
    settings: [
      tools.settings, element("div", { class: "buttons" }, centring),
      element("p", { class: "quiet" }, words.does), ofPicture,
    ],
    onGo: (where) => args.setTriggerValue("go", {
      where, model, z: Array.from(mean, (v) => Math.round(v * 1e4) / 1e4),
    }),
  });

  // ---- the model at work
  const paints = new Paints(root);
  const machine = makeMachine({
    model, dims, point: args.data.posterior === "point",
    map: args.data.map, draws: args.data.draws,
    on: {
      state: (state) => showLine(root, view.line, state),
      error: onError,
      encoded(q) {
        mean = q.mean;
        view.showPosterior(q);
        alike.ask(mean);
      },
      decoded(found) {
        view.showDecode(found);
        paints.painted(found.since, Array.from(found.q.mean));
      },
      placed: (shown) => view.map.show(shown),
    },
  });
  showLine(root, view.line, "loading");
  view.map.load(model, args.data.map).catch((problem) =>
    onError(`The map did not come: ${problem.message}`));
  machine.decode(new Float32Array(dims), (pixels) => {
    dark = edgeLevel({ pixels, width, height, channels }) < 128;
    take(args.data.picture);
  });

  /** The drawing is another one by what was done at `since`: through the model with it. */
  function look(since) {
    if (drawing.empty) return forget();
    const image = centred ? centre(pad.raster, recipe, width, height)
      : shrink(pad.raster, width, height);
    if (asked?.every((value, i) => value === image[i])) return;
    asked = image;
    view.showInput(image);
    machine.show(image, since);
  }

  function forget() {
    asked = null;
    machine.forget();
    alike.clear();
    view.clear();
  }

  // ---- what the hand does beside drawing
  function redraw() {
    const { picture } = drawing;
    ofPicture.hidden = !picture || picture.example;
    for (const [name, button] of treatments) button.set(Boolean(picture?.[name]));
    pad.repaint();
  }

  function add(layer) {
    drawing.add(layer);
    redraw();
  }

  function example() {
    const row = Math.floor(Math.random() * labels.length);
    images.ask("example", [row], ([pixels]) => add({
      kind: "picture", example: true,
      image: { pixels: pixels.slice(), width, height, channels },
    }));
  }

  /** A picture that was uploaded or taken: inverted where its ground is not the model's. */
  function take(picture) {
    if (!picture || picture.id === taken || dark === null) return;
    taken = picture.id;
    const image = { ...picture, pixels: unpackBase64(picture.pixels, Uint8Array) };
    const invert = channels === 1 && edgeLevel(image) < 128 !== dark;
    add({ kind: "picture", image, invert, clean: args.data.centred, thicken: args.data.centred });
  }

  function keys(event) {
    if (undoKey(event) !== "undo") return;
    const [target] = event.composedPath();
    if (target.matches?.("input:not([type=range]), textarea")) return;
    event.preventDefault();
    if (drawing.undo()) redraw();
  }
  window.addEventListener("keydown", keys);
  redraw();

  return {
    update(next) {
      args = next;
      take(args.data.picture);
      view.map.redraw();
    },
    destroy() {
      window.removeEventListener("keydown", keys);
      for (const part of [machine, images, alike, view.map]) part.close();
      root.replaceChildren();
    },
  };
}
