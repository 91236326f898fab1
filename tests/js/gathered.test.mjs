import assert from "node:assert/strict";
import { test } from "node:test";

import {
  contactLayout, imagesInWords, meanCode, readSimilar, selectedInWords, tally,
  tallyInWords, thinned,
} from "../../pages/components/gathering.js";
import { afterKey } from "../../pages/components/imagegrid.js";

const classes = [7, 9, 3].map((label) => ({ label, name: `n${label}`, colour: `#00000${label}` }));

test("an even part of many rows, with both ends", () => {
  const rows = Uint32Array.from({ length: 1000 }, (_, i) => 3 * i);
  const some = thinned(rows, 48);
  assert.equal(some.length, 48);
  assert.deepEqual([some[0], some[47]], [0, 2997]);
  some.slice(1).forEach((row, i) => assert.ok(row - some[i] >= 63 && row - some[i] <= 66));
  assert.deepEqual([...thinned(rows.subarray(0, 5), 48)], [0, 3, 6, 9, 12]);
  assert.deepEqual([...thinned(rows, 1)], [0]);
  assert.deepEqual([...thinned(new Uint32Array(0), 48)], []);
});

test("each class is counted, the most first, absent ones left out", () => {
  const labels = Uint16Array.of(9, 7, 9, 9, 7, 3);
  const counts = tally([0, 1, 2, 4], labels, classes);
  assert.deepEqual(counts.map(({ label, count }) => [label, count]), [[7, 2], [9, 2]]);
  assert.equal(counts[0].colour, "#000007");
  assert.equal(tallyInWords(counts), "n7: 2, n9: 2");
  assert.deepEqual(tally([], labels, classes), []);
});

test("few classes are named, many summed up", () => {
  const counts = (n) => Array.from({ length: n }, (_, i) => ({ name: `${i}`, count: 1000 + i }));
  assert.equal(tallyInWords(counts(7)).split(", ").length, 7);
  assert.match(tallyInWords(counts(9)), /5: 1,005, and 3,021 images of 3 other classes$/);
  assert.equal(tallyInWords([]), "");
  assert.equal(imagesInWords(1), "1 image");
  assert.equal(imagesInWords(10000), "10,000 images");
});

test("who selects beyond the map's points is told so", () => {
  assert.equal(selectedInWords(0), "No image selected");
  assert.equal(selectedInWords(1028), "1,028 images selected");
  assert.equal(selectedInWords(1028, 503), "1,028 images selected, 503 of them on this map");
  assert.equal(selectedInWords(1028, 0), "1,028 images selected", "the map is still to come");
});

test("the mean of codes", () => {
  assert.deepEqual([...meanCode([Float32Array.of(1, -2), Float32Array.of(2, 4)])], [1.5, 1]);
  const many = Array.from({ length: 1e5 }, () => Float32Array.of(0.5));
  assert.equal(meanCode(many)[0], 0.5);
});

test("the answer about similar images", () => {
  assert.deepEqual(readSimilar(Float32Array.of(12, 0.5, 3, 0.75).buffer),
    [{ row: 12, distance: 0.5 }, { row: 3, distance: 0.75 }]);
  assert.deepEqual(readSimilar(new ArrayBuffer(0)), []);
});

test("a contact sheet holds its tiles apart, whole and about square", () => {
  for (const [count, shape] of [[1, [28, 28, 1]], [247, [28, 28, 1]], [400, [64, 64, 3]],
    [48, [28, 20, 1]], [7, [512, 300, 3]], [400, [8, 60, 1]]]) {
    const { width, height, tile, at } = contactLayout(count, shape);
    assert.ok(Math.max(...tile) <= 60);
    assert.ok(Math.abs(tile[0] / tile[1] / (shape[0] / shape[1]) - 1) < 0.07);
    if (Math.max(...shape) <= 28) assert.equal(tile[0] % shape[0], 0, "crisp");
    const places = Array.from({ length: count }, (_, i) => at(i));
    for (const [left, top] of places) {
      assert.ok(left >= 0 && left + tile[1] <= width);
      assert.ok(top >= 0 && top + tile[0] <= height);
    }
    assert.equal(new Set(places.map(String)).size, count);
    if (count > 40) assert.ok(width / height > 0.7 && width / height < 1.4, `${width} ${height}`);
  }
});

test("arrow keys go through a grid and stop at its ends", () => {
  const from = (key, at) => afterKey(key, at, 10, 4);
  assert.deepEqual(["ArrowRight", "ArrowDown", "Home", "End"].map((key) => from(key, 1)), [2, 5, 0, 9]);
  assert.equal(from("ArrowUp", 5), 1);
  for (const [key, at] of [["ArrowLeft", 0], ["ArrowRight", 9], ["ArrowUp", 3], ["ArrowDown", 7],
    ["Home", 0], ["a", 3], ["Enter", 3]]) assert.equal(from(key, at), null, key);
});
