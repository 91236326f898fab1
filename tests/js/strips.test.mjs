import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { latticeCodes, latticeSize, placeOf, squareRanges } from "../../pages/components/pair.js";
import { tileRGBA } from "../../pages/components/pixels.js";
import { layout, turnedTo } from "../../pages/components/rows.js";
import {
  rowsAtOnce, stale, Strips, tilesFor, tileValues,
} from "../../pages/components/strips.js";

test("tiles show the middles of equal parts of the track", () => {
  assert.deepEqual(tileValues([-2, 2], 4), [-1.5, -0.5, 0.5, 1.5]);
  assert.deepEqual(tileValues([0, 1], 1), [0.5]);
});

test("a strip has as many tiles as its place has room for", () => {
  assert.equal(tilesFor(244, 34, [28, 28, 1]), 7);
  assert.equal(tilesFor(244, 34, [28, 20, 1]), 10, "narrow images: more of them");
  assert.equal(tilesFor(560, 34, [28, 28, 1]), 13);
  assert.equal(tilesFor(100, 90, [28, 28, 1]), 5);
});

test("a strip is out of date when anything but its own dimension has moved", () => {
  assert.ok(stale([1, 2], null, [0]));
  assert.ok(!stale([5, 2], [1, 2], [0]));
  assert.ok(stale([5, 2], [1, 2], [1]));
  assert.ok(!stale([5, 6, 2], [1, 2, 2], [0, 1]));
});

test("a question is bounded in bytes, and never empty", () => {
  assert.equal(rowsAtOnce(7, [28, 28, 1]), 23);
  assert.equal(rowsAtOnce(7, [64, 64, 1]), 4);
  assert.equal(rowsAtOnce(13, [256, 256, 3]), 1);
});

// ---- the schedule, with made-up canvases and a made-up decoder
let observers;

beforeEach(() => {
  observers = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.IntersectionObserver = class {
    constructor(seen) {
      this.seen = seen;
      observers.push(this);
    }
    observe() {}
    disconnect() {}
  };
  globalThis.ImageData = class {};
});

afterEach(() => {
  mock.timers.reset();
  delete globalThis.IntersectionObserver;
  delete globalThis.ImageData;
});

function begin(dims, shape = [2, 2, 1]) {
  const asked = [];
  let whole = 0;
  const strips = new Strips({
    shape, tiles: 5, onWhole: () => (whole += 1),
    ask: (codes, answered) => asked.push({ codes, answered }),
  });
  const canvases = dims.map((dim) => {
    const context = { putImageData: () => (canvas.painted += 1) };
    const canvas = { dim, painted: 0, getContext: () => context };
    canvas.style = {};
    strips.add(dim, canvas, () => [-1, 1]);
    return canvas;
  });
  const look = (inView) => observers[0].seen(canvases.map((target) =>
    ({ target, isIntersecting: inView.includes(target.dim) })));
  const answer = () => {
    const { codes, answered } = asked.at(-1);
    answered(new ArrayBuffer((codes.length / dims.length) * shape[0] * shape[1] * shape[2]), 5);
  };
  return { strips, asked, canvases, look, answer, whole: () => whole };
}

test("rows in view are asked for in one question, then only those that a move changes", () => {
  const { strips, asked, canvases, look, answer, whole } = begin([0, 1, 2]);
  strips.refresh([0, 0, 0]);
  look([0, 1]);
  mock.timers.tick(0);
  assert.equal(asked.length, 1);
  assert.equal(asked[0].codes.length, 2 * 5 * 3, "two rows of five tiles of three numbers");
  strips.refresh([0.5, 0, 0]);
  mock.timers.tick(1000);
  assert.equal(asked.length, 1, "one question at a time");
  answer();
  assert.deepEqual(canvases.map(({ painted }) => painted), [1, 1, 0]);
  assert.equal(whole(), 1);
  mock.timers.tick(1000);
  assert.equal(asked.length, 2);
  assert.equal(asked[1].codes.length, 5 * 3, "the strip along z₁ is the same wherever z₁ is");
  assert.deepEqual([...asked[1].codes.slice(0, 3)].map((v) => Math.round(10 * v)), [5, -8, 0]);
  answer();
  mock.timers.tick(1000);
  assert.equal(asked.length, 2, "all is up to date");
});

test("updates keep their distance, and a large one goes in parts", () => {
  const { strips, asked, look, answer, whole } = begin([0, 1, 2], [128, 128, 1]);
  strips.refresh([0, 0, 0]);
  look([0, 1, 2]);
  mock.timers.tick(0);
  assert.equal(asked[0].codes.length, 5 * 3, "one row is 80 KiB");
  answer();
  assert.equal(whole(), 0);
  mock.timers.tick(10);
  assert.equal(asked.length, 1);
  mock.timers.tick(20); // a third of the update: a third of the pause
  assert.equal(asked.length, 2);
  answer();
  mock.timers.tick(100);
  answer();
  assert.equal(whole(), 1);
});

test("where the large image is slow, strips are asked for less often", () => {
  const { strips, asked, look, answer } = begin([0, 1]);
  for (let i = 0; i < 30; i += 1) strips.giveWay(100);
  strips.refresh([0, 0]);
  look([0, 1]);
  mock.timers.tick(0);
  answer();
  strips.refresh([1, 1]);
  mock.timers.tick(150);
  assert.equal(asked.length, 1);
  mock.timers.tick(50);
  assert.equal(asked.length, 2);
});

test("a refused question is asked again with the next move", () => {
  const { strips, asked, look } = begin([0, 1]);
  strips.refresh([0, 0]);
  look([0, 1]);
  mock.timers.tick(0);
  strips.refused();
  strips.refresh([1, 0]);
  mock.timers.tick(0);
  assert.equal(asked.length, 2);
});

test("tiles are laid side by side with a transparent gap", () => {
  const { data, width, height } = tileRGBA(Uint8Array.of(1, 2, 3, 4), [1, 2, 1], 2, 1);
  assert.deepEqual([width, height], [5, 1]);
  assert.deepEqual([...data], [
    1, 1, 1, 255, 2, 2, 2, 255, 0, 0, 0, 0, 3, 3, 3, 255, 4, 4, 4, 255]);
  const grid = tileRGBA(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), [1, 1, 3], 2);
  assert.deepEqual([grid.width, grid.height], [2, 2]);
  assert.deepEqual([...grid.data.slice(8, 16)], [7, 8, 9, 255, 10, 11, 12, 255]);
});

test("rows are laid out by how many there are", () => {
  assert.equal(layout(16, false).kind, "many");
  assert.ok(16 * layout(16, false).height <= 600);
  assert.equal(layout(6, false).kind, "some");
  assert.equal(layout(2, false).kind, "few");
  assert.deepEqual(layout(16, true).strip, layout(2, true).strip);
  assert.equal(turnedTo(0, [-5, 5], 3), 0.6000000000000001);
  assert.equal(turnedTo(4.9, [-5, 5], 3), 5);
});

// ---- the pad
const quantiles = (low, high) => [low, low, low / 2, 0, high / 2, high, high];

test("the pad has one scale for both dimensions, and shows the prior and the point", () => {
  const [across, up] = squareRanges([quantiles(-4, 4), quantiles(-1, 1)], [0, 9]);
  assert.ok(Math.abs(across[1] - across[0] - (up[1] - up[0])) < 1e-12);
  assert.ok(across[0] <= -4 && across[1] >= 4);
  assert.ok(up[0] <= -2 && up[1] >= 9);
});

test("a place of the pad stands for two values: up is more", () => {
  assert.deepEqual(placeOf([[-1, 1], [0, 10]], 0.75, 0.25), [0.5, 7.5]);
  assert.deepEqual(placeOf([[-1, 1], [0, 10]], 2, -1), [1, 10], "outside, its rim");
});

test("the lattice's rows come from the top, the other dimensions as they are", () => {
  const codes = latticeCodes([7, 8, 9], [0, 2], [[0, 2], [0, 4]], [2, 2]);
  assert.deepEqual(codes, [[0.5, 8, 3], [1.5, 8, 3], [0.5, 8, 1], [1.5, 8, 1]]);
  assert.deepEqual(latticeSize([28, 28, 1]), [11, 11]);
  assert.deepEqual(latticeSize([64, 64, 1]), [5, 5]);
  const [columns, rows] = latticeSize([28, 20, 1]);
  assert.ok(Math.abs((columns * 20) / (rows * 28) - 1) < 0.05, "tiles have the image's shape");
});
