/** A fence around points: a box or a free line that the hand draws, and what lies inside. */

import { element } from "./dom.js";

const LEAST = 4; // px; a shorter drag is a click
const SVG = "http://www.w3.org/2000/svg";

/** A line drawing of 24 × 24. */
function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Whether (x, y) lies inside a polygon [[x, y], …], by the even-odd rule. Pure. */
export function inside(polygon, x, y) {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [[ax, ay], [bx, by]] = [polygon[i], polygon[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

/** The shown points inside a polygon of map coordinates, ascending. Pure. */
export function rowsInside(polygon, coords, shows) {
  const [xs, ys] = [0, 1].map((axis) => polygon.map((corner) => corner[axis]));
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [bottom, top] = [Math.min(...ys), Math.max(...ys)];
  const rows = [];
  for (let i = 0; i < coords.length / 2; i += 1) {
    const [x, y] = [coords[2 * i], coords[2 * i + 1]];
    if (x >= left && x <= right && y >= bottom && y <= top && shows(i) && inside(polygon, x, y))
      rows.push(i);
  }
  return Uint32Array.from(rows);
}

/** The four corners of the box between two places. */
export const boxBetween = ([ax, ay], [bx, by]) => [[ax, ay], [bx, ay], [bx, by], [ax, by]];

/**
 * Let the hand draw fences on `host`. Register before other listeners: while a fence is drawn they
 * hear of nothing.
 * @param {HTMLElement} host
 * @param {object} on
 * @param {() => "move" | "box" | "lasso"} on.mode with Shift a mouse draws a box in every mode
 * @param {() => object | null} on.frame the box that may be drawn in, in px of the host
 * @param {() => void} on.begun
 * @param {(corners: Array<[number, number]>, how: "new" | "add" | "remove") => void} on.drawn
 *   corners in px of the host; Shift adds to what is selected, Alt takes away
 * @param {() => void} on.clicked a press without a drag, in the modes box and lasso
 * @returns {{element: SVGElement, close: () => void}} what is seen of a fence
 */
export function watchFence(host, on) {
  const svg = document.createElementNS(SVG, "svg");
  const shape = document.createElementNS(SVG, "path");
  svg.setAttribute("class", "fence");
  svg.append(shape);
  let drawing = null; // {id, mode, corners, how}

  const placeOf = (event) => {
    const box = host.getBoundingClientRect();
    const { left, right, top, bottom } = on.frame();
    return [Math.min(right, Math.max(left, event.clientX - box.left - host.clientLeft)),
      Math.min(bottom, Math.max(top, event.clientY - box.top - host.clientTop))];
  };
  const outline = () => (drawing.mode === "box"
    ? boxBetween(drawing.corners[0], drawing.corners.at(-1)) : drawing.corners);
  const show = () => shape.setAttribute("d",
    drawing ? `M${outline().map((corner) => corner.join(" ")).join("L")}Z` : "");
  const stop = (event) => {
    event.stopImmediatePropagation();
    event.preventDefault();
  };

  function down(event) {
    if (drawing) return stop(event); // a second finger
    const mode = on.mode() === "move" && event.shiftKey && event.pointerType === "mouse"
      ? "box" : on.mode();
    if (mode === "move" || event.button !== 0 || event.target.closest?.("button, input, .menu")
      || !on.frame()) return undefined;
    stop(event);
    const adds = event.shiftKey && on.mode() !== "move";
    drawing = {
      id: event.pointerId, mode, corners: [placeOf(event)],
      how: event.altKey ? "remove" : adds ? "add" : "new",
    };
    on.begun();
    return show();
  }

  function move(event) {
    if (!drawing) return;
    stop(event);
    if (event.pointerId !== drawing.id) return;
    if (!on.frame()) return cancel(); // another map has begun under the hand
    for (const part of event.getCoalescedEvents?.() ?? [event]) drawing.corners.push(placeOf(part));
    show();
  }

  function cancel() {
    drawing = null;
    show();
  }

  function up(event) {
    if (!drawing || event.pointerId !== drawing.id) return;
    stop(event);
    const [corners, { how, mode }] = [outline(), drawing];
    const [first, ...others] = drawing.corners;
    cancel();
    const reach = Math.max(0, ...others.map(([x, y]) => Math.hypot(x - first[0], y - first[1])));
    if (event.type === "pointercancel" || !on.frame()) return;
    if (reach < LEAST) on.clicked(event);
    else if (corners.length > 2 || mode === "box") on.drawn(corners, how);
  }

  // Plotly hears of mouse events and touches, which follow those of the pointer.
  const hush = (event) => drawing && stop(event);
  const listeners = [
    [host, "pointerdown", down], [window, "pointermove", move], [window, "pointerup", up],
    [window, "pointercancel", up], [host, "mousedown", hush], [host, "touchstart", hush],
    [host, "pointerrawupdate", hush],
  ];
  for (const [target, name, listener] of listeners)
    target.addEventListener(name, listener, { capture: true, passive: false });
  return {
    element: svg,
    close() {
      for (const [target, name, listener] of listeners)
        target.removeEventListener(name, listener, { capture: true });
      svg.remove();
    },
  };
}

/** The three ways of the hand on the map, as a group of radio buttons. */
export function modeSwitch(changed) {
  const MODES = [
    ["move", "M12 2v20M2 12h20M9 5l3-3 3 3M9 19l3 3 3-3M5 9l-3 3 3 3M19 9l3 3-3 3",
      "Move the map: drag; a click picks an image"],
    ["box", "M3 4h18v16H3z", "Select by a box: drag (Shift adds, Alt takes away)"],
    ["lasso", "M7 16C1 13 2 4 12 4s11 8 4 11c-4 2-9 1-9-1s4-2 4 2-2 5-5 5",
      "Select by a free line: drag (Shift adds, Alt takes away)"],
  ];
  let mode = "move";
  const buttons = MODES.map(([name, path, title]) => element("button", {
    type: "button", role: "radio", title, "aria-label": title.split(":")[0],
    onclick: () => choose(name),
  }, icon(path)));
  function choose(name) {
    mode = name;
    show();
    changed(name);
  }
  const show = () => buttons.forEach((one, i) =>
    one.setAttribute("aria-checked", String(MODES[i][0] === mode)));
  show();
  return {
    element: element("div", { class: "modes", role: "radiogroup", "aria-label": "The hand" },
      ...buttons),
    get mode() {
      return mode;
    },
    choose,
  };
}
