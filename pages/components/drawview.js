/** What stands on the Draw page: the drawing, the encoder's input, its code, the map, the decode. */

import { makeBars } from "./bars.js";
import { button, calm, element } from "./dom.js";
import { drawPixels } from "./pixels.js";
import { sum } from "./posterior.js";
import { makePosteriorMap } from "./postmap.js";

const FEW = 4; // so few dimensions leave room for a larger map
const READABLE = 200; // ms between two changes of a number

const box = (name, ...shown) => element("div", { class: name }, ...shown);
const part = (name, title, ...shown) =>
  element("section", { class: name, "aria-label": title }, element("h4", {}, title), ...shown);
const arrow = (name) => element("div", { class: "arrow", "aria-hidden": "true" },
  name, element("b", {}, "→"));

/**
 * @param {HTMLElement} root
 * @param {object} options
 * @param {object} options.data from Python
 * @param {Uint16Array} options.labels of the held-out images
 * @param {HTMLElement} options.pad @param {HTMLElement} options.buttons the pad's
 * @param {HTMLElement[]} options.settings how a drawing is made and taken
 * @param {HTMLElement} options.alike the nearest images
 * @param {(where: "a" | "b" | "explore") => void} options.onGo
 */
export function makeDrawView(root, { data, labels, pad, buttons, settings, alike, onGo }) {
  const { shape, words } = data;
  const point = data.posterior === "point";
  const [height, width] = shape;
  const canvas = (name) => {
    const made = element("canvas", { role: "img", "aria-label": name });
    made.style.width = `${(100 * width) / Math.max(height, width)}%`;
    return made;
  };
  const input = canvas("What the encoder gets");
  const output = canvas(`Reconstruction: the decode of the ${point ? "code" : "posterior mean"}`);
  const waiting = element("span", { class: "waiting" }, "what the model makes of it");
  const bars = makeBars(data);
  const map = makePosteriorMap(labels, data.classes);
  const [kl, error] = [0, 1].map(() => element("dd", { class: "number" }));
  const term = (name, value, title) => element("div", { title }, element("dt", {}, name), value);
  const goes = [
    ["a", "Make this end A", "One end of an interpolation"],
    ["b", "Make this end B", "The other end of an interpolation"],
    ["explore", "Open in Explore", "Drag sliders from this code on"],
  ].map(([where, text, title]) => button(text, title, () => onGo(where)));
  const line = element("span", { class: "line-state", role: "status" });
  const message = element("div", { class: "message", role: "alert" });

  root.classList.toggle("few", data.dims <= FEW);
  root.replaceChildren(
    box("left", part("drawn", "Your drawing", pad, buttons), box("settings", ...settings)),
    arrow(""),
    box("middle",
      part("seen", "The encoder gets", box("stage", input),
        element("p", { class: "quiet number" }, `${width} × ${height} pixels`)),
      arrow("encoder"),
      part("q", point ? "the code z" : "q(z|x)", bars.element),
      bars.key,
      part("where", words.map, map.element, element("p", { class: "quiet" }, words.uncertainty))),
    arrow("decoder"),
    box("right",
      part("rebuilt", "Reconstruction", box("stage", output, waiting)),
      box("after",
        element("dl", { class: "readouts" },
          ...(point ? [] : [
            term("KL(q(z|x) ‖ p(z))", kl, "What the encoder says of your drawing beyond the prior"),
          ]),
          term("mean error of a pixel", error,
            "Mean absolute difference of what the encoder gets and the reconstruction")),
        alike, box("buttons go", ...goes), message),
      line));

  let found = null; // the last decode's q and error; null on an empty pad
  const write = calm(() => {
    if (!found) return;
    bars.write(found.q);
    if (!point) kl.textContent = `${sum(found.q.kl).toFixed(1)} nats`;
    error.textContent = `${found.error.toFixed(1)} of 255`;
  }, READABLE);

  return {
    line,
    map,

    say(sentence) {
      message.textContent = sentence;
    },

    /** What the encoder gets. */
    showInput(image) {
      drawPixels(input, image, shape);
    },

    showPosterior(q) {
      bars.show(q);
      for (const one of goes) one.disabled = false;
    },

    /** @param {{q: object, pixels: Uint8Array, error: number}} decoded */
    showDecode(decoded) {
      found = decoded;
      root.dataset.empty = "false";
      drawPixels(output, decoded.pixels, shape);
      message.textContent = "";
      write();
    },

    /** Nothing is drawn: nothing is known. */
    clear() {
      found = null;
      root.dataset.empty = "true";
      bars.clear();
      map.show(null);
      for (const value of [kl, error]) value.textContent = "–";
      for (const one of goes) one.disabled = true;
    },
  };
}
