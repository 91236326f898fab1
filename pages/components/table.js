/** Tables as text: CSV, TSV or one value a line, into columns of numbers or of words. No DOM. */

const NONE = new Set(["", "na", "n/a", "nan", "null", "none", "-", "inf", "-inf", "infinity",
  "-infinity"]); // no number, and no word either in a column of numbers
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const english = (count) => count.toLocaleString("en");

/** The separator of a table, by its first line outside quotes: tab, semicolon or comma. */
function separatorOf(line) {
  const bare = line.replace(/"[^"]*"/g, "");
  return ["\t", ";", ","].find((mark) => bare.includes(mark)) ?? ",";
}

/** Lines of cells. A cell in quotes may hold separators, line ends, and quotes doubled. */
function cellsOf(text, separator) {
  if (!text.includes('"'))
    return text.split(/\r\n|\n|\r/).filter((line) => line.trim()).map((l) => l.split(separator));
  const lines = [];
  let [line, cell, quoted, bare, from] = [[], "", false, true, 1];
  const endLine = () => {
    line.push(cell);
    if (line.length > 1 || cell.trim() || !bare) lines.push(line);
    [line, cell, bare] = [[], "", true];
  };
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[i + 1] === '"') cell += text[(i += 1)];
      else quoted = false;
    } else if (character === '"' && !cell.trim()) {
      [cell, quoted, bare, from] = ["", true, false, lines.length + 1];
    } else if (character === separator) {
      line.push(cell);
      cell = "";
    } else if (character === "\n" || character === "\r") {
      if (character === "\r" && text[i + 1] === "\n") i += 1;
      endLine();
    } else cell += character;
  }
  if (quoted) throw new Error(`A quote opens on line ${english(from)} and does not close.`);
  endLine();
  return lines;
}

/** A number, NaN for none, or null for a word. In tables apart by tab or semicolon, also "1,5". */
function numberOf(cell, commas) {
  const text = cell.trim();
  if (NONE.has(text.toLowerCase())) return NaN;
  const plain = commas ? text.replace(",", ".") : text;
  return NUMBER.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : null;
}

function columnOf(name, cells, commas) {
  const values = new Float64Array(cells.length);
  let any = false;
  for (let i = 0; i < cells.length; i += 1) {
    const number = numberOf(cells[i], commas);
    if (number === null) return { name, values: cells.map((cell) => cell.trim()), numeric: false };
    values[i] = number;
    any ||= !Number.isNaN(number);
  }
  return any ? { name, values, numeric: true } : { name, values: cells.map(() => ""), numeric: false };
}

/** Names of columns: each once, none empty. */
function namesOf(header, count) {
  const names = [];
  for (let i = 0; i < count; i += 1) {
    const wanted = header?.[i].trim() || (count === 1 ? "value" : `column ${i + 1}`);
    let name = wanted;
    for (let more = 2; names.includes(name); more += 1) name = `${wanted} (${more})`;
    names.push(name);
  }
  return names;
}

/**
 * The columns of a table. Its first line is a header, if any cell of it is a word.
 * @param {string} text
 * @param {number} [n] lines that are wanted: words without a header are known by their number
 * @returns {{columns: Array<{name: string, values: Float64Array | string[], numeric: boolean}>,
 *   rows: number}} NaN and "" stand for none
 * @throws {Error} one sentence: what came, what is allowed
 */
export function parseTable(text, n = null) {
  if (text.includes("\0"))
    throw new Error("This is no text; a table as CSV or TSV, or one value a line, is allowed.");
  const clean = text.replace(/^\ufeff/, "");
  const separator = separatorOf(clean.slice(0, 1e5).trimStart().split(/[\r\n]/, 1)[0]);
  const lines = cellsOf(clean, separator);
  if (!lines.length) throw new Error("An empty file came; at least one line of values is needed.");
  const count = lines[0].length;
  const ragged = lines.findIndex((line) => line.length !== count);
  if (ragged >= 0) {
    throw new Error(`Line ${english(ragged + 1)} has ${lines[ragged].length} values and the first `
      + `has ${count}; every line needs as many.`);
  }
  const commas = separator !== ",";
  const words = lines[0].some((cell) => numberOf(cell, commas) === null);
  const headed = words && !(count === 1 && lines.length === n);
  const header = headed ? lines.shift() : null;
  if (!lines.length) throw new Error("Only a header came; at least one line of values is needed.");
  const names = namesOf(header, count);
  return {
    columns: names.map((name, i) => columnOf(name, lines.map((line) => line[i]), commas)),
    rows: lines.length,
  };
}

const ROW_NAMES = ["row", "index"];

/** The column that says which image a line is of, if one does. */
export const rowColumn = ({ columns }) =>
  columns.find(({ name, numeric }) => numeric && ROW_NAMES.includes(name.toLowerCase())) ?? null;

/** Which image each line is of. */
function rowsOf(table, n) {
  const column = rowColumn(table);
  if (!column) {
    if (table.rows === n) return Uint32Array.from({ length: n }, (_, i) => i);
    throw new Error(`${english(table.rows)} values came for ${english(n)} images; one for each, `
      + "in their order, or a column called row that says which, is needed.");
  }
  const seen = new Uint8Array(n);
  for (const row of column.values) {
    if (!(Number.isInteger(row) && row >= 0 && row < n))
      throw new Error(`The ${column.name} ${row} came; 0 to ${english(n - 1)} is allowed.`);
    if (seen[row]) throw new Error(`The ${column.name} ${row} came twice; once each is allowed.`);
    seen[row] = 1;
  }
  return Uint32Array.from(column.values);
}

/**
 * A column as one value for each image.
 * @param {object} table of `parseTable` @param {string} name @param {number} n images
 * @returns {{numeric: Float32Array} | {categories: string[], codes: Uint16Array}} NaN, or the code
 *   65535, for images without a value; categories in their natural order
 * @throws {Error} one sentence: what came, what is allowed
 */
export function columnFor(table, name, n) {
  const column = table.columns.find((one) => one.name === name);
  if (!column) {
    const names = table.columns.map((one) => one.name).join(", ");
    throw new Error(`There is no column ${name}; there are: ${names}.`);
  }
  const rows = rowsOf(table, n);
  if (column.numeric) {
    const numeric = new Float32Array(n).fill(NaN);
    rows.forEach((row, i) => (numeric[row] = column.values[i]));
    return { numeric };
  }
  const categories = [...new Set(column.values)].filter((value) => value !== "");
  if (!categories.length) throw new Error(`The column ${name} is empty; values are needed.`);
  if (categories.length > 65535)
    throw new Error(`${english(categories.length)} different words came; 65,535 are allowed.`);
  const order = new Intl.Collator("en", { numeric: true });
  categories.sort(order.compare);
  const codeOf = new Map(categories.map((value, code) => [value, code]));
  const codes = new Uint16Array(n).fill(65535);
  rows.forEach((row, i) => (codes[row] = codeOf.get(column.values[i]) ?? 65535));
  return { categories, codes };
}
