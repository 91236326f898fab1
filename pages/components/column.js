/** Points coloured by a column of one's own: a file, read here, which never leaves the browser. */

import { element } from "./dom.js";
import { columnFor, parseTable, rowColumn } from "./table.js";

export { columnFor, parseTable } from "./table.js";

const MEGABYTE = 2 ** 20;
const MOST = 64 * MEGABYTE;
const english = (count) => count.toLocaleString("en");

/** The columns that can be chosen: all but the one that names rows, unless it is alone. Pure. */
export function choices(table) {
  const rows = rowColumn(table);
  const others = table.columns.filter((column) => column !== rows);
  return (others.length ? others : table.columns).map(({ name }) => name);
}

/**
 * How many images have a value, where some have none; else nothing. Pure.
 * @param {string} name of the column
 * @param {{numeric?: Float32Array, categories?: string[], codes?: Uint16Array}} column of `columnFor`
 */
export function gapsInWords(name, { numeric, categories, codes }) {
  const values = numeric ?? codes;
  const has = numeric ? (value) => !Number.isNaN(value) : (code) => code < categories.length;
  const count = values.reduce((sum, value) => sum + has(value), 0);
  if (count === values.length) return "";
  return `${name}: ${english(count)} of ${english(values.length)} images `
    + `${count === 1 ? "has" : "have"} a value; the others are grey.`;
}

/** The first of `names` for which `use` throws nothing, else what the very first throws. Pure. */
export function firstOf(names, use) {
  let wrong = null;
  for (const name of names) {
    try {
      use(name);
      return name;
    } catch (error) {
      wrong ??= error;
    }
  }
  throw wrong;
}

/**
 * The table in a file.
 * @param {Blob} file @param {number} n images
 * @throws {Error} one sentence: what came, what is allowed
 */
export async function readTable(file, n) {
  if (file.size > MOST) {
    throw new Error(`A file of ${(file.size / MEGABYTE).toFixed(1)} MiB came; up to `
      + `${MOST / MEGABYTE} MiB are allowed.`);
  }
  return parseTable(await file.text(), n);
}

/**
 * A button for a file, and below it what is wrong with it.
 * @param {object} options
 * @param {number} options.n images
 * @param {(column: {name: string, numeric?: Float32Array, categories?: string[],
 *   codes?: Uint16Array}) => void} options.onColumn may throw a sentence, which is then said here
 * @param {(sentence: string) => void} options.onError where images without a value are told of, as
 *   the menu may be closed by then; nothing, for what was told before
 * @param {() => void} [options.onDone] nothing is left to be chosen here
 * @returns {{element: HTMLElement}}
 */
export function columnPicker({ n, onColumn, onError, onDone = () => {} }) {
  let table = null;
  const message = element("p", { class: "wrong", role: "alert" });
  const file = element("input", {
    type: "file", accept: ".csv,.tsv,.txt,text/*", hidden: true, onchange: take,
  });
  const open = element("button", {
    type: "button", onclick: () => file.click(),
    title: "CSV, TSV or one value a line: a value for each image in their order, or a column row "
      + "that says which. It stays in this browser.",
  }, "Colour by a file …");
  const select = element("select", {
    "aria-label": "Column of the file", hidden: true,
    onchange: () => attempt("", () => {
      show(table, select.value);
      onDone();
    }),
  });

  async function take() {
    const [chosen] = file.files;
    file.value = ""; // the same file may be chosen again, changed
    if (!chosen) return;
    await attempt(`${chosen.name}: `, async () => {
      const read = await readTable(chosen, n);
      const names = choices(read);
      const first = firstOf(names, (name) => show(read, name)); // before the last table goes
      table = read;
      select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
      select.value = first;
      select.hidden = names.length < 2;
      if (select.hidden) onDone();
    });
  }

  async function attempt(whose, what) {
    message.textContent = "";
    try {
      await what();
    } catch (error) {
      message.textContent = `${whose}${error.message}`;
    }
  }

  function show(from, name) {
    const column = columnFor(from, name, n);
    onColumn({ name, ...column });
    onError(gapsInWords(name, column));
  }

  return { element: element("div", { class: "column-picker" }, open, file, select, message) };
}
