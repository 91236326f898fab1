/** Selecting many points of a map: by a fence, a class, or what Python says. */

import { element } from "./dom.js";
import { modeSwitch, rowsInside, watchFence } from "./fence.js";
import { Selected } from "./selected.js";

/**
 * @param {object} options
 * @param {HTMLElement} options.host the plane's element
 * @param {number} options.n points
 * @param {string | null} options.mask what Python says is selected
 * @param {() => {plane: Plane, coords: Float32Array, shows(row: number): boolean} | null} options.map
 *   what is drawn, null while nothing can be selected
 * @param {(mask: string | null) => void} options.tell Python
 * @param {(pans: boolean) => void} options.moded whether a drag moves the map
 * @param {() => void} options.begun a fence is being drawn
 * @param {() => void} options.empty there was nothing inside of it
 * @param {() => void} options.changed others are selected
 * @param {(event: PointerEvent) => void} options.clicked a press that drew no fence
 */
export function selecting({
  host, n, mask, map, tell, moded, begun, empty, changed, clicked,
}) {
  const selected = new Selected(n, mask, tell);
  const choose = (rows, how) => {
    selected.choose(rows, how);
    changed();
  };
  const modes = modeSwitch((mode) => {
    host.dataset.mode = mode;
    moded(mode === "move");
  });
  host.dataset.mode = modes.mode;
  const fence = watchFence(host, {
    mode: () => modes.mode,
    frame: () => map()?.plane.frame ?? null,
    begun,
    clicked,
    drawn(corners, how) {
      const { plane, coords, shows } = map();
      const rows = rowsInside(corners.map((corner) => plane.toMap(...corner)), coords, shows);
      choose(rows, how);
      if (!rows.length) empty();
    },
  });
  host.append(element("div", { class: "tools modes-tool" }, modes.element));
  return {
    fence: fence.element,
    choose,
    clear: () => choose([]),
    get rows() {
      return selected.rows;
    },
    get flags() {
      return selected.flags;
    },
    /** Take over what Python says. @returns {boolean} whether it was news */
    accept: (next) => selected.accept(next),
    close: fence.close,
  };
}
