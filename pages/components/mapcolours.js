/** What the colours of a map's points say: the choice, its legend, and each point's own value. */

import { paintPoints, rangeOf, readValues, VIRIDIS_CSS } from "./colouring.js";
import { columnPicker } from "./column.js";
import { element } from "./dom.js";
import { fetchBytes } from "./fetching.js";
import { legend } from "./legend.js";
import { signed } from "./latent.js";
import { SYMBOLS } from "./points.js";

const MOST = 50; // categories of a column: ten colours in five shapes

/** A number as a legend shows it. Pure. */
export const plainNumber = (value) =>
  signed(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2).replace("+", "").trim();

/** A gradient with its ends, and a mark where one point's value lies. */
function colourBar({ title, unit }, [low, high]) {
  const mark = element("i", { class: "at", hidden: true });
  const bar = element("span", { class: "gradient" }, mark);
  bar.style.background = VIRIDIS_CSS;
  const words = `${title}${unit ? `, ${unit}` : ""}`;
  return {
    element: element("div", { class: "colourbar",
      title: `${words}; the ends are the 1 % and 99 % quantiles` },
    element("span", { class: "number" }, plainNumber(low)), bar,
    element("span", { class: "number" }, plainNumber(high)), unit ?? ""),
    mark(value) {
      mark.hidden = !Number.isFinite(value);
      mark.style.left = `${100 * Math.min(1, Math.max(0, (value - low) / (high - low || 1)))}%`;
    },
  };
}

/**
 * @param {object} options
 * @param {string} options.model
 * @param {number} options.n points
 * @param {Uint16Array} options.labels
 * @param {Array<{label: number, name: string, colour: string, symbol: string}>} options.classes
 * @param {Array<{by: string, title: string, unit: string}>} options.colourings what the server knows
 * @param {string[]} options.palette for the categories of a column
 * @param {() => void} options.changed
 * @param {(sentence: string) => void} options.onError
 */
export function mapColours({ model, n, labels, classes, colourings, palette, changed, onError }) {
  const categories = new Map(classes.map((entry) => [entry.label, entry]));
  const key = legend(classes, changed);
  const byClass = { codes: labels, categories, hidden: key.hidden };
  const known = new Map(); // by → Float32Array, or its promise
  const box = element("div", { class: "legend" });
  let [scheme, told, bar, offered, column] = [byClass, null, null, null, null];
  const select = element("select", {
    "aria-label": "Colour of the points", title: "What the colours say",
    onchange: () => choose(select.value),
  });
  const option = (value, words) => element("option", { value }, words);
  /** What the server knows by now; it may come to know more. */
  function offer(next) {
    if (offered === next.map(({ by }) => by).join()) return;
    offered = next.map(({ by }) => by).join();
    colourings = next;
    const { value } = select;
    select.replaceChildren(
      option("class", classes.length > 1 ? "Colour: class" : "Colour: none"),
      ...next.map(({ by, title }) => option(by, `Colour: ${title}`)));
    if (value) select.value = value;
  }

  function show(next, words, element_) {
    [scheme, told] = [next, words];
    box.replaceChildren(element_ ?? "");
    changed();
  }

  async function choose(by) {
    if (by === "class") return byLabel();
    const about = colourings.find((one) => one.by === by);
    if (!about) return column && useColumn(column);
    select.dataset.busy = "true";
    try {
      if (!known.has(by)) known.set(by, fetchBytes(model, "values", { by }).then(readValues));
      const values = await known.get(by);
      if (select.value !== by) return undefined;
      onError("");
      const { title, categories: names = [] } = about;
      return names.length ? byName(title, names, Uint16Array.from(values, Math.round)) : byNumber(values, about);
    } catch (error) {
      known.delete(by);
      if (select.value !== by) return undefined;
      onError(`The points could not be coloured: ${error.message}`);
      select.value = "class";
      return byLabel();
    } finally {
      delete select.dataset.busy;
    }
  }

  function byLabel() {
    bar = null;
    show(byClass, null, classes.length > 1 ? key.element : null);
  }

  function byNumber(values, about) {
    const range = rangeOf(values);
    bar = colourBar(about, range);
    const text = (value) => (Number.isFinite(value)
      ? `${plainNumber(value)}${about.unit ? ` ${about.unit}` : ""}` : "no value");
    show({ values, range }, { title: about.title, text: (row) => text(values[row]), values },
      bar.element);
  }

  /** A column of the person's own: {name, numeric} or {name, categories, codes}. */
  function useColumn(next) {
    if (next.categories?.length > MOST)
      throw new Error(`${next.name} has ${next.categories.length.toLocaleString("en")} different `
        + `values; up to ${MOST} can be told apart by colour and shape.`);
    column = next;
    const own = [...select.options].find(({ value }) => value === "own") ?? option("own", "");
    own.textContent = `Colour: ${next.name}`;
    select.append(own);
    select.value = "own";
    if (next.numeric) return byNumber(next.numeric, { title: next.name, unit: "" });
    return byName(next.name, next.categories, next.codes);
  }

  /** @param {string[]} names of the categories @param {Uint16Array} codes of each row */
  function byName(title, names, codes) {
    bar = null;
    const entries = names.map((name, label) => ({
      label, name, colour: palette[label % palette.length],
      symbol: SYMBOLS[Math.floor(label / palette.length) % SYMBOLS.length],
    }));
    const chips = legend(entries, changed);
    show({ codes, categories: new Map(entries.map((one) => [one.label, one])), hidden: chips.hidden },
      { title, text: (row) => names[codes[row]] ?? "no value" }, chips.element);
  }

  offer(colourings);
  box.replaceChildren(classes.length > 1 ? key.element : "");

  return {
    select,
    offer,
    legend: box,
    /** A button for a table of one's own. @param {() => void} onDone a column of it is shown */
    picker: (onDone) => columnPicker({ n, onColumn: useColumn, onError, onDone }).element,
    /** Whether the colours are those of the classes. */
    get byClass() {
      return scheme === byClass;
    },
    /** The numbers that the ends of the legend stand for, or null. */
    get range() {
      return scheme.range ?? null;
    },
    hidden: (label) => scheme === byClass && key.hidden.has(label),
    shows: (row) => !scheme.hidden?.has(scheme.codes[row]),
    /** What the server is asked for, null for the classes and for a column of one's own. */
    get by() {
      return colourings.some(({ by }) => by === select.value) ? select.value : null;
    },
    paint: (selected, rows) => paintPoints({ n, rows, ...scheme, selected }),
    /** [name, value] of what the colours say of a row; null where they say its class. */
    tell: (row) => told && [told.title, told.text(row)],
    mark: (row) => bar?.mark(row === null ? NaN : told.values[row]),
  };
}

