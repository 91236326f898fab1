import assert from "node:assert/strict";
import { test } from "node:test";

import { afterArrow, allowed, inWords, lookup } from "../../pages/components/lookup.js";

const digits = {
  n: 5000,
  classes: Array.from({ length: 10 }, (_, label) => ({ label, name: String(label) })),
  labels: Uint16Array.from({ length: 5000 }, (_, i) => (i < 1028 ? 7 : 9)),
};
const clothes = {
  n: 4,
  classes: ["T-shirt", "Trouser", "Sandal", "Ankle boot"].map((name, label) => ({ label, name })),
  labels: Uint16Array.of(3, 3, 0, 1),
};

test("a digit is a class and an image", () => {
  assert.deepEqual(lookup("7", digits), [
    { kind: "class", label: 7, name: "7", count: 1028 }, { kind: "image", row: 7 },
  ]);
  assert.deepEqual(lookup(" 4999 ", digits), [{ kind: "image", row: 4999 }]);
  assert.deepEqual(lookup("1,028", digits), [{ kind: "image", row: 1028 }]);
});

test("a class and an image of one number are told apart", () => {
  assert.deepEqual(lookup("7", digits).map(inWords),
    ["class 7: all of its 1,028 images", "image 7: this one alone"]);
});

test("a word before it says which of the two", () => {
  assert.deepEqual(lookup("image 7", digits), [{ kind: "image", row: 7 }]);
  assert.deepEqual(lookup("#7", digits).length, 2);
  assert.deepEqual(lookup("Class 9", digits), [{ kind: "class", label: 9, name: "9", count: 3972 }]);
});

test("names match by how they begin, in either case, exact ones first", () => {
  assert.deepEqual(lookup("ANK", clothes).map(({ name }) => name), ["Ankle boot"]);
  assert.deepEqual(lookup("t", clothes).map(({ name }) => name), ["T-shirt", "Trouser"]);
  assert.deepEqual(lookup("boot", clothes), []);
  assert.equal(lookup("sandal", clothes)[0].count, 0);
  const ten = { ...digits, classes: [{ label: 10, name: "10" }, { label: 1, name: "1" }] };
  assert.deepEqual(lookup("1", ten).map((one) => one.label), [1, undefined, 10]);
  assert.deepEqual(lookup("10", digits).map(({ kind }) => kind), ["image"], "no such class");
  const teens = { ...digits, classes: [{ label: 12, name: "12" }, { label: 13, name: "13" }] };
  assert.equal(lookup("1", teens)[0].kind, "image", "no class is called 1");
});

test("what there is not is not found, and what there is is said", () => {
  for (const text of ["", "  ", "5000", "-1", "1.5", "9".repeat(400), "image", "class", "(", "\n"])
    assert.deepEqual(lookup(text, digits), [], text);
  assert.match(allowed(digits), /^Nothing found: an image's number from 0 to 4,999, or a class: 0, /);
  const one = { n: 3, classes: [{ label: 0, name: "face" }], labels: Uint16Array.of(0, 0, 0) };
  assert.deepEqual(lookup("face", one), [], "all images are of one class");
  assert.equal(allowed(one), "Nothing found: an image's number from 0 to 2 is allowed.");
});

test("arrows go round through the options and the text", () => {
  assert.deepEqual([-1, 0, 1].map((at) => afterArrow("ArrowDown", at, 2)), [0, 1, -1]);
  assert.deepEqual([-1, 0, 1].map((at) => afterArrow("ArrowUp", at, 2)), [1, -1, 0]);
  assert.equal(afterArrow("ArrowDown", -1, 0), -1);
});
