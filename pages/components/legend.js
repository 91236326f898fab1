/** The classes and their colours, each a switch for its points. */

import { element } from "./dom.js";

/** A dot of a class's colour. */
export const swatch = (colour) => {
  const made = element("i", { class: "swatch" });
  made.style.background = colour;
  return made;
};

/**
 * @param {Array<{label: number, name: string, colour: string}>} classes
 * @param {() => void} changed
 * @returns {{element: HTMLElement, hidden: Set<number>}} the labels that are switched off
 */
export function legend(classes, changed) {
  const hidden = new Set();
  const toggle = (label) => {
    if (!hidden.delete(label)) hidden.add(label);
    show();
  };
  const isolate = (label) => {
    const others = classes.map((entry) => entry.label).filter((other) => other !== label);
    const alone = others.every((other) => hidden.has(other));
    hidden.clear();
    if (!alone) for (const other of others) hidden.add(other);
    show();
  };
  const chips = classes.map(({ label, name, colour }) =>
    element("button", {
      type: "button", class: "chip", "aria-pressed": "true", onclick: () => toggle(label),
      ondblclick: () => isolate(label), title: "Show or hide; double click: this one alone",
    }, swatch(colour), name));
  function show() {
    chips.forEach((chip, i) =>
      chip.setAttribute("aria-pressed", String(!hidden.has(classes[i].label))));
    changed();
  }
  return { element: element("div", { class: "chips" }, ...chips), hidden };
}
