import assert from "node:assert/strict";
import test from "node:test";

import { coloured } from "../../pages/components/figure.js";

const THEME = { text: "#111", grid: "#ccc", family: "serif" };

test("a figure takes the page's colours and keeps its own axes", () => {
  const layout = { title: "T", xaxis: { type: "log" }, xaxis2: {}, yaxis: {} };
  const made = coloured({ data: [{ type: "scatter" }], layout }, THEME).layout;
  assert.equal(made.title, undefined);
  assert.equal(made.xaxis.type, "log");
  for (const axis of ["xaxis", "xaxis2", "yaxis"]) assert.equal(made[axis].gridcolor, "#ccc");
  assert.equal(made.font.color, "#111");
  assert.equal(layout.title, "T"); // what came is not changed
});

test("parallel coordinates are written in the text's colour", () => {
  const [trace, other] = coloured(
    { data: [{ type: "parcoords", id: 1 }, { type: "bar" }], layout: {} }, THEME,
  ).data;
  assert.equal(trace.labelfont.color, "#111");
  assert.equal(trace.id, 1);
  assert.deepEqual(other, { type: "bar" });
});

test("where it is narrow, scales of colour give their room to the figure", () => {
  const figure = { data: [{ type: "scatter", marker: { color: [1], showscale: true } }], layout: {} };
  assert.equal(coloured(figure, THEME, 900).data[0].marker.showscale, true);
  const [trace] = coloured(figure, THEME, 350).data;
  assert.deepEqual(trace.marker, { color: [1], showscale: false });
  assert.equal("line" in trace, false);
  assert.equal(figure.data[0].marker.showscale, true); // what came is not changed
});

test("notes in a figure are written in the text's colour, large enough to be read", () => {
  const layout = { annotations: [{ text: "0.1", font: { color: "#555", size: 10 } }] };
  const [note] = coloured({ data: [], layout }, THEME).layout.annotations;
  assert.deepEqual(note, { text: "0.1", font: { color: "#111", size: 12 } });
});
