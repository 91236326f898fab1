/** The Train page's curves: points fetched as they come and appended, without a chart rebuilt. */

import { axes, heatLayout, heatTraces, layout, splitsOf, summary, traces } from "./curvedraw.js";
import { newStore, reach, take } from "./curvestore.js";
import { element } from "./dom.js";
import { loadPlotly } from "./plotly.js";
import { errorSentence } from "./wire.js";

const CONFIG = { displayModeBar: false, responsive: false };
const EVERY = 1000; // ms between two looks for new points

export function mount(root, args) {
  const place = root.querySelector(".vae");
  let view = null;
  const watcher = new ResizeObserver(() => view?.draw());
  build(args.data);
  watcher.observe(place);

  function build(data) {
    view?.close();
    view = buildView(place, data);
  }

  return {
    update({ data }) {
      if (identity(data) === view.identity) view.update(data);
      else build(data);
    },
    destroy() {
      watcher.disconnect();
      view.close();
    },
  };
}

/** What a view is made for: another run, other charts or other runs over them need a new one. */
const identity = ({ run, charts, others }) =>
  JSON.stringify([run, charts.map(({ term }) => term), others.map((other) => other.run)]);

function buildView(place, data) {
  const terms = data.charts.map(({ term }) => term);
  const hosts = data.charts.map(({ title }) =>
    element("div", { class: "chart", role: "img", "aria-label": title }));
  const heat = data.measured &&
    element("div", { class: "chart heat", role: "img", "aria-label": "KL of each dimension" });
  const own = (measured) => hosts.filter((_, i) => Boolean(data.charts[i].measured) === measured);
  const rows = [legend(data), element("div", { class: "terms" }, ...own(false))];
  if (heat) rows.push(element("div", { class: "measured" }, heat, ...own(true)));
  place.replaceChildren(...rows);

  let store = newStore(terms);
  const others = data.others.map(() => newStore(terms));
  const known = data.others.map(() => false); // an ended run's points are all there
  let [Plotly, timer, shown, closed, busy] = [null, null, "", false, false];
  const drawn = data.charts.map(() => null); // the axes that each chart has

  /** Draw all anew, in place. */
  function draw() {
    if (closed || !Plotly) return;
    const theme = themeOf(place);
    shown = JSON.stringify(theme);
    data.charts.forEach((chart, i) => {
      const ends = axes(chart, store, data, others);
      const form = layout(chart, ends, data.empty, sizeOf(hosts[i]), theme);
      Plotly.react(hosts[i], traces(chart, store, data, others, ends.end), form, CONFIG);
      drawn[i] = JSON.stringify(ends);
    });
    drawHeat(theme);
    told();
  }

  function drawHeat(theme) {
    if (!heat) return;
    const end = reach(store.last, data.epochs, data.ended);
    const form = heatLayout(store.heat, end, data.empty, sizeOf(heat), theme);
    Plotly.react(heat, heatTraces(store.heat, theme), form, CONFIG);
  }

  /** Append the points behind `added`; a chart whose axes move is drawn anew. */
  function append(added) {
    const theme = themeOf(place);
    data.charts.forEach((chart, i) => {
      const ends = axes(chart, store, data, others);
      if (JSON.stringify(ends) !== drawn[i]) {
        const form = layout(chart, ends, data.empty, sizeOf(hosts[i]), theme);
        Plotly.react(hosts[i], traces(chart, store, data, others, ends.end), form, CONFIG);
        drawn[i] = JSON.stringify(ends);
        return;
      }
      const splits = splitsOf(chart);
      const fresh = splits.filter((split) => store[split].epoch.length > added[split]);
      if (!fresh.length) return;
      const x = fresh.map((split) => store[split].epoch.slice(added[split]));
      const y = fresh.map((split) => store[split][chart.term].slice(added[split]));
      Plotly.extendTraces(hosts[i], { x, y }, fresh.map((split) => splits.indexOf(split)));
    });
    if (store.validation.epoch.length > added.validation) drawHeat(theme);
    told();
  }

  function told() {
    data.charts.forEach((chart, i) =>
      hosts[i].setAttribute("aria-label", summary(chart, store.validation)));
    place.dataset.state = "drawn";
    place.dataset.points = String(store.count);
    place.dataset.others = String(others.reduce((sum, other) => sum + other.count, 0));
  }

  /** Fetch what is new, of this run and of those over it. */
  async function look() {
    if (busy || closed || !Plotly) return;
    busy = true;
    clearTimeout(timer);
    let again = !data.ended;
    try {
      for (const [i, { run, ended }] of data.others.entries()) {
        if (known[i]) continue;
        const before = others[i].count;
        for (let more = true; more && !closed;) {
          const answer = await ask(run, others[i]);
          others[i] = take(others[i], answer).store;
          ({ more } = answer);
        }
        known[i] = ended;
        if (others[i].count !== before) draw();
      }
      for (let more = true; more && !closed;) {
        const answer = await ask(data.run, store);
        const { store: now, added, redraw } = take(store, answer);
        store = now;
        ({ more } = answer);
        if (redraw) draw();
        else if (answer.points.length) append(added);
      }
    } catch (error) {
      place.dataset.problem = error.message; // the server restarts, or the run is gone
      again = true;
    }
    busy = false;
    if (!closed && (again || !data.ended)) timer = setTimeout(look, EVERY);
  }

  reveal(place, data.started);
  loadPlotly(data.plotly).then(
    (loaded) => {
      if (closed) return;
      Plotly = loaded;
      draw();
      adoptStyles(place);
      look();
    },
    (error) => closed || place.replaceChildren(`The curves cannot be drawn: ${error.message}.`),
  );
  return {
    identity: identity(data),
    draw,
    update(next) {
      const ends = next.ended !== data.ended;
      data = next;
      reveal(place, data.started);
      if (ends || shown !== JSON.stringify(themeOf(place))) draw();
      if (ends) look(); // the last points, or those of a run that goes on
    },
    close() {
      closed = true;
      clearTimeout(timer);
      if (Plotly) [...hosts, heat].forEach((host) => host && Plotly.purge(host));
    },
  };
}

async function ask(run, { next, first }) {
  const query = new URLSearchParams({ after: String(next), first });
  const response = await fetch(`/live/runs/${encodeURIComponent(run)}/points?${query}`);
  if (!response.ok) throw new Error(errorSentence(await response.text()));
  return response.json();
}

/** Which line is which. */
function legend({ colours, others }) {
  const entries = [...Object.entries(colours), ...others.map(({ run, colour }) => [run, colour])];
  return element("div", { class: "key" }, ...entries.map(([name, colour], i) =>
    element("span", { class: i < 2 ? "" : "other", style: `--colour: ${colour}` }, name)));
}

const sizeOf = (host) => ({ width: host.clientWidth, height: host.clientHeight });

const revealed = new Set();

/** Scroll to the view of a run that was started just now, where it is above its form; once. */
function reveal(place, started) {
  if (!started || revealed.has(started)) return;
  revealed.add(started);
  if (!matchMedia("(max-width: 640px)").matches) return;
  const host = place.getRootNode().host ?? place;
  const column = host.closest('[data-testid="stColumn"]');
  requestAnimationFrame(() => column?.scrollIntoView({ block: "start" }));
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
  if (!sheet || place.nextElementSibling?.matches("style")) return;
  const rules = [...sheet.cssRules].map((rule) => rule.cssText).join("\n");
  place.after(element("style", {}, rules));
}
