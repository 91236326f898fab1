/** A whole Plotly figure from the server, in the page's colours; new data redraw it in its place. */

import { adoptStyles, themeOf } from "./curves.js";
import { element } from "./dom.js";
import { loadPlotly } from "./plotly.js";

const NARROW = 500; // px: where scales of colour would leave no room for the figure
const CONFIG = { displayModeBar: false, responsive: false };

export function mount(root, args) {
  const place = root.querySelector(".vae");
  const host = element("div", { class: "chart", role: "img" });
  const words = element("p", { class: "quiet" });
  place.replaceChildren(words, host);
  let Plotly = null;
  let closed = false;
  let { data } = args;
  let kind = null; // of the figure that stands there

  function draw() {
    if (closed || !Plotly) return;
    host.setAttribute("aria-label", data.title);
    words.textContent = data.words;
    words.hidden = Boolean(data.figure);
    host.hidden = !data.figure;
    if (data.figure) {
      const size = { width: host.clientWidth, height: host.clientHeight };
      const { data: traces, layout } = coloured(data.figure, themeOf(place), size.width);
      // Another kind begins afresh: else it keeps the axes of the one before, and points are lost.
      if (kind !== data.title) Plotly.purge(host);
      kind = data.title;
      Plotly.react(host, traces, { ...layout, ...size }, CONFIG);
    }
    place.dataset.state = data.figure ? "drawn" : "empty";
  }

  const watcher = new ResizeObserver(draw);
  loadPlotly(data.plotly).then(
    (loaded) => {
      Plotly = loaded;
      if (closed) return;
      draw();
      adoptStyles(place);
      watcher.observe(place);
    },
    (error) => closed || place.replaceChildren(`The figure cannot be drawn: ${error.message}.`),
  );
  return {
    update(next) {
      ({ data } = next);
      draw();
    },
    destroy() {
      closed = true;
      watcher.disconnect();
      if (Plotly) Plotly.purge(host);
    },
  };
}

/**
 * The figure on the page's ground, with its text and lines; its own title is on the page, and where
 * it is narrow, what its colours mean is there alone. Pure.
 */
export function coloured({ data, layout }, { text, grid, family }, width = Infinity) {
  const axis = { gridcolor: grid, linecolor: grid, zeroline: false, automargin: true };
  const axes = Object.entries(layout)
    .filter(([name]) => /^[xy]axis[0-9]*$/.test(name))
    .map(([name, own]) => [name, { ...axis, ...own }]);
  const parallel = { labelfont: { color: text, size: 14 }, tickfont: { color: text, size: 13 } };
  const annotations = (layout.annotations ?? []).map((own) =>
    ({ ...own, font: { ...own.font, color: text, size: Math.max(12, own.font?.size ?? 0) } }));
  const scaled = (trace) => (width >= NARROW ? trace : {
    ...trace,
    ...Object.fromEntries(["marker", "line"].filter((part) => trace[part])
      .map((part) => [part, { ...trace[part], showscale: false }])),
  });
  return {
    data: data.map(scaled)
      .map((trace) => (trace.type === "parcoords" ? { ...trace, ...parallel } : trace)),
    layout: {
      ...layout,
      ...Object.fromEntries(axes),
      annotations,
      title: undefined,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 14, family },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", ...layout.legend },
      uirevision: "keep", // a zoom survives the next trial
    },
  };
}
