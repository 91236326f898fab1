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
