/** What the hand means on a map: the place or point under it, a click, a key, the zoom buttons. */

import { button, element } from "./dom.js";
import { liftTo } from "./lens.js";
import { DIRECTIONS, nearest, neighbourTowards } from "./nearest.js";
import { watchPointer } from "./pointer.js";

const REACH = { mouse: 40, pen: 40, touch: 60 }; // px within which the nearest point is meant
const ON_DOT = 6; // px; where every place means a code, a point is meant only from this near
const NUDGE = 8; // px of a step of the free code

/**
 * @param {HTMLElement} host the focusable element of the plane
 * @param {() => object | null} map what is drawn now, null while there is nothing to point at:
 *   {plane, coords, lift, dots, shows(row), picked, placed}; `lift` where every place is a code,
 *   `dots` whether a click on a point picks it there
 * @param {object} on targets are {index} or, with a lift, {z, x, y, dot}: dot is the row of the
 *   point that a click would pick, or -1
 * @param {(target: object | null, at?: object) => void} on.hovered `at` as of watchPointer
 * @param {(target: object | null, since: number) => void} on.sensed a move that is hovered soon
 * @param {(target: {index?: number, z?: number[]}) => void} on.chosen
 * @param {(target: {index?: number, z?: number[]}) => void} on.stepped by an arrow key
 * @param {() => void} on.opened Enter
 * @returns {{click(event: PointerEvent): void, close(): void}} `click`: as if it had been one
 */
export function watchHand(host, map, on) {
  /** What a pixel of the map means: a point, a place of the plane, or nothing. */
  function under({ left, top, kind }) {
    const now = map();
    if (!now?.plane.contains(left, top)) return null;
    const { plane, coords, lift, shows } = now;
    const [x, y] = plane.toMap(left, top);
    const within = (pixels) => nearest(coords, x, y, pixels / plane.scale, shows);
    if (lift) return { z: liftTo(lift, x, y), x, y, dot: now.dots ? within(ON_DOT) : -1 };
    const index = within(REACH[kind] ?? REACH.touch);
    return index < 0 ? null : { index };
  }

  const choose = (target) => target && on.chosen(target);

  /** An arrow key: to the next point that way; with Shift the free code, where there is one. */
  function step(key, shift) {
    const now = map();
    if (!now) return;
    const { plane, coords, lift, placed, shows } = now;
    const picked = now.picked !== null && coords[2 * now.picked] > -Infinity ? now.picked : null;
    if (shift && lift) {
      const [x, y] = picked !== null ? [coords[2 * picked], coords[2 * picked + 1]]
        : placed ? [placed.x, placed.y] : plane.middle;
      const [dx, dy] = DIRECTIONS[key].map((way) => (way * NUDGE) / plane.scale);
      on.stepped({ z: liftTo(lift, x + dx, y + dy) });
      return;
    }
    const index = picked === null
      ? nearest(coords, placed?.x ?? 0, placed?.y ?? 0, Infinity, shows)
      : neighbourTowards(coords, picked, key, shows);
    if (index >= 0) on.stepped({ index });
  }

  const zoom = (factor) => map()?.plane.zoom(factor);
  const whole = () => map()?.plane.fit();

  function pressed(event) {
    if (event.key === "+" || event.key === "=") zoom(1.4);
    else if (event.key === "-") zoom(1 / 1.4);
    else if (event.key === "0") whole();
    else if (event.key === "Enter" && event.target === host && map()) on.opened();
    else if (event.key in DIRECTIONS) step(event.key, event.shiftKey);
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
  const clicked = (place) => {
    host.focus({ preventScroll: true }); // Plotly keeps the press from doing it: arrow keys next
    const target = under(place);
    choose(target?.dot >= 0 ? { index: target.dot } : target);
  };
  const letGo = watchPointer(host, {
    moved: (place) => on.hovered(under(place), place),
    // without a lift, what is under it is the same point mostly: the move itself is soon enough
    sensed: (place) => map()?.lift && on.sensed(under(place), place.since),
    left: () => on.hovered(null),
    clicked,
    lifted: (place) => choose(under(place)),
    pinched: (pinch) => map()?.plane.pinch(pinch),
  });
  return {
    click(event) {
      const box = host.getBoundingClientRect();
      clicked({
        left: event.clientX - box.left - host.clientLeft,
        top: event.clientY - box.top - host.clientTop,
        kind: event.pointerType,
      });
    },
    close() {
      host.removeEventListener("keydown", pressed);
      letGo();
    },
  };
}
