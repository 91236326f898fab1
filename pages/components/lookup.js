/** A search field: an image by its number, a class by its name. */

import { element } from "./dom.js";

const SHOWN = 8; // of what is found
const english = (count) => count.toLocaleString("en");
const images = (count) => `${english(count)} ${count === 1 ? "image" : "images"}`;

/**
 * What a text may mean: the class of that name, the image of that number, and then the classes whose
 * names begin with it. Pure.
 * @param {string} text "7", "image 7", "class 7", "ank"
 * @param {{n: number, classes: Array<{label: number, name: string}>, labels: ArrayLike<number>}} of
 * @returns {Array<{kind: "image", row: number}
 *   | {kind: "class", label: number, name: string, count: number}>}
 */
export function lookup(text, { n, classes, labels }) {
  const [, word, rest] = /^(image|class)?\s*#?\s*(.*)$/is.exec(text.trim());
  const wanted = rest.trim().toLowerCase();
  if (!wanted) return [];
  const found = [];
  const asClass = (name) => classes.length > 1 && word?.toLowerCase() !== "image"
    && name.toLowerCase().startsWith(wanted);
  const named = classes.filter(({ name }) => asClass(name));
  const counts = new Map(named.map(({ label }) => [label, 0]));
  for (let row = 0; counts.size && row < labels.length; row += 1)
    if (counts.has(labels[row])) counts.set(labels[row], counts.get(labels[row]) + 1);
  for (const { label, name } of named)
    found.push({ kind: "class", label, name, count: counts.get(label) });
  const digits = wanted.replace(/(?<=\d),(?=\d{3})/g, ""); // "1,028" as it is shown
  if (word?.toLowerCase() !== "class" && /^\d{1,15}$/.test(digits) && Number(digits) < n)
    found.push({ kind: "image", row: Number(digits) });
  const rank = (one) => (one.name?.toLowerCase() === wanted ? 0 : one.kind === "image" ? 1 : 2);
  return found.sort((a, b) => rank(a) - rank(b));
}

/** What can be asked for, to who asked for something else. Pure. */
export function allowed({ n, classes }) {
  const numbers = `an image's number from 0 to ${english(n - 1)}`;
  if (classes.length < 2) return `Nothing found: ${numbers} is allowed.`;
  const names = classes.slice(0, 10).map(({ name }) => name).join(", ");
  return `Nothing found: ${numbers}, or a class: ${names}${classes.length > 10 ? ", …" : ""}.`;
}

/** One that was found, so that a class and an image of the same number cannot be confused. Pure. */
export const inWords = (one) => (one.kind === "image" ? `image ${one.row}: this one alone`
  : `class ${one.name}: all of its ${images(one.count)}`);

/** Which option an arrow key goes to; -1 is none, back in the text. Pure. */
export function afterArrow(key, at, count) {
  if (!count) return -1;
  const step = { ArrowDown: 1, ArrowUp: -1 }[key] ?? 0;
  return ((at + 1 + step + count + 1) % (count + 1)) - 1;
}

let fields = 0; // made so far: each has ids of its own

/**
 * @param {object} options
 * @param {number} options.n images
 * @param {Array<{label: number, name: string}>} options.classes
 * @param {ArrayLike<number>} options.labels by row; may fill later
 * @param {(row: number) => void} options.onImage
 * @param {(label: number) => void} options.onClass
 * @returns {{element: HTMLElement}}
 */
export function lookupField({ n, classes, labels, onImage, onClass }) {
  const id = `lookup-${(fields += 1)}`;
  const list = element("div", { class: "options", role: "listbox", id, "aria-label": "Found" });
  const sentence = element("p", { class: "nothing", role: "status" });
  const popup = element("div", { class: "popup", hidden: true }, list, sentence);
  const what = classes.length > 1 ? "class or image" : "image";
  const input = element("input", {
    type: "search", placeholder: `${what}, e.g. image 7`, autocomplete: "off",
    "aria-label": classes.length > 1 ? "Find a class or an image" : "Find an image",
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id,
    enterkeyhint: "search", spellcheck: "false",
    oninput: search, onfocus: search, onblur: close, onkeydown: pressed,
  });
  let [found, at] = [[], -1];

  function search() {
    [found, at] = [lookup(input.value, { n, classes, labels }).slice(0, SHOWN), -1];
    list.replaceChildren(...found.map((one, i) => element("div", {
      role: "option", id: `${id}-${i}`, "aria-selected": "false",
      // before the field loses the focus, which would close the list
      onpointerdown: (event) => event.preventDefault(), onclick: () => choose(one),
    }, inWords(one))));
    const asked = input.value.trim() !== "";
    sentence.textContent = asked && !found.length ? allowed({ n, classes }) : "";
    list.hidden = !found.length;
    open(asked);
    mark();
  }

  function open(shown) {
    popup.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown && found.length > 0));
  }

  function close() {
    open(false);
    at = -1;
    mark();
  }

  function mark() {
    [...list.children].forEach((option, i) =>
      option.setAttribute("aria-selected", String(i === at)));
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `${id}-${at}`);
  }

  function choose(one) {
    input.value = one.kind === "image" ? `image ${one.row}` : `class ${one.name}`;
    close();
    if (one.kind === "image") onImage(one.row);
    else onClass(one.label);
  }

  function pressed(event) {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      if (popup.hidden) search(); // what the text may mean is seen before one of it is taken
      else if (found.length) choose(found[Math.max(0, at)]);
    } else if (event.key === "Escape") {
      if (popup.hidden) input.value = "";
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (popup.hidden) search();
      at = afterArrow(event.key, at, found.length);
      mark();
    } else return;
    event.preventDefault();
    event.stopPropagation(); // the map's keys are not meant
  }

  return { element: element("div", { class: "lookup" }, input, popup) };
}
