/** What the hand means on the map: the point under the pointer, a click, a key, the zoom buttons. */

import { button, element } from "./dom.js";
import { nearest, neighbourTowards } from "./nearest.js";
import { watchPointer } from "./pointer.js";

const REACH = { mouse: 14, pen: 14, touch: 26 }; // px within which a point is meant
const REACH_FREELY = 6; // where every place means a code, a point is meant only from near

/**
 * @param {HTMLElement} host the focusable element of the plane
 * @param {() => object | null} map what is drawn now, null while there is nothing to point at:
 *   {plane, coords, freely, shows(row), picked, placed}
 * @param {object} on
 * @param {(target: {index?: number, z?: number[]} | null) => void} on.hovered
 * @param {(target: {index?: number, z?: number[]}) => void} on.chosen
 * @param {(row: number) => void} on.stepped an arrow key went to this row
 * @param {() => void} on.opened Enter
 * @returns {() => void} let go
 */
export function watchHand(host, map, on) {
  /** What a pixel of the map means: a point, a place of the plane, or nothing. */
  function under(left, top, pointer) {
    const now = map();
    if (!now?.plane.contains(left, top)) return null;
    const [x, y] = now.plane.toMap(left, top);
    const reach = now.freely ? REACH_FREELY : REACH[pointer] ?? REACH.mouse;
    const index = nearest(now.coords, x, y, reach / now.plane.scale, now.shows);
    if (index >= 0) return { index };
    return now.freely ? { z: [x, y] } : null;
  }

  function step(key) {
    const now = map();
    if (!now) return;
    const { coords, picked, placed, shows } = now;
    const row = picked === null
      ? nearest(coords, placed?.x ?? 0, placed?.y ?? 0, Infinity, shows)
      : neighbourTowards(coords, picked, key, shows);
    if (row >= 0) on.stepped(row);
  }

  const zoom = (factor) => map()?.plane.zoom(factor);
  const whole = () => map()?.plane.fit();

  function pressed(event) {
    if (event.key === "+" || event.key === "=") zoom(1.4);
    else if (event.key === "-") zoom(1 / 1.4);
    else if (event.key === "0") whole();
    else if (event.key === "Enter" && event.target === host && map()?.picked != null) on.opened();
    else if (event.key.startsWith("Arrow")) step(event.key);
    else return;
    event.preventDefault();
  }

  const tools = [
    ["+", "Zoom in", () => zoom(1.4)],
    ["−", "Zoom out", () => zoom(1 / 1.4)],
    ["⤢", "Whole map", whole],
  ].map(([text, title, onclick]) => {
    const made = button(text, title, onclick);
    made.setAttribute("aria-label", title);
    return made;
  });
  host.append(element("div", { class: "tools" }, ...tools));
  host.addEventListener("keydown", pressed);
  const letGo = watchPointer(host, {
    moved: (...place) => on.hovered(under(...place)),
    left: () => on.hovered(null),
    clicked: (...place) => {
      const target = under(...place);
      if (target) on.chosen(target);
    },
  });
  return () => {
    host.removeEventListener("keydown", pressed);
    letGo();
  };
}
