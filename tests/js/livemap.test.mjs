import assert from "node:assert/strict";
import { test } from "node:test";

import { fetchRandomCode, randomRow, realImageTitle } from "../../pages/components/codes.js";
import { Following } from "../../pages/components/following.js";
import { pathWords } from "../../pages/components/interpolate.js";
import { backdrop, sampleRows } from "../../pages/components/livemap.js";
import { doubtRadius, lineText, markAt, placeWords } from "../../pages/components/livemarks.js";
import { viewOf } from "../../pages/components/mapcanvas.js";

/** A map whose answers come when the test says so. */
function made({ exact = true } = {}) {
  const [smooth, fitted, placed, states] = [[], [], [], []];
  const following = new Following({
    ask: (z, answered) => smooth.push({ z, answered }),
    askExact: exact ? (z, row, answered) => fitted.push({ z, row, answered }) : null,
  }, {
    placed: (place, isExact) => placed.push([place.x, isExact]),
    changed: () => states.push(following.state),
  });
  return { following, smooth, fitted, placed, states };
}
const at = (x) => ({ x, y: 0, spread: 0.1 });

test("a moving code is placed by every answer; the exact place comes last and stays", () => {
  const { following, smooth, fitted, placed, states } = made();
  following.show([1]);
  following.show([2]);
  smooth[0].answered(at(1));
  smooth[1].answered(at(2));
  following.settle([2]);
  assert.equal(smooth.length, 2); // the same z is not asked for again
  assert.deepEqual(fitted.map(({ z, row }) => [z, row]), [[[2], null]]);
  assert.equal(following.state, "placing");
  fitted[0].answered(at(2.5));
  assert.equal(following.state, "exact");
  assert.deepEqual(placed, [[1, false], [2, false], [2.5, true]]);
  assert.deepEqual(states, ["moving", "moving", "placing"]);
});

test("answers that come late move nothing: neither the exact one of an old z, nor a rough one", () => {
  const { following, smooth, fitted, placed } = made();
  following.settle([1], 7);
  fitted[0].answered({ ...at(1), own: true });
  smooth[0].answered(at(0.9)); // after the exact one of the same z
  following.settle([2]);
  following.show([3]);
  fitted[1].answered(at(2));
  assert.deepEqual(placed, [[1, true]]);
  assert.equal(fitted[0].row, 7);
  assert.equal(following.state, "moving");
  smooth[1].answered(at(1.9)); // of z = 2: on the way, still better than nothing
  assert.deepEqual(placed.at(-1), [1.9, false]);
});

test("a code that rests twice is fitted once, and one shown again does not move", () => {
  const { following, smooth, fitted } = made();
  following.settle([1]);
  following.settle([1]);
  fitted[0].answered(at(1));
  following.show([1]);
  assert.deepEqual([smooth.length, fitted.length, following.state], [1, 1, "exact"]);
  following.show([1.0001]);
  assert.equal(following.state, "moving");
});

test("where exact places are refused, or there are none, the smooth ones stay", () => {
  for (const one of [made(), made({ exact: false })]) {
    one.following.settle([1]);
    if (one.fitted.length) one.following.refuse();
    one.smooth[0].answered(at(1));
    assert.equal(one.following.state, "moving");
    one.following.settle([2]);
    assert.equal(one.smooth.length, 2);
    assert.ok(one.fitted.length <= 1);
  }
});

test("nothing is placed after the end", () => {
  const { following, smooth, fitted, placed } = made();
  following.settle([1]);
  following.close();
  smooth[0].answered(at(1));
  fitted[0].answered(at(1));
  assert.deepEqual(placed, []);
});

test("a place beyond the map is marked at its edge, and said to be beyond", () => {
  const view = viewOf({ x: [-1, 1], y: [-1, 1] }, 200, 200);
  const frame = { view, width: 200, height: 200 };
  assert.deepEqual(markAt(frame, { x: 0.5, y: 0.5 }), [150, 50, false]);
  assert.deepEqual(markAt(frame, { x: 5, y: 0 }), [190, 100, true]);
  assert.deepEqual(markAt(frame, { x: 0, y: -9 }), [100, 190, true]);
  assert.equal(lineText([[1.04, 2], [3, 4.25]]), "1.0,2.0 3.0,4.3");
});

test("the doubt's radius is spread times span times scale", () => {
  const view = viewOf({ x: [0, 8], y: [0, 4] }, 400, 400);
  assert.equal(doubtRadius(0.25, { x: [0, 8], y: [0, 4] }, view), 0.25 * 8 * 50);
});

test("a place is called the map's own only where it is; no doubt is told without its circle", () => {
  const place = { spread: 0.124 };
  const words = (exact, state, more = {}, beyond = false) => placeWords({ ...place, ...more },
    { exact, state, beyond, method: "t-SNE" });
  const near = "its neighbours spread over ≈ 12 % of the map";
  assert.deepEqual(words("asked", "moving"), ["≈ while you drag", near]);
  assert.deepEqual(words("asked", "placing"), ["≈ placing …", near]);
  assert.deepEqual(words("asked", "exact"),
    ["placed by t-SNE itself", "its neighbours spread over 12 % of the map"]);
  assert.deepEqual(words(null, "moving"), ["≈ about here", near]);
  assert.deepEqual(words("formula", "moving", { spread: 0 }), ["exact", ""]);
  const own = { own: true, spread: 0 };
  assert.deepEqual(words("asked", "exact", own), ["its own point", ""]);
  assert.deepEqual(words("asked", "moving", own), ["≈ while you drag", ""]); // it has just left it
  assert.match(words("asked", "exact", { spread: 0.001 })[1], /over under 1 % of the map/);
  assert.deepEqual(words("asked", "exact", {}, true),
    ["placed by t-SNE itself, beyond the edge", ""]);
  assert.deepEqual(placeWords(null, { exact: null, state: "moving", missing: true }),
    ["could not be placed", ""]);
});

test("of many points a fixed subset is drawn, of each class its share", () => {
  const rows = sampleRows(1000, 100);
  assert.equal(rows.length, 100);
  assert.deepEqual(rows, sampleRows(1000, 100));
  assert.deepEqual(rows, [...new Set(rows)].sort((a, b) => a - b));
  assert.notDeepEqual(rows, sampleRows(1000, 100, 1));
  assert.deepEqual(sampleRows(3, 5), [0, 1, 2]);
  const n = 1000;
  const coords = Float32Array.from({ length: 2 * n }, (_, i) => i % 97);
  const labels = Uint16Array.from({ length: n }, (_, i) => i % 2);
  const classes = [0, 1].map((label) => ({ label, name: `${label}`, colour: "#000" }));
  const { coords: some, groups, span, box } = backdrop(coords, labels, classes, 100);
  const drawn = sampleRows(n, 100);
  assert.equal(groups[0].rows.length + groups[1].rows.length, 100);
  assert.ok(groups.every(({ rows: members, label }) =>
    members.length > 30 && members.every((at) => labels[drawn[at]] === label)));
  assert.deepEqual([some[14], some[15]], [coords[2 * drawn[7]], coords[2 * drawn[7] + 1]]);
  assert.equal(backdrop(coords, labels, classes).coords, coords); // few enough: all, not copied
  assert.deepEqual(span, { x: [0, 96], y: [0, 96] });
  assert.ok(box.x[0] < 0 && box.x[1] > 96);
});

test("a random image is one of the selected ones, where there are any", () => {
  for (let i = 0; i < 50; i += 1) {
    assert.ok([3, 5].includes(randomRow(100, { rows: [3, 5], total: 2 })));
    assert.ok(randomRow(2, { rows: [], total: 0 }) < 2);
  }
  assert.equal(realImageTitle({ rows: [], total: 0 }), "The code of a random held-out image");
  assert.match(realImageTitle({ rows: [3, 5], total: 2 }), /one of the 2 images selected/);
  assert.match(realImageTitle({ rows: Array(2000), total: 5000 }), /5,000 .*\(of 2,000 of them\)/);
});

test("of a random image that one's code is asked for, not all of them", async () => {
  const asked = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (url, { method, body }) => {
    asked.push([url, method, ...body]);
    return asked.length > 1 ? new Response(JSON.stringify({ error: "Gone." }), { status: 404 })
      : new Response(Float32Array.of(0.5, -1));
  };
  try {
    const ask = () => fetchRandomCode("tiny", 2, 100, { rows: [7], total: 1 });
    const { index, z } = await ask();
    assert.deepEqual([index, ...z], [7, 0.5, -1]);
    assert.deepEqual(asked, [["/live/models/tiny/codes", "POST", 7]]);
    await assert.rejects(ask, { message: "The code of image 7 did not come: Gone." });
  } finally {
    globalThis.fetch = fetch;
  }
});

test("what is said of a path is true of its map", () => {
  assert.equal(pathWords("lerp", false, "UMAP"), "Straight in z; UMAP bends it.");
  assert.match(pathWords("lerp", true, "PCA"), /straight on this map, too/);
  assert.match(pathWords("slerp", true, "PCA"), /arc/);
  assert.match(pathWords("slerp", false, "t-SNE"), /t-SNE bends it once more/);
});
