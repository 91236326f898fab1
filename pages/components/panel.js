/** The panel beside the map: the chosen point's image, its decode, what is known of it. */

import { element } from "./dom.js";
import { signed } from "./latent.js";
import { swatch } from "./legend.js";
import { unpackBase64 } from "./nearest.js";
import { drawPixels } from "./pixels.js";

/** [name, value, explanation] as an entry of a description list. */
const term = ([name, value, title]) =>
  element("div", { title }, element("dt", {}, name), element("dd", { class: "number" }, value));

/**
 * @param {object} options
 * @param {number[]} options.shape [H, W, C]
 * @param {Map<number, {name: string, colour: string}>} options.classes by label
 * @param {Uint16Array} options.labels
 * @param {(where: "explore" | "a" | "b") => void} options.onSend
 */
export function panel({ shape, classes, labels, onSend }) {
  const canvas = (label) => {
    const made = element("canvas", { role: "img", "aria-label": label, hidden: true });
    made.style.width = `${(100 * shape[1]) / Math.max(shape[0], shape[1])}%`;
    return made;
  };
  const button = (text, title, where) =>
    element("button", { type: "button", title, disabled: true, onclick: () => onSend(where) }, text);
  const figure = (caption, ...shown) => element("figure", {},
    element("div", { class: "stage" }, ...shown), element("figcaption", {}, caption));

  const original = canvas("Original image");
  const decoded = canvas("Decoded image");
  const absent = element("span", { class: "quiet absent" });
  const dot = swatch("transparent");
  const title = element("b");
  const origin = element("span", { class: "quiet" });
  const facts = element("dl", { class: "readouts" });
  const quality = element("dl", { class: "readouts quality" });
  const line = element("span", { class: "line-state", role: "status" });
  const message = element("div", { class: "message", role: "alert" });
  const buttons = [
    button("Open in Explore", "Drag sliders from this code on", "explore"),
    button("Use as end A", "One end of an interpolation", "a"),
    button("Use as end B", "The other end of an interpolation", "b"),
  ];

  return {
    line,
    message,
    element: element("section", { class: "panel", "aria-label": "The chosen point" },
      element("div", { class: "head" }, dot, title, origin),
      element("div", { class: "flow" },
        figure("original", original, absent), figure("decoded from its code", decoded)),
      facts, element("div", { class: "buttons" }, ...buttons),
      element("h4", {}, "How far to believe this map"), quality, line, message),

    /** The decode of what is shown. */
    paint(bytes) {
      decoded.hidden = false;
      drawPixels(decoded, bytes, shape);
    },

    rate(terms) {
      quality.replaceChildren(...terms.map(term));
    },

    /**
     * @param {{index?: number, z?: number[]} | null} shown
     * @param {object} known
     * @param {boolean} known.hovering whether it is only under the pointer
     * @param {boolean} known.chosen whether there is a point for the buttons
     * @param {object | null} known.image what Python knows of this image: original, kl, …
     * @param {number | null} known.doubt the spread of a placed code's neighbours
     * @param {string | null} known.absence why no original can be shown, if so
     */
    describe(shown, { hovering, chosen, image, doubt, absence }) {
      const index = shown?.index ?? null;
      const entry = index === null ? null : classes.get(labels[index]);
      dot.style.background = entry?.colour ?? "transparent";
      title.textContent = index !== null
        ? `Image ${index}${classes.size > 1 ? `: ${entry?.name}` : ""}` : "Your own code";
      origin.textContent = hovering ? "under the pointer" : index !== null ? "picked" : "chosen";
      for (const one of buttons) one.disabled = !chosen;
      original.hidden = !image?.original;
      if (image?.original) drawPixels(original, unpackBase64(image.original, Uint8Array), shape);
      absent.hidden = !original.hidden;
      absent.textContent = index === null ? "no image has just this code"
        : absence ?? "click to see it";
      const rows = [];
      if (image) rows.push(["KL", `${image.kl.toFixed(1)} nats`, "KL(q(z|x) ‖ N(0, I))"]);
      if (image?.reconstruction != null)
        rows.push(["reconstruction", `${image.reconstruction.toFixed(1)} nats`,
          "−log p(x|z) for one draw of z"]);
      if (shown?.z && shown.z.length <= 3)
        rows.push(["z", Array.from(shown.z, (v) => signed(v)).join("  "), "The code"]);
      if (doubt != null)
        rows.push(["doubt", `${(100 * doubt).toFixed(0)} % of the map`,
          "Its nearest codes are spread this far: the place is approximate"]);
      facts.replaceChildren(...rows.map(term));
    },
  };
}
