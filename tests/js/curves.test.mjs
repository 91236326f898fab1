import assert from "node:assert/strict";
import { test } from "node:test";

import { axes, heading, heatTraces, layout, note, summary, traces } from "../../pages/components/curvedraw.js";
import { nearRange, newStore, reach, take } from "../../pages/components/curvestore.js";

const loss = { term: "loss", title: "Loss", unit: "nats" };
const active = { term: "active_units", title: "Active units", unit: "", measured: true, range: [0, 2] };
const colours = { train: "#00f", validation: "#f80" };
const data = { colours, epochs: 40, ended: false, others: [] };
const theme = { text: "#000", grid: "#888", family: "x" };

const point = (split, epoch, more = {}) => ({ split, epoch, images: epoch, loss: 100 - epoch, ...more });
const answer = (points, after = 0, next = after + points.length) => ({ points, after, next, more: false, first: "f" });

function filled() {
  const points = [point("train", 0.5), point("train", 1),
    point("validation", 1, { active_units: 1, kl_dims: [0.5, 0] })];
  return take(newStore(["loss", "active_units"]), answer(points)).store;
}

test("points are appended once, each to the lines of its split", () => {
  const first = take(newStore(["loss"]), answer([point("train", 0.5), point("train", 1)]));
  assert.deepEqual(first.added, { train: 0, validation: 0 });
  const { store, added, redraw } = take(first.store, answer([point("train", 1.5), point("validation", 1)], 2));
  assert.deepEqual(added, { train: 2, validation: 0 });
  assert.equal(redraw, false);
  assert.deepEqual(store.train.epoch, [0.5, 1, 1.5]);
  assert.deepEqual(store.train.loss, [99.5, 99, 98.5]);
  assert.deepEqual([store.next, store.first, store.count], [4, "f", 4]);
});

test("a run that was trained anew begins again", () => {
  const { store, redraw } = take(filled(), answer([point("train", 0.1)], 0, 1));
  assert.equal(redraw, true);
  assert.deepEqual(store.train.epoch, [0.1]);
  assert.deepEqual([store.validation.epoch, store.heat.dims], [[], []]);
});

test("a term that a point lacks leaves a gap", () => {
  assert.deepEqual(take(newStore(["mmd"]), answer([point("train", 1)])).store.train.mmd, [null]);
});

test("however long a run, the browser keeps at most 1,000 points of a line, evenly spread", () => {
  let store = newStore(["loss"]);
  let thinned = 0;
  for (let i = 1; i <= 10_000; i += 1) {
    const dims = Array(64).fill(0.25);
    const step = take(store, answer([point("validation", i, { kl_dims: dims })], i - 1));
    thinned += step.redraw;
    ({ store } = step);
  }
  const { epoch, loss: values } = store.validation;
  assert.ok(epoch.length > 500 && epoch.length <= 1000);
  assert.equal(values.length, epoch.length);
  assert.equal(new Set(epoch.slice(1).map((e, i) => e - epoch[i])).size, 1);
  assert.equal(thinned, 4);
  assert.ok(store.heat.dims.length * 64 <= 40_000);
  assert.equal(store.last, 10_000);
});

test("the epoch axis doubles up to all epochs, and ends with an ended run", () => {
  assert.deepEqual([0.5, 5, 5.1, 19, 30].map((last) => reach(last, 30, false)), [5, 5, 10, 20, 30]);
  assert.deepEqual([reach(0, 30, false), reach(0, 2, true), reach(2.8, 100, true)], [5, 2, 2.8]);
});

test("the axis leaves out the first fall and nothing later", () => {
  const epoch = Array.from({ length: 19 }, (_, i) => (i + 1) / 2);
  const line = { epoch, loss: epoch.map((e, i) => (i === 0 ? 500 : 100 - 2 * e)) };
  const [low, high] = nearRange([line], "loss");
  assert.ok(low < 81 && high > 98 && high < 110);
  assert.deepEqual(nearRange([{ epoch: [], loss: [] }], "loss"), [0, 1]);
});

test("training is a line, validation has markers, each in its colour, of arrays of its own", () => {
  const store = filled();
  const [train, validation] = traces(loss, store, data, [], 5);
  assert.deepEqual([train.x, train.y], [[0.5, 1], [99.5, 99]]);
  assert.deepEqual([train.mode, validation.mode], ["lines", "lines+markers"]);
  assert.deepEqual([train.line.color, validation.line.color], ["#00f", "#f80"]);
  take(store, answer([point("train", 1.5)], 3));
  assert.equal(train.x.length, 2); // Plotly appends to what it was given
});

test("what is measured at validation has one line; other runs are laid over, dashed", () => {
  const laid = { ...data, others: [{ run: "b", colour: "#808" }] };
  const [own, other, ...rest] = traces(active, filled(), laid, [filled()], 5);
  assert.deepEqual([own.y, other.y, rest.length], [[1], [1], 0]);
  assert.deepEqual([other.name, other.line.color, other.line.dash], ["b", "#808", "dash"]);
});

test("axes reach to the longest run that is drawn, and never magnify what is nothing", () => {
  const long = take(newStore(["loss", "active_units"]), answer([point("validation", 60)])).store;
  assert.equal(axes(loss, filled(), data, [long]).end, 60);
  assert.deepEqual(axes(active, filled(), data, []).range, [0, 2]);
  const kl = { term: "kl", title: "KL", unit: "nats" };
  const still = take(newStore(["kl"]), answer([1, 2, 3].map((e) => point("train", e, { kl: 1e-6 * e })))).store;
  const { range: [low, high] } = axes(kl, still, data, []);
  assert.ok(high - low >= 0.1);
  assert.equal(axes(kl, newStore(["kl"]), data, []).waiting, true);
});

test("the heat map has a row for each dimension, from 0 nats, and says nats", () => {
  const [map] = heatTraces(filled().heat, theme);
  assert.deepEqual([map.x, map.y, map.z], [[1], [0, 1], [[0.5], [0]]]);
  assert.deepEqual([map.zmin, map.zmax, map.colorscale], [0, 0.5, "Cividis"]);
  assert.match(map.hovertemplate, /nats/);
  assert.deepEqual(heatTraces(newStore([]).heat, theme)[0].z, []);
});

test("a term without a unit is shown without one", () => {
  const hover = (unit) => traces({ ...loss, unit }, filled(), data, [], 5)[0].hovertemplate;
  assert.match(hover("nats"), /nats/);
  assert.doesNotMatch(hover(""), /nats/);
  const line = { epoch: [1], mmd: [0.01234] };
  const words = summary({ title: "MMD", term: "mmd", unit: "" }, line);
  assert.equal(words, "MMD of validation images: 0.0123 after epoch 1");
});

test("a heading names the unit, in short where there is little room", () => {
  assert.match(heading(loss, 358), /^<b>Loss<\/b>.* nats per image</);
  assert.match(heading(loss, 200), / nats</);
  assert.equal(heading({ title: "MMD", unit: "" }, 358), "<b>MMD</b>");
});

test("a note is broken near its middle, and nothing of it is lost", () => {
  assert.equal(note("it ended before the first numbers", "#000").text, "it ended before<br>the first numbers");
  assert.equal(note("nothing", "#000").text, "nothing");
});

test("a chart says its last value in words, and that it waits", () => {
  assert.equal(summary(loss, { epoch: [1], loss: [51.26] }), "Loss of validation images: 51.3 nats after epoch 1");
  assert.equal(summary({ title: "KL", term: "kl" }, { epoch: [], kl: [] }), "KL: no point yet");
  // a point of an imported run may lack a term
  assert.equal(summary({ title: "KL", term: "kl" }, { epoch: [1], kl: [null] }), "KL: no point yet");
  const size = { width: 1, height: 1 };
  const waits = layout(loss, { end: 5, range: [0, 1], waiting: true }, "soon", size, theme);
  assert.equal(waits.annotations[0].text, "soon");
});
