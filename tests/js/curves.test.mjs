import assert from "node:assert/strict";
import { test } from "node:test";

import { heading, note, summary, traces } from "../../pages/components/curves.js";

const points = {
  train: { epoch: [0.5, 1], loss: [60, 50], kl: [1, 2] },
  validation: { epoch: [1], loss: [51.26], kl: [2], mmd: [0.01234] },
};
const colours = { train: "#00f", validation: "#f80" };

test("training is a line, validation has markers, each in its colour", () => {
  const [train, validation] = traces({ term: "loss" }, { points, colours, reach: 5 });
  assert.deepEqual([train.x, train.y], [[0.5, 1], [60, 50]]);
  assert.deepEqual([train.mode, validation.mode], ["lines", "lines+markers"]);
  assert.deepEqual([train.line.color, validation.line.color], ["#00f", "#f80"]);
  assert.deepEqual(traces({ term: "kl" }, { points, colours, reach: 5 })[1].y, [2]);
});

test("a term without a unit is shown without one", () => {
  const hover = (unit) => traces({ term: "kl", unit }, { points, colours, reach: 5 })[0].hovertemplate;
  assert.match(hover("nats"), /nats/);
  assert.doesNotMatch(hover(""), /nats/);
  const words = summary({ title: "MMD", term: "mmd", unit: "" }, points.validation);
  assert.equal(words, "MMD of validation images: 0.0123 after epoch 1");
});

test("a heading names the unit, in short where there is little room", () => {
  const loss = { title: "Loss", unit: "nats" };
  assert.match(heading(loss, 358), /^<b>Loss<\/b>.* nats per image</);
  assert.match(heading(loss, 200), / nats</);
  assert.equal(heading({ title: "MMD", unit: "" }, 358), "<b>MMD</b>");
});

test("a note is broken near its middle, and nothing of it is lost", () => {
  assert.equal(note("it ended before the first numbers", "#000").text, "it ended before<br>the first numbers");
  assert.equal(note("nothing", "#000").text, "nothing");
});

test("a chart says its last value in words", () => {
  const words = summary({ title: "Loss", term: "loss", unit: "nats" }, points.validation);
  assert.equal(words, "Loss of validation images: 51.3 nats after epoch 1");
  assert.equal(summary({ title: "KL", term: "kl" }, { epoch: [], kl: [] }), "KL: no point yet");
  // a point of an imported run may lack a term
  assert.equal(summary({ title: "KL", term: "kl" }, { epoch: [1], kl: [null] }), "KL: no point yet");
});
