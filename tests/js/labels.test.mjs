import assert from "node:assert/strict";
import { test } from "node:test";

import { placeNames } from "../../pages/components/labels.js";

const BOX = { left: 0, top: 0, right: 300, bottom: 200 };
const name = (x, y, width = 60, height = 20) => ({ x, y, width, height });
const boxes = (names, places) => places.flatMap((place, i) => (place ? [{
  left: place[0] - names[i].width / 2, right: place[0] + names[i].width / 2,
  top: place[1] - names[i].height / 2, bottom: place[1] + names[i].height / 2,
}] : []));

function assertApartAndInside(names, places, taken = []) {
  const all = [...taken, ...boxes(names, places)];
  all.forEach((a, i) => all.slice(i + 1).forEach((b) => assert.ok(
    a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top,
    `${JSON.stringify(a)} and ${JSON.stringify(b)} overlap`)));
  for (const box of boxes(names, places)) {
    assert.ok(box.left >= BOX.left && box.right <= BOX.right);
    assert.ok(box.top >= BOX.top && box.bottom <= BOX.bottom);
  }
}

test("a name with room around it stands at its anchor", () => {
  assert.deepEqual(placeNames([name(50, 50), name(200, 100)], BOX), [[50, 50], [200, 100]]);
});

test("names at one place are nudged apart, the first stays, none goes far", () => {
  const names = [name(150, 100, 20), name(152, 101, 20), name(149, 99, 60)];
  const places = placeNames(names, BOX);
  assert.deepEqual(places[0], [150, 100]);
  assert.ok(places.every((place) => place !== null));
  assertApartAndInside(names, places);
  places.forEach(([x, y], i) => assert.ok(Math.hypot(x - names[i].x, y - names[i].y) <= 45));
});

test("a name at the edge is moved in, whole", () => {
  const names = [name(299, 3), name(2, 198)];
  assert.deepEqual(placeNames(names, BOX), [[270, 10], [30, 190]]);
});

test("a name without room is dropped, not drawn over another", () => {
  const names = Array.from({ length: 60 }, (_, i) => name(150 + (i % 3), 100 + (i % 2)));
  const places = placeNames(names, BOX);
  assert.ok(places.includes(null));
  assert.ok(places.filter(Boolean).length >= 3);
  assertApartAndInside(names, places);
});

test("no name for a class that is hidden, out of sight, or wider than the map", () => {
  assert.deepEqual(
    placeNames([null, name(-5, 50), name(50, 201), name(150, 100, 400)], BOX),
    [null, null, null, null]);
});

test("the buttons on the map are left free", () => {
  const taken = [{ left: 250, top: 0, right: 300, bottom: 120 }];
  const names = [name(255, 60)];
  const places = placeNames(names, BOX, taken);
  assert.ok(places[0]);
  assertApartAndInside(names, places, taken);
});
