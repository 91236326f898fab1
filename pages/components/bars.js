/** A code dimension by dimension, on one axis: the intervals of q(z|x), or the dots of a point. */

import { element } from "./dom.js";
import { decimalsOf, dimensionName, fractionOf, signed } from "./latent.js";
import { sum } from "./posterior.js";

const MOST = 18; // dimensions that can be read; the rest is summed up in words

/**
 * The axis −reach … reach: whole, 4 at least, a quarter more than the model's own codes take, as
 * a drawing may be odder than they are. Codes that are points have no prior to be seen whole: then
 * it is as long as their scale, `unit`, asks for. Pure.
 */
export function reachOf(quantiles, unit = null) {
  const per = Math.round(1 / (unit ?? 1));
  const longest = quantiles.map((levels) =>
    Math.ceil(1.25 * per * Math.max(-levels[0], levels.at(-1))) / per);
  return Math.max(unit ?? 4, ...longest);
}

/** At which ends of the axis −reach … reach an interval goes on beyond it. Pure. */
export const beyond = ([low, high], reach) =>
  [low < -reach && "left", high > reach && "right"].filter(Boolean).join(" ");

/**
 * @param {object} options
 * @param {{values: number[]}} options.says how much each dimension says: the order of the rows
 * @param {number[][]} options.quantiles of q(z), for each dimension
 * @param {string} options.posterior @param {number} options.unit the scale of codes
 */
export function makeBars({ says: { values }, quantiles, posterior, unit }) {
  const point = posterior === "point";
  const digits = decimalsOf(unit);
  const reach = reachOf(quantiles, point ? unit : null);
  const axis = [-reach, reach];
  const percent = (value) => 100 * fractionOf(value, axis);
  const order = values.map((_, j) => j).sort((a, b) => values[b] - values[a]);
  const rows = order.slice(0, MOST).map((dim) => {
    const [wide, narrow, mean] = ["wide", "narrow", "mean"].map((kind) =>
      element("i", { class: kind }));
    const value = element("span", { class: "value number" });
    const row = element("div", { class: "row", role: "listitem" },
      element("span", { class: "name" }, "z", element("sub", {}, String(dim + 1))),
      element("div", { class: "track" }, wide, narrow, mean), value);
    const number = element("span", { class: "number" });
    const entry = element("li", {}, row.firstChild.cloneNode(true), number);
    if (point) {
      span(wide, quantiles[dim][1], quantiles[dim][5]);
      span(narrow, quantiles[dim][2], quantiles[dim][4]);
    }
    return { dim, row, wide, narrow, mean, value, number, entry };
  });
  const prior = element("div", { class: "prior", "aria-hidden": "true" });
  for (const [name, width] of [["one", 1], ["two", 2]]) {
    const band = element("i", { class: name });
    span(band, -width, width);
    prior.append(band);
  }
  const ticks = element("div", { class: "row ticks", "aria-hidden": "true" }, element("span"),
    element("div", { class: "track" }, ...[-reach, 0, reach].map((at) => {
      const tick = element("span", { class: "number" }, at === 0 ? "0" : signed(at, digits - 2));
      tick.style.left = `${percent(at)}%`;
      return tick;
    })));
  const numbers = element("ul", { class: "numbers" }, ...rows.map(({ entry }) => entry));
  const rest = element("p", { class: "rest quiet number" });
  const list = element("div", { class: "bars", role: "list", "data-empty": "true" },
    ...(point ? [] : [prior]), ...rows.map(({ row }) => row), ticks);
  list.style.setProperty("--rows", rows.length);

  function span(band, low, high) {
    band.style.left = `${percent(low)}%`;
    band.style.width = `${percent(high) - percent(low)}%`;
  }

  const key = (kind, name) => element("span", {}, element("i", { class: kind }), name);
  const legend = element("p", { class: "key quiet" },
    ...(point ? [key("dot", "z"), key("narrow", "half of the codes"), key("wide", "nine in ten")]
      : [key("narrow", "μ ± σ"), key("wide", "± 2σ"), key("one", "prior ± 1, ± 2")]));
  list.classList.toggle("points", point);
  legend.classList.toggle("points-key", point);

  return {
    element: list,

    /** How to read the bars, and what they leave out. */
    key: element("div", { class: "bars-key" },
      legend, numbers, ...(order.length > MOST ? [rest] : [])),

    /** @param {{mean: Float32Array, sigma?: Float32Array}} q without sigma: a point */
    show({ mean, sigma }) {
      list.dataset.empty = "false";
      for (const { dim, row, wide, narrow, mean: dot } of rows) {
        const [m, s] = [mean[dim], sigma?.[dim] ?? 0];
        row.dataset.beyond = beyond([m - 2 * s, m + 2 * s], reach);
        if (sigma) {
          span(wide, m - 2 * s, m + 2 * s);
          span(narrow, m - s, m + s);
        }
        dot.style.left = `${percent(m)}%`;
      }
    },

    /** The numbers, less often than the bars: they are to be read. */
    write({ mean, sigma, kl: nats }) {
      for (const { dim, row, value, number } of rows) {
        number.textContent = value.textContent = signed(mean[dim], digits)
          + (sigma ? ` ± ${sigma[dim].toFixed(2)}` : "");
        if (nats) row.title = `${dimensionName(dim)}: ${nats[dim].toFixed(2)} nats for this image`;
      }
      if (!nats) {
        const n = order.length - MOST;
        rest.textContent = n === 1 ? "1 more coordinate" : `${n} more coordinates`;
        return;
      }
      const others = order.slice(MOST).map((dim) => nats[dim]);
      rest.textContent = others.length === 1 ? `1 more dimension: ${others[0].toFixed(2)} nats`
        : `${others.length} more dimensions: ${sum(others).toFixed(2)} nats together`;
    },

    clear() {
      list.dataset.empty = "true";
      rest.textContent = "";
      for (const { row, value, number } of rows) {
        row.dataset.beyond = value.textContent = "";
        number.textContent = "–";
      }
    },
  };
}
