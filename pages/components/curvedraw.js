/** What the curves of a training look like to Plotly: traces, layouts, words. No DOM */

import { nearRange, reach } from "./curvestore.js";

// Fixed, so that no chart moves when its numbers get longer.
const MARGIN = { l: 56, r: 10, t: 48, b: 50 };
const END = 1.02; // so much of the last epoch is drawn: a marker at its end is whole
const ROOMY = 270; // pixels of a chart in which its title and unit stand side by side in full
const LEAST = 0.1; // nats from the bottom of an axis to its top: less is nothing
const DASHES = ["dash", "dot", "dashdot", "longdash"];

/** What a chart shows, in words, for a screen reader. */
export function summary({ title, term, unit }, validation) {
  const last = validation[term].at(-1);
  if (last === undefined || last === null) return `${title}: no point yet`;
  const value = unit ? `${last.toFixed(1)} ${unit}` : last.toPrecision(3);
  return `${title} of validation images: ${value} after epoch ${validation.epoch.at(-1)}`;
}

/** The splits that a chart has lines of: what is measured at validation has no other. */
export const splitsOf = ({ measured }) => (measured ? ["validation"] : ["train", "validation"]);

/** The lines of a chart: its own, and over them the validation images of other runs. */
export function traces(chart, store, { colours, others = [] }, otherStores, end) {
  const value = chart.unit ? `%{y:.2f} ${chart.unit}` : "%{y:.4g}";
  const line = (points, name, color, more) => ({
    // copies: Plotly appends to its own, the store to its own
    type: "scatter", name, x: [...points.epoch], y: [...points[chart.term]], line: { color, width: 2.5 },
    hovertemplate: `epoch %{x:.1f}: ${value}<extra>${name}</extra>`, ...more,
  });
  const marker = { size: end <= 40 ? 6 : 3 };
  const own = splitsOf(chart).map((split) =>
    line(store[split], split, colours[split], {
      mode: split === "train" ? "lines" : "lines+markers", marker,
    }));
  const laid = others.map(({ run, colour }, i) =>
    line(otherStores[i].validation, run, colour, {
      mode: "lines", line: { color: colour, width: 2.5, dash: DASHES[i % DASHES.length] },
    }));
  return [...own, ...laid];
}

/** Where the axes of a chart end: they decide whether appending points is enough. */
export function axes(chart, store, data, otherStores) {
  const lines = [...splitsOf(chart).map((split) => store[split]),
    ...otherStores.map((other) => other.validation)];
  const own = reach(store.last, data.epochs, data.ended);
  const [low, high] = chart.range ?? nearRange(lines, chart.term);
  return {
    end: Math.max(own, ...otherStores.map((other) => other.last)),
    range: [low, chart.unit ? Math.max(high, low + LEAST) : high],
    waiting: lines.every((line) => line[chart.term].every((value) => value === null)),
  };
}

/** How a chart is laid out. */
export function layout(chart, { end, range, waiting }, empty, size, theme) {
  return {
    ...frame(heading(chart, size.width), size, theme),
    annotations: waiting ? [note(empty, theme.text)] : [],
    xaxis: { ...axis(theme), title: { text: "epoch", standoff: 6 }, range: [0, END * end], nticks: 6 },
    yaxis: { ...axis(theme), range, showticklabels: !waiting },
  };
}

/** A chart's title and the unit of its axis, beside which long numbers leave no room. */
export function heading({ title, unit, per }, width) {
  const words = per ?? (unit && (width < ROOMY ? unit : `${unit} per image`));
  return `<b>${title}</b>${words ? `<span style="font-size:14px">  ${words}</span>` : ""}`;
}

/** KL of each dimension (up) over epochs (across), for Plotly. */
export function heatTraces({ epoch, dims }, theme) {
  const d = dims.at(-1)?.length ?? 0;
  const z = Array.from({ length: d }, (_, j) => dims.map((kl) => kl[j] ?? null));
  return [{
    type: "heatmap", x: epoch, y: z.map((_, j) => j), z, colorscale: "Cividis", zmin: 0,
    zmax: Math.max(LEAST, ...dims.map((kl) => Math.max(...kl))),
    hovertemplate: "epoch %{x}, dimension %{y}: %{z:.3f} nats<extra></extra>",
    colorbar: { title: { text: "nats", font: { size: 14 } }, thickness: 14, tickfont: { size: 14, color: theme.text } },
  }];
}

/** How the heat map is laid out: the first dimension at the top. */
export function heatLayout({ dims }, end, empty, size, theme) {
  const d = dims.at(-1)?.length ?? 1;
  return {
    ...frame(heading({ title: "KL of each dimension" }, size.width), size, theme),
    margin: { ...MARGIN, r: 70 },
    annotations: dims.length ? [] : [note(empty, theme.text)],
    xaxis: { ...axis(theme), title: { text: "epoch", standoff: 6 }, range: [0.5, end + 0.5], nticks: 8 },
    yaxis: {
      ...axis(theme), title: { text: "dimension", standoff: 6 }, range: [d - 0.5, -0.5],
      nticks: Math.min(d, 6), tickformat: "d", showticklabels: dims.length > 0,
    },
  };
}

const axis = ({ grid }) =>
  ({ gridcolor: grid, zeroline: false, automargin: false, tickfont: { size: 14 } });

const frame = (title, { width, height }, { text, family }) => ({
  width, height, margin: MARGIN,
  title: {
    text: title, font: { size: 18 }, x: 0, xanchor: "left", y: 1, yanchor: "top", pad: { t: 2 },
  },
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  font: { color: text, size: 15, family },
  uirevision: "keep", // a zoom survives the next point
  showlegend: false,
});

/** Words in the middle of a chart that has no line yet, on two lines: some charts are narrow. */
export function note(words, color) {
  const spaces = [...words.matchAll(/ /g)].map(({ index }) => index);
  const far = (index) => Math.abs(index - words.length / 2);
  const middle = spaces.sort((a, b) => far(a) - far(b))[0];
  return {
    text: spaces.length ? `${words.slice(0, middle)}<br>${words.slice(middle + 1)}` : words,
    showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5,
    font: { size: 16, color },
  };
}
