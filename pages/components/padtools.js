/** The tools of the pad: undo, eraser, brush, colours, and how a picture is taken. */

import { button, element } from "./dom.js";
import { slider } from "./slider.js";

const THINNEST = 0.02; // of the pad's longer side
const THICKEST = 0.25;

/** A button that is on or off. */
export function toggle(text, title, on, onchange) {
  const made = button(text, title, () => {
    set(!on);
    onchange(on);
  });
  function set(to) {
    on = to;
    made.setAttribute("aria-pressed", String(on));
  }
  set(on);
  return Object.assign(made, { set });
}

/**
 * @param {object} options
 * @param {{width: number, colour: number[], erasing: boolean}} options.brush changed by the tools
 * @param {string[]} options.palette as "#rrggbb"; one colour needs no choice
 * @param {{undo: Function, clear: Function, fill: Function, example: Function}} options.on
 * @returns {{buttons: HTMLElement, settings: HTMLElement}} what is at hand, and what is set
 */
export function makeTools({ brush, palette, on }) {
  const eraser = toggle("Eraser", "Draw in black", false, (erasing) => (brush.erasing = erasing));
  const buttons = element("div", { class: "buttons" },
    button("Undo", "Take the last stroke or picture back (Ctrl+Z)", on.undo), eraser,
    button("Clear", "An empty pad", on.clear),
    button("Example", "One of the model's held-out images, as if you had drawn it", on.example));
  const size = slider({
    label: "Brush width, in percent of the pad",
    range: [100 * THINNEST, 100 * THICKEST],
    value: 100 * brush.width,
    words: (v) => `${v.toFixed(0)} %`,
    onInput: (percent) => (brush.width = percent / 100),
  });
  const width = element("div", { class: "tool" }, element("span", {}, "Brush"), size.element);
  const settings = element("div", { class: "tools" }, width);
  if (palette.length > 1) settings.append(colours());
  return { buttons, settings };

  function colours() {
    const pick = (colour) => {
      brush.colour = rgb(colour);
      brush.erasing = false;
      eraser.set(false);
      for (const swatch of swatches)
        swatch.setAttribute("aria-checked", String(swatch.value === colour));
    };
    const swatches = palette.map((colour) => element("button", {
      type: "button", role: "radio", class: "ink", value: colour, title: colour,
      "aria-label": `Colour ${colour}`, style: `--ink: ${colour}`, onclick: () => pick(colour),
    }));
    pick(palette[0]);
    return element("div", { class: "tool palette", role: "radiogroup", "aria-label": "Colour" },
      ...swatches, button("Fill", "The whole pad in this colour", () => on.fill(brush.colour)));
  }
}

/** "#d55e00" → [213, 94, 0] */
export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
