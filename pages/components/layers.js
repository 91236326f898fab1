/** What a map is drawn with: its points, the manifold, or both. */

import { button, element } from "./dom.js";

const LAYERS = [
  ["points", "Points", "The codes of the images alone"],
  ["both", "Both", "The codes, and among them what each place decodes to"],
  ["manifold", "Manifold", "What each place decodes to, alone"],
];

let chosen = "both"; // remembered while the app is open in this tab, for every model and map

/**
 * @param {() => void} changed
 * @returns {{element: HTMLElement, value: string}} value: points | both | manifold
 */
export function layerSwitch(changed) {
  const buttons = LAYERS.map(([value, name, title]) => button(name, title, () => {
    chosen = value;
    show();
    changed();
  }));
  const show = () => buttons.forEach((one, i) =>
    one.setAttribute("aria-pressed", String(LAYERS[i][0] === chosen)));
  show();
  return {
    element: element("div", { class: "layers", role: "group", "aria-label": "Show" }, ...buttons),
    get value() {
      return chosen;
    },
  };
}
