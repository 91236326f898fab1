/** Points coloured by a column of one's own: a file, read here, which never leaves the browser. */

import { element } from "./dom.js";
import { columnFor, parseTable, rowColumn } from "./table.js";

export { columnFor, parseTable } from "./table.js";

const MEGABYTE = 2 ** 20;
const MOST = 64 * MEGABYTE;

/** The columns that can be chosen: all but the one that names rows, unless it is alone. Pure. */
export function choices(table) {
  const rows = rowColumn(table);
  const others = table.columns.filter((column) => column !== rows);
  return (others.length ? others : table.columns).map(({ name }) => name);
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
 * @param {object} options
 * @param {number} options.n images
 * @param {(column: {name: string, numeric?: Float32Array, categories?: string[],
 *   codes?: Uint16Array}) => void} options.onColumn
 * @param {(sentence: string) => void} options.onError
 * @returns {{element: HTMLElement}}
 */
export function columnPicker({ n, onColumn, onError }) {
  let table = null;
  const file = element("input", {
    type: "file", accept: ".csv,.tsv,.txt,text/*", hidden: true, onchange: take,
  });
  const open = element("button", {
    type: "button", onclick: () => file.click(),
    title: "CSV, TSV or one value a line: a value for each image in their order, or a column row "
      + "that says which. It stays in this browser.",
  }, "Colour by a file …");
  const select = element("select", {
    "aria-label": "Column of the file", hidden: true, onchange: () => use(select.value),
  });

  async function take() {
    const [chosen] = file.files;
    file.value = ""; // the same file may be chosen again, changed
    if (!chosen) return;
    try {
      const read = await readTable(chosen, n);
      const names = choices(read);
      const column = columnFor(read, names[0], n); // whatever is wrong is told before it is shown
      table = read;
      select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
      select.hidden = names.length < 2;
      onColumn({ name: names[0], ...column });
    } catch (error) {
      onError(`${chosen.name}: ${error.message}`);
    }
  }

  function use(name) {
    try {
      onColumn({ name, ...columnFor(table, name, n) });
    } catch (error) {
      onError(error.message);
    }
  }

  return { element: element("div", { class: "column-picker" }, open, file, select) };
}
