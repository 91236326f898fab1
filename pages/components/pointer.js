/** What pointers do on an element that a mouse drags: hover and click; one finger; two fingers. */

const STILL = { mouse: 5, touch: 10 }; // px; a press that moves further is a drag

/** From the places of two fingers before and after: the move of their middle and the zoom. Pure. */
export function pinchOf([a, b], [c, d]) {
  const apart = ([x, y], [u, v]) => Math.max(20, Math.hypot(x - u, y - v));
  const middle = ([x, y], [u, v]) => [(x + u) / 2, (y + v) / 2];
  const [from, to] = [middle(a, b), middle(c, d)];
  return { from, to, factor: apart(c, d) / apart(a, b) };
}

/**
 * @param {HTMLElement} host
 * @param {object} on places are {left, top, kind, finger, since}: pixels of the host, the
 *   pointerType, whether a finger (or pen) touches, and the time of the event
 * @param {(place: object) => void} on.moved a mouse without a button, or the one finger down
 * @param {(place: object) => void} on.sensed the same moves, sooner and more of them, where the
 *   browser tells them (over https and on localhost)
 * @param {() => void} on.left no pointer is there any more, or there are two fingers
 * @param {(place: object) => void} on.clicked
 * @param {(place: object) => void} on.lifted the finger that moved is up
 * @param {(pinch: {from: number[], to: number[], factor: number}) => void} on.pinched two fingers
 * @returns {() => void} stop watching
 */
export function watchPointer(host, on) {
  const fingers = new Map(); // pointerId → [left, top]
  let press = null; // where the button or the first finger went down; null once it is a pinch
  let touched = false; // the latest press was a finger's

  const onButton = (event) => Boolean(event.target.closest?.("button"));
  const isFinger = (event) => event.pointerType !== "mouse";
  const placeOf = (event) => {
    const box = host.getBoundingClientRect();
    return {
      left: event.clientX - box.left - host.clientLeft,
      top: event.clientY - box.top - host.clientTop,
      kind: event.pointerType, finger: fingers.size > 0, since: event.timeStamp,
    };
  };
  const isStill = ({ left, top }) => press
    && Math.hypot(left - press.left, top - press.top) < (STILL[press.kind] ?? STILL.touch);

  function down(event) {
    touched = isFinger(event) && !onButton(event);
    const place = placeOf(event);
    press = onButton(event) ? null : place;
    if (!touched) return;
    fingers.set(event.pointerId, [place.left, place.top]);
    if (fingers.size === 1) on.moved({ ...place, finger: true });
    else {
      press = null;
      on.left();
    }
  }

  function move(event) {
    const place = placeOf(event);
    if (!fingers.has(event.pointerId)) {
      if (event.buttons === 0 && !onButton(event)) on.moved(place);
      else if (!isStill(place)) on.left();
      return;
    }
    const before = [...fingers.values()].slice(0, 2);
    fingers.set(event.pointerId, [place.left, place.top]);
    if (fingers.size > 1) on.pinched(pinchOf(before, [...fingers.values()].slice(0, 2)));
    else if (press) on.moved(place);
  }

  /** The same before the browser has aligned it to a frame: half a frame sooner on the way. */
  function sense(event) {
    const hovers = event.buttons === 0 && !onButton(event);
    if (hovers || (press && fingers.size === 1 && fingers.has(event.pointerId)))
      on.sensed(placeOf(event));
  }

  function up(event) {
    const place = placeOf(event);
    const finger = fingers.delete(event.pointerId);
    if (press && (finger || !isFinger(event))) {
      if (isStill(place)) on.clicked(place);
      else if (finger) on.lifted(place);
    }
    if (finger) on.left();
    if (!fingers.size) press = null;
  }

  function cancel(event) {
    if (!fingers.delete(event.pointerId)) return;
    press = null;
    on.left();
  }

  const leave = (event) => fingers.size || on.left(event);
  // What a finger does is ours: Plotly would pan with one, and pinch not at all.
  const keep = (event) => {
    if (!touched) return;
    event.stopPropagation();
    event.preventDefault();
  };

  const listeners = [
    [host, "pointermove", move], [host, "pointerrawupdate", sense], [host, "pointerleave", leave],
    [host, "pointerdown", down, true], [host, "pointercancel", cancel],
    [host, "touchstart", keep, { capture: true, passive: false }],
    [host, "mousedown", keep, true],
    // Plotly lays a cover over the page while it drags, so a release is seen at the window only.
    [window, "pointerup", up, true],
  ];
  for (const [target, name, listener, options] of listeners)
    target.addEventListener(name, listener, options);
  return () => {
    for (const [target, name, listener, options] of listeners)
      target.removeEventListener(name, listener, options);
  };
}
