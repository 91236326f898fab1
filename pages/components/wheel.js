/** The mouse wheel as a hand: how far it turned, and when a burst of turning is over. */

const REST = 250; // ms without a turn: the burst is over
const LINES = 3; // lines to a notch, where a browser counts in lines
const PIXELS = 100;

/** How far a wheel was turned, in notches to the right and up. Pure. */
export function notches({ deltaX, deltaY, deltaMode, shiftKey }) {
  const notch = [PIXELS, LINES, 1][deltaMode] ?? PIXELS;
  // Shift turns sideways; some browsers exchange the two themselves, some leave that to the page.
  const [x, y] = shiftKey && deltaX === 0 ? [deltaY, 0] : [deltaX, deltaY];
  return { right: x / notch || 0, up: -y / notch || 0 };
}

/**
 * @param {HTMLElement} target
 * @param {object} on
 * @param {() => boolean} [on.when] whether the wheel is the target's; else the page scrolls
 * @param {(turned: {right: number, up: number}) => void} on.turned
 * @param {() => void} on.rested
 * @returns {() => void} stop listening, after a burst that is under way
 */
export function watchWheel(target, { when = () => true, turned, rested }) {
  let timer = null;
  const end = () => {
    timer = null;
    rested();
  };
  const wheel = (event) => {
    if (event.ctrlKey || event.metaKey || !when()) return; // with Ctrl the browser zooms
    event.preventDefault();
    clearTimeout(timer);
    timer = setTimeout(end, REST);
    turned(notches(event));
  };
  target.addEventListener("wheel", wheel, { passive: false });
  return () => {
    target.removeEventListener("wheel", wheel);
    if (timer === null) return;
    clearTimeout(timer);
    end();
  };
}
