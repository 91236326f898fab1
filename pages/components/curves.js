/** The Train page's learning curves: Plotly charts that take new points without being rebuilt. */

import { element } from "./dom.js";
import { loadPlotly } from "./plotly.js";

const CONFIG = { displayModeBar: false, responsive: false };
// Fixed, so that no chart moves when its numbers get longer.
const MARGIN = { l: 56, r: 10, t: 48, b: 50 };
const END = 1.02; // so much of the last epoch is drawn: a marker at its end is whole
const ROOMY = 270; // pixels of a chart in which its title and unit stand side by side in full

export function mount(root, args) {
  const place = root.querySelector(".vae");
  let hosts = [];
  let Plotly = null;
  let closed = false;
  let { data } = args;
  furnish();

  /** A place for each chart: another run that is watched may have more of them, or fewer. */
  function furnish() {
    if (Plotly) hosts.forEach((host) => Plotly.purge(host));
    hosts = data.charts.map(({ title }) =>
      element("div", { class: "chart", role: "img", "aria-label": title }));
    place.replaceChildren(...hosts);
  }

  function draw() {
    if (closed || !Plotly) return;
    if (hosts.length !== data.charts.length) furnish();
    const theme = themeOf(place);
    data.charts.forEach((chart, i) => {
      hosts[i].setAttribute("aria-label", summary(chart, data.points.validation));
      const form = layout(chart, data, hosts[i], theme, i === 0);
      Plotly.react(hosts[i], traces(chart, data), form, CONFIG);
    });
    place.dataset.state = "drawn";
    place.dataset.points = String(data.points.train.epoch.length);
  }

  reveal(root.host ?? place, data.started);
  const watcher = new ResizeObserver(draw);
  loadPlotly(data.plotly).then(
    (loaded) => {
      Plotly = loaded;
      if (closed) return;
      draw();
      adoptStyles(place);
      watcher.observe(place);
    },
    (error) => closed || place.replaceChildren(`The curves cannot be drawn: ${error.message}.`),
  );
  return {
    update(next) {
      ({ data } = next);
      reveal(root.host ?? place, data.started);
      draw();
    },
    destroy() {
      closed = true;
      watcher.disconnect();
      if (Plotly) hosts.forEach((host) => Plotly.purge(host));
    },
  };
}

const revealed = new Set();

/** Scroll to the view of a run that was started just now, where it is above its form; once. */
function reveal(host, started) {
  if (!started || revealed.has(started)) return;
  revealed.add(started);
  if (!matchMedia("(max-width: 640px)").matches) return;
  const column = host.closest('[data-testid="stColumn"]');
  requestAnimationFrame(() => column?.scrollIntoView({ block: "start" }));
}

/** What a chart shows, in words, for a screen reader. Pure. */
export function summary({ title, term, unit }, validation) {
  const last = validation[term].at(-1);
  if (last === undefined || last === null) return `${title}: no point yet`;
  const value = unit ? `${last.toFixed(1)} ${unit}` : last.toPrecision(3);
  return `${title} of validation images: ${value} after epoch ${validation.epoch.at(-1)}`;
}

/** The two lines of a chart as Plotly takes them. Pure. */
export function traces({ term, unit }, { points, colours, reach }) {
  const value = unit ? `%{y:.2f} ${unit}` : "%{y:.4g}";
  return ["train", "validation"].map((split) => ({
    type: "scatter",
    name: split,
    mode: split === "train" ? "lines" : "lines+markers",
    x: points[split].epoch,
    y: points[split][term],
    line: { color: colours[split], width: 2.5 },
    marker: { size: reach <= 40 ? 6 : 3 },
    hovertemplate: `epoch %{x:.1f}: ${value}<extra>${split}</extra>`,
  }));
}

function layout(chart, { points, reach, empty }, host, { text, grid, family }, first) {
  const { range } = chart;
  const waiting = points.train.epoch.length === 0;
  const axis = { gridcolor: grid, zeroline: false, automargin: false, tickfont: { size: 14 } };
  return {
    width: host.clientWidth,
    height: host.clientHeight,
    margin: MARGIN,
    title: {
      text: heading(chart, host.clientWidth), font: { size: 18 },
      x: 0, xanchor: "left", y: 1, yanchor: "top", pad: { t: 2 },
    },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: text, size: 15, family },
    uirevision: "keep", // a zoom survives the next point
    // Once, below the first title: no line runs there.
    legend: { orientation: "h", x: 1, xanchor: "right", y: 1, yanchor: "bottom", font: { size: 14 } },
    showlegend: first && !waiting,
    annotations: waiting ? [note(empty, text)] : [],
    xaxis: { ...axis, title: { text: "epoch", standoff: 6 }, range: [0, END * reach], nticks: 6 },
    yaxis: { ...axis, range, showticklabels: !waiting },
  };
}

/** A chart's title and the unit of its axis, beside which long numbers leave no room. Pure. */
export function heading({ title, unit }, width) {
  const words = width < ROOMY ? unit : `${unit} per image`;
  return `<b>${title}</b>${unit ? `<span style="font-size:14px">  ${words}</span>` : ""}`;
}

/** Words in the middle of a chart that has no line yet, on two lines: some charts are narrow. Pure. */
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

/** Streamlit's colours in a notation that Plotly can read. */
export function themeOf(place) {
  const style = getComputedStyle(place);
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.fillStyle = style.getPropertyValue("--st-border-color").trim() || "#888888";
  return { text: style.color, grid: canvas.fillStyle, family: style.fontFamily };
}

/** Plotly puts its rules into the document's head; a shadow root needs them inside. */
export function adoptStyles(place) {
  const sheet = document.getElementById("plotly.js-style-global")?.sheet;
  if (!sheet) return;
  const rules = [...sheet.cssRules].map((rule) => rule.cssText).join("\n");
  place.after(element("style", {}, rules));
}
