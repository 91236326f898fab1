/** Hovering and clicking on an element that is also dragged. */

const STILL = 5; // px; a press that moves further is a drag

/**
 * Tell where the pointer is (pixels of the element), when it leaves, and where it clicks.
 * @param {HTMLElement} host
 * @param {{moved: Function, left: Function, clicked: Function}} on moved and clicked are given
 *   (left, top, pointerType)
 * @returns {() => void} stop watching
 */
export function watchPointer(host, on) {
  const place = (event) => {
    const box = host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top, event.pointerType];
  };
  let press = null;
  const down = (event) => {
    press = event.target.closest?.("button") ? null : [event.clientX, event.clientY];
  };
  const up = (event) => {
    const still = press && Math.hypot(event.clientX - press[0], event.clientY - press[1]) < STILL;
    press = null;
    if (still) on.clicked(...place(event));
  };
  const move = (event) => {
    if (event.buttons === 0) on.moved(...place(event));
  };
  host.addEventListener("pointermove", move);
  host.addEventListener("pointerleave", on.left);
  host.addEventListener("pointerdown", down, true);
  // Plotly lays a cover over the page while it drags, so the release is seen at the window only.
  window.addEventListener("pointerup", up, true);
  return () => {
    host.removeEventListener("pointermove", move);
    host.removeEventListener("pointerleave", on.left);
    host.removeEventListener("pointerdown", down, true);
    window.removeEventListener("pointerup", up, true);
  };
}
