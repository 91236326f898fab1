import assert from "node:assert/strict";
import { test } from "node:test";

import {
  choices, columnFor, firstOf, gapsInWords, parseTable, readTable,
} from "../../pages/components/column.js";

const plain = ({ columns }) =>
  columns.map(({ name, values, numeric }) => [name, [...values], numeric]);
const lines = (n, of) => Array.from({ length: n }, (_, i) => of(i)).join("\n");

test("one number a line", () => {
  assert.deepEqual(plain(parseTable("1\n2.5\n\n-3e1\n")), [["value", [1, 2.5, -30], true]]);
  assert.deepEqual(plain(parseTable("age\r\n1\r\n2\r\n")), [["age", [1, 2], true]]);
});

test("words without a header are known by their number", () => {
  assert.deepEqual(plain(parseTable("cat\ndog\ncat", 3)), [["value", ["cat", "dog", "cat"], false]]);
  assert.deepEqual(plain(parseTable("cat\ndog\ncat", 2)), [["cat", ["dog", "cat"], false]]);
});

test("CSV with quotes, a BOM, line ends of Windows, and gaps", () => {
  const text = '\ufeffname,"the, age","say ""x"""\r\n"a\r\nb",1,\r\n"c ""d""",NA,2\r\n';
  assert.deepEqual(plain(parseTable(text)), [
    ["name", ["a\r\nb", 'c "d"'], false],
    ["the, age", [1, NaN], true],
    ['say "x"', [NaN, 2], true],
  ]);
});

test("TSV, and semicolons with decimal commas", () => {
  assert.deepEqual(plain(parseTable("a\tb\n1\tx,y\n")), [["a", [1], true], ["b", ["x,y"], false]]);
  assert.deepEqual(plain(parseTable("a;b\n1,5;2\n")), [["a", [1.5], true], ["b", [2], true]]);
  assert.deepEqual(plain(parseTable("1,5\n2,6\n")), [["column 1", [1, 2], true], ["column 2", [5, 6], true]]);
});

test("columns have names, each its own", () => {
  assert.deepEqual(parseTable("x,,x\n1,2,3").columns.map(({ name }) => name), ["x", "column 2", "x (2)"]);
});

test("what is no table is said in a sentence", () => {
  for (const [text, said] of [
    ["", /^An empty file came/], ["\n \n", /^An empty file/], ["a,b\n", /^Only a header came/],
    ["a,b\n1,2\n3\n", /^Line 3 has 1 values and the first has 2; every line needs as many\.$/],
    ['a\n"b\n1', /^A quote opens on line 2 and does not close\.$/],
    ["PK\u0003\0", /^This is no text; a table as CSV or TSV/],
  ]) assert.throws(() => parseTable(text), { message: said }, JSON.stringify(text));
});

test("a value for each image, in their order", () => {
  const table = parseTable("score,kind\n1,b\n,a10\n3,a2\n2,\n");
  assert.deepEqual([...columnFor(table, "score", 4).numeric], [1, NaN, 3, 2]);
  const { categories, codes } = columnFor(table, "kind", 4);
  assert.deepEqual(categories, ["a2", "a10", "b"]);
  assert.deepEqual([...codes], [2, 1, 0, 65535]);
});

test("a column of rows says which images", () => {
  const table = parseTable("Row,score\n3,7\n0,9\n");
  assert.deepEqual([...columnFor(table, "score", 5).numeric], [9, NaN, NaN, 7, NaN]);
  assert.deepEqual(choices(table), ["score"]);
  assert.deepEqual(choices(parseTable("row\n1\n")), ["row"]);
  for (const [rows, said] of [
    ["5\n", /^The row 5 came; 0 to 4 is allowed\.$/], ["-1\n", /^The row -1 came/],
    ["1.5\n", /^The row 1\.5 came/], ["1\nNA\n", /^The row NaN came/],
    ["1\n1\n", /^The row 1 came twice/],
  ]) {
    const other = parseTable(`row,x\n${rows.replaceAll("\n", ",1\n")}`);
    assert.throws(() => columnFor(other, "x", 5), { message: said });
  }
});

test("images without a value are told of", () => {
  const table = parseTable("row,x,kind,all\n3,7,b,1\n0,9,,2\n");
  const told = (name, n) => gapsInWords(name, columnFor(table, name, n));
  assert.equal(told("x", 10000), "x: 2 of 10,000 images have a value; the others are grey.");
  assert.equal(told("kind", 5), "kind: 1 of 5 images has a value; the others are grey.");
  assert.equal(gapsInWords("all", columnFor(parseTable("all\n1\n2\n"), "all", 2)), "");
});

test("the first column that can be shown is shown, and where none can, why", () => {
  const shown = [];
  const use = (name) => {
    if (name !== "c") throw new Error(`not ${name}`);
    shown.push(name);
  };
  assert.equal(firstOf(["a", "b", "c", "d"], use), "c");
  assert.deepEqual(shown, ["c"]);
  assert.throws(() => firstOf(["a", "b"], use), { message: "not a" });
});

test("too many or too few are said", () => {
  const table = parseTable(lines(9998, (i) => i));
  assert.throws(() => columnFor(table, "value", 10000), { message:
    "9,998 values came for 10,000 images; one for each, in their order, or a column called row "
    + "that says which, is needed." });
  assert.throws(() => columnFor(table, "age", 9998), { message: /no column age; there are: value/ });
  const words = parseTable(lines(70001, (i) => `w${i}`));
  assert.throws(() => columnFor(words, "w0", 70000), { message: /^70,000 different words came/ });
  const empty = parseTable("a,b\n1,\n2,\n");
  assert.throws(() => columnFor(empty, "b", 2), { message: /^The column b is empty/ });
});

test("a file is read whole, or refused by its size", async () => {
  const table = await readTable(new Blob(["\ufeffa\n1\n2\n"]), 2);
  assert.deepEqual(plain(table), [["a", [1, 2], true]]);
  await assert.rejects(readTable({ size: 65 * 2 ** 20 + 1 }, 2),
    { message: "A file of 65.0 MiB came; up to 64 MiB are allowed." });
});

test("a hundred thousand quoted lines take no time worth a wait", () => {
  const table = parseTable(`a,b\n${lines(1e5, (i) => `"${i}",x`)}`);
  assert.equal(table.rows, 1e5);
  assert.equal(columnFor(table, "a", 1e5).numeric[99999], 99999);
});
