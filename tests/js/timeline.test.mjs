import assert from "node:assert/strict";
import { test } from "node:test";

import { afterKey, epochWords, nats, sumWords } from "../../pages/components/timemachine.js";
import {
  boxOf, nearestOpen, parsePlaces, parseSnapshots, placesAt, turnLike,
} from "../../pages/components/timeline.js";

/** An answer of two codes, one original, one sample, images of 1 × 2 × 1. */
function answer({ first = 0, snapshots = [], total = snapshots.length, more = 0 }) {
  const begins = first === 0 && total > 0;
  const buffer = new ArrayBuffer(40 + (begins ? 6 : 0) + 36 * snapshots.length);
  const view = new DataView(buffer);
  [2, 1, 1, 1, 2, 1, first, snapshots.length, total, more].forEach((value, i) =>
    view.setUint32(4 * i, value, true));
  let at = 40;
  if (begins) {
    view.setUint16(at, 3, true);
    view.setUint16(at + 2, 7, true);
    view.setUint8(at + 4, 100);
    view.setUint8(at + 5, 200);
    at += 6;
  }
  for (const { images, opens, numbers, pixels } of snapshots) {
    view.setUint32(at, images, true);
    view.setUint32(at + 4, opens, true);
    numbers.forEach((value, i) => view.setFloat32(at + 8 + 4 * i, value, true));
    pixels.forEach((value, i) => view.setUint8(at + 32 + i, value));
    at += 36;
  }
  return buffer;
}

const ONE = { images: 128, opens: 1, numbers: [0.5, 20, 3, 24, 21, NaN], pixels: [1, 2, 3, 4] };

test("snapshots are read with what they are of, also at odd offsets", () => {
  const found = parseSnapshots(answer({ snapshots: [ONE, { ...ONE, images: 256, opens: 0 }], more: 1 }));
  assert.deepEqual([found.n, found.total, found.more, found.shape], [2, 2, true, [1, 2, 1]]);
  assert.deepEqual([[...found.labels], [...found.originals]], [[3, 7], [100, 200]]);
  const [one, two] = found.snapshots;
  assert.deepEqual([one.images, one.opens, one.epoch, one.shown], [128, true, 0.5, [20, 3]]);
  assert.deepEqual(one.train, [24, 21, NaN]);
  assert.deepEqual([[...one.reconstructions], [...one.samples]], [[1, 2], [3, 4]]);
  assert.deepEqual([two.images, two.opens], [256, false]);
  const rest = parseSnapshots(answer({ first: 1, total: 2, snapshots: [ONE] }));
  assert.deepEqual([rest.labels, rest.originals, rest.snapshots.length], [null, null, 1]);
  assert.deepEqual(parseSnapshots(answer({})).snapshots, []);
  assert.throws(() => parseSnapshots(answer({ snapshots: [ONE] }).slice(0, -1)), /bytes came/);
  assert.throws(() => parseSnapshots(new ArrayBuffer(8)), /without their head/);
});

test("places are read snapshot by snapshot, and points move in straight lines", () => {
  const buffer = new ArrayBuffer(8 + 32);
  new Uint32Array(buffer).set([2, 2]);
  new Float32Array(buffer, 8).set([0, 0, 1, 1, 4, 0, 1, 3]);
  const film = parsePlaces(buffer);
  const into = new Float32Array(4);
  assert.deepEqual([...placesAt(film, 0.25, into)], [1, 0, 1, 1.5]);
  assert.deepEqual([...placesAt(film, 1, into)], [4, 0, 1, 3]);
  assert.deepEqual([...placesAt(film, 0, into)], [0, 0, 1, 1]);
  assert.throws(() => parsePlaces(buffer.slice(0, -4)), /bytes came/);
});

test("a film that comes turned, mirrored and moved is turned back as a whole", () => {
  const shown = Float32Array.of(0, 0, 3, 0, 0, 1, 2, 2);
  const later = Float32Array.of(1, 0, 4, 1, 0, 2, 2, 3);
  for (const flip of [1, -1]) {
    const turned = (places) => {
      const [c, s] = [Math.cos(2), Math.sin(2)];
      return places.map((_, i) => {
        const [x, y] = [places[i - (i % 2)], flip * places[i - (i % 2) + 1]];
        return i % 2 ? s * x + c * y - 5 : c * x - s * y + 9;
      });
    };
    const film = [turned(shown), turned(later)];
    turnLike(film, 0, shown);
    film[0].forEach((value, i) => assert.ok(Math.abs(value - shown[i]) < 1e-5));
    film[1].forEach((value, i) => assert.ok(Math.abs(value - later[i]) < 1e-5));
  }
  const still = [new Float32Array(4)];
  turnLike(still, 0, Float32Array.of(1, 1, 1, 1)); // all in one place: nothing to turn
  assert.deepEqual([...still[0]], [0, 0, 0, 0]);
});

test("the view holds the whole film", () => {
  const film = [Float32Array.of(0, 0, 10, 5), Float32Array.of(-10, 1, 0, 0)];
  assert.deepEqual(boxOf(film, 0.1), { x: [-12, 12], y: [-2, 7] });
  const point = boxOf([Float32Array.of(2, 2)], 0.5);
  assert.deepEqual(point, { x: [1.5, 2.5], y: [1.5, 2.5] });
});

test("the nearest snapshot with weights is offered", () => {
  const of = (...opens) => opens.map((open) => ({ opens: open }));
  assert.equal(nearestOpen(of(true, false, false, true), 1), 0);
  assert.equal(nearestOpen(of(true, false, false, true), 2), 3);
  assert.equal(nearestOpen(of(false, false), 1), -1);
});

test("keys go from snapshot to snapshot, from between two to the next one that way", () => {
  assert.equal(afterKey("ArrowRight", 3, 10), 4);
  assert.equal(afterKey("ArrowRight", 3.4, 10), 4);
  assert.equal(afterKey("ArrowLeft", 3.4, 10), 3);
  assert.equal(afterKey("ArrowLeft", 0, 10), 0);
  assert.equal(afterKey("PageUp", 5, 10), 10);
  assert.deepEqual([afterKey("Home", 5, 10), afterKey("End", 5, 10)], [0, 10]);
  assert.equal(afterKey("a", 5, 10), null);
});

test("numbers in words", () => {
  assert.equal(nats(-3.25), "−3.3");
  assert.equal(nats(NaN), "–");
  assert.equal(sumWords([20, 3.04]), "reconstruction 20.0 + KL 3.0 = 23.0 nats");
  assert.equal(sumWords([20, NaN]), "reconstruction 20.0 nats");
  assert.equal(epochWords(0.0023273), "0.00233");
  assert.equal(epochWords(3), "3");
});
