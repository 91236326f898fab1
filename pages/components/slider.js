/** A slider: the browser's own range input, so that keyboard, touch and readers work, on a track. */

import { clamp, fractionOf, gaussianDensity, spaced, widened } from "./latent.js";

const SVG = "http://www.w3.org/2000/svg";
const RAIL = 20; // y of the rail in the track's 100 × 40 picture; the density stands on it

/** Outline of the N(0, 1) density over `range`, in the track's coordinates. Pure. */
export function densityOutline(range, points = 61) {
  const top = gaussianDensity(0);
  const curve = spaced(range[0], range[1], points).map((x) => {
    const y = RAIL - (RAIL - 2) * (gaussianDensity(x) / top);
    return `${(100 * fractionOf(x, range)).toFixed(2)},${y.toFixed(2)}`;
  });
  return `M0,${RAIL} L${curve.join(" L")} L100,${RAIL} Z`;
}

/** Value after a key, or null where the key does not move the slider. Pure. */
export function afterKey(key, shift, value, [low, high]) {
  const step = ((high - low) / 100) * (shift ? 10 : 1);
  const moves = {
    ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step,
    PageUp: (high - low) / 10, PageDown: (low - high) / 10,
  };
  if (key === "Home") return low;
  if (key === "End") return high;
  return key in moves ? clamp(value + moves[key], low, high) : null;
}

/** An SVG element. */
export function shape(name, attributes, kind) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (kind) made.setAttribute("class", kind);
  return made;
}

function drawTrack(svg, range, quantiles, prior) {
  const parts = [shape("rect", { x: 0, y: RAIL - 2, width: 100, height: 4, rx: 0.5 }, "rail")];
  if (quantiles) {
    const bar = (from, to, kind) => {
      const [x, end] = [100 * fractionOf(from, range), 100 * fractionOf(to, range)];
      return shape("rect", { x, y: RAIL - 3, width: end - x, height: 6 }, kind);
    };
    if (prior) parts.unshift(shape("path", { d: densityOutline(range) }, "density"));
    parts.push(bar(quantiles[1], quantiles[5], "wide"), bar(quantiles[2], quantiles[4], "narrow"));
  }
  svg.replaceChildren(...parts);
}

/**
 * @param {object} options
 * @param {string} options.label for screen readers
 * @param {[number, number]} options.range
 * @param {number} options.value
 * @param {number[]} [options.quantiles] 1, 5, 25, 50, 75, 95, 99 % of q(z), to be drawn
 * @param {boolean} [options.prior] whether N(0, 1) is drawn with them
 * @param {number} [options.unit] the scale of values, a power of ten: steps are hundredths of it
 * @param {(value: number) => string} [options.words] the value as it is read aloud
 * @param {(value: number) => void} options.onInput every value, while it moves
 * @param {() => void} [options.onRelease] once, when the hand lets go
 */
export function slider(
  { label, range, value, quantiles, prior = true, unit = 1, words = String, onInput, onRelease }) {
  const element = document.createElement("div");
  element.className = "slider";
  const svg = shape("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none" });
  svg.setAttribute("aria-hidden", "true");
  const input = document.createElement("input");
  Object.assign(input, { type: "range", step: 0.01 * unit });
  input.setAttribute("aria-label", label);
  element.append(svg, input);
  let touched = false;

  const place = () => {
    Object.assign(input, { min: range[0], max: range[1] });
    input.value = value;
    input.setAttribute("aria-valuetext", words(value));
  };
  const move = (to) => {
    value = to;
    touched = true;
    input.setAttribute("aria-valuetext", words(value));
    onInput(value);
  };
  const release = () => {
    if (!touched) return;
    touched = false;
    onRelease?.();
  };
  input.addEventListener("input", () => move(Number(input.value)));
  // A finger that turns out to scroll the page has moved the thumb already: put it back.
  let before = value;
  input.addEventListener("pointerdown", () => {
    before = value;
    // Back where it began there is no "change", though the hand lets go.
    addEventListener("pointerup", release, { once: true, capture: true });
  });
  input.addEventListener("pointercancel", () => {
    if (value === before) return;
    input.value = before;
    move(before);
    release();
  });
  input.addEventListener("change", release);
  input.addEventListener("blur", release);
  input.addEventListener("keyup", release);
  input.addEventListener("keydown", (event) => {
    const to = afterKey(event.key, event.shiftKey, value, range);
    if (to === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.value = to;
    move(Number(input.value));
  });
  drawTrack(svg, range, quantiles, prior);
  place();

  return {
    element,
    input,
    /** Move it from outside: no event is raised. A value beyond the range widens it. */
    set(to) {
      value = to;
      if (to < range[0] || to > range[1]) {
        const [low, high] = widened([to, to], unit);
        range = [Math.min(range[0], low), Math.max(range[1], high)];
        drawTrack(svg, range, quantiles, prior);
      }
      place();
    },
    get range() {
      return range;
    },
    /** True while the hand is on it. */
    get held() {
      return touched;
    },
  };
}
