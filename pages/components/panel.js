/** The panel beside the map: the chosen point's image, its decode, what is known of it. */

import { element } from "./dom.js";
import { brief, signed } from "./latent.js";
import { swatch } from "./legend.js";
import { nearness } from "./neighbours.js";
import { drawPixels } from "./pixels.js";

/** Rows of [name, value, explanation] in a description list; called on each move, so it reuses. */
function showTerms(list, rows) {
  while (list.children.length < rows.length)
    list.append(element("div", {}, element("dt"), element("dd", { class: "number" })));
  [...list.children].forEach((entry, i) => {
    entry.hidden = i >= rows.length;
    if (entry.hidden) return;
    const [name, value, title] = rows[i];
    entry.title = title;
    setText(entry.firstChild, name);
    setText(entry.lastChild, value);
  });
}

const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

/**
 * @param {object} options
 * @param {number[]} options.shape [H, W, C]
 * @param {Map<number, {name: string, colour: string}>} options.classes by label
 * @param {Uint16Array} options.labels
 * @param {number} options.decimals of a coordinate
 * @param {(where: "explore" | "a" | "b") => void} options.onSend
 */
export function panel({ shape, classes, labels, decimals, onSend }) {
  const canvas = (label) => {
    const made = element("canvas", { role: "img", "aria-label": label, hidden: true });
    made.style.width = `${(100 * shape[1]) / Math.max(shape[0], shape[1])}%`;
    return made;
  };
  const button = (text, title, where) => element("button", {
    type: "button", title, disabled: true, onclick: () => onSend(where),
  }, text);
  const figure = (caption, ...shown) => element("figure", {},
    element("div", { class: "stage" }, ...shown), caption);
  const imageName = (index) =>
    `image ${index}${classes.size > 1 ? `: ${classes.get(labels[index])?.name}` : ""}`;
  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  const original = canvas("Original image");
  const decoded = canvas("Decoded image");
  const absent = element("span", { class: "quiet absent" });
  const captions = [element("figcaption"), element("figcaption")];
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

  /** Name, value and explanation of what is known of the shown code. */
  function terms(shown, { image, near, usual, doubt, told }) {
    const rows = [];
    if (told) rows.push([...told, "What the colours of the points say"]);
    if (image?.kl != null) rows.push(["KL", `${image.kl.toFixed(1)} nats`, "KL(q(z|x) ‖ N(0, I))"]);
    if (image?.reconstruction != null)
      rows.push(["reconstruction", `${image.reconstruction.toFixed(1)} nats`,
        image.kl == null ? "−log p(x|z) at its code" : "−log p(x|z) for one draw of z"]);
    if (shown.z && shown.z.length <= 3)
      rows.push(["z", Array.from(shown.z, (v) => signed(v, decimals)).join("  "), "The code"]);
    if (near && usual != null)
      rows.push(["nearest real code", `${brief(near.distance)} away: ${
        nearness(near.distance, usual)} the data`,
      `On the data: within ${brief(usual)}, as 19 of 20 real codes are of another one`]);
    if (doubt != null)
      rows.push(["doubt", `${(100 * doubt).toFixed(0)} % of the map`,
        "Its nearest codes are spread this far: the place is approximate"]);
    return rows;
  }

  return {
    line,
    message,
    element: element("section", { class: "panel", "aria-label": "The chosen point" },
      element("div", { class: "head" }, dot, title, origin),
      element("div", { class: "flow" },
        figure(captions[0], original, absent), figure(captions[1], decoded)),
      facts, element("div", { class: "buttons" }, ...buttons),
      element("h4", {}, "How far to believe this map"), quality),

    /** The decode of what is shown. */
    paint(bytes) {
      decoded.hidden = false;
      drawPixels(decoded, bytes, shape);
    },

    /** The original of the shown image, or of the one nearest to the shown code. */
    paintOriginal(bytes) {
      original.hidden = false;
      absent.hidden = true;
      drawPixels(original, bytes, shape);
    },

    rate(rows) {
      showTerms(quality, rows);
    },

    /**
     * @param {{index?: number, z?: number[]}} shown
     * @param {object} known
     * @param {boolean} known.hovering whether it is only under the pointer
     * @param {boolean} known.chosen whether there is a point for the buttons
     * @param {object | null} known.image what Python knows of this image: kl, reconstruction
     * @param {{row: number, distance: number} | null} known.near the real code nearest to z, where
     *   that is no image's and as soon as it is found
     * @param {[string, string] | null} known.told name and value of what the colours say
     * @param {number | null} known.usual distance between real codes, see `nearness`
     * @param {number | null} known.doubt the spread of a placed code's neighbours
     * @param {string | null} known.absence why no original can be shown, if so
     */
    describe(shown, known) {
      const { hovering, chosen, near, absence } = known;
      const index = shown.index ?? null;
      const entry = index === null ? null : classes.get(labels[index]);
      dot.style.background = entry?.colour ?? "transparent";
      dot.classList.toggle("none", entry == null);
      setText(title, index !== null ? capital(imageName(index))
        : hovering ? "This place" : "Your own code");
      setText(origin, shown.dot >= 0 ? `click: ${imageName(shown.dot)}`
        : hovering ? "under the pointer" : index !== null ? "picked" : "chosen");
      for (const one of buttons) one.disabled = !chosen;
      if (index !== null) setText(captions[0], "original");
      else if (near) setText(captions[0], `nearest by code: ${imageName(near.row)}`);
      setText(captions[1], index !== null ? "decoded from its code" : "decoded from this code");
      if (absence) original.hidden = true;
      absent.hidden = !original.hidden;
      setText(absent, absence ?? "");
      showTerms(facts, terms(shown, known));
    },
  };
}
