/** What else is drawn on a map: names, lines of density, posteriors and the prior. */

import { element } from "./dom.js";

const OF_POSTERIORS = ["posterior", "posteriors", "prior"]; // none where codes are points

/** key, words, explanation, whether it needs a linear map. */
const CHOICES = [
  ["names", "Names of the classes", "Each at one of its own points", false],
  ["density", "Lines of density", "They enclose 20, 50 and 80 % of the points that are shown", false],
  ["posterior", "q(z∣x) of the image",
    "Of the image under the pointer, or the picked one: 1σ and 2σ in true scale on a linear map, "
    + "draws from it on others", false],
  ["posteriors", "q(z∣x) of 200 images", "1σ of 200 images in true scale", true],
  ["prior", "The prior p(z)", "1σ and 2σ of N(0, I) in true scale", true],
];

const chosen = { names: true, density: false, posterior: true, posteriors: false, prior: false };

/**
 * The button and its menu. Choices are remembered while the app is open in this tab.
 * @param {object} options
 * @param {boolean} options.named whether there are classes to be named
 * @param {boolean} options.point whether codes are points
 * @param {HTMLElement[]} options.more what else stands in the menu
 * @param {() => void} options.changed
 * @returns {{element: HTMLElement, on(key: string): boolean, linear(is: boolean): void,
 *   hide(): void, close(): void}}
 */
export function mapMenu({ named, point, more, changed }) {
  const offered = CHOICES.filter(([key]) =>
    (named || key !== "names") && !(point && OF_POSTERIORS.includes(key)));
  const rows = offered.map(([key, words, title, linear]) => {
    const box = element("input", {
      type: "checkbox", onchange: () => {
        chosen[key] = box.checked;
        changed();
      },
    });
    box.checked = chosen[key];
    return { linear, element: element("label", { title }, box, words) };
  });
  const list = element("div", { class: "list" }, ...rows.map((row) => row.element), ...more);
  const summary = element("summary", {}, "Show");
  const menu = element("details", { class: "menu" }, summary, list);
  const away = (event) => {
    if (!event.composedPath().includes(menu)) menu.open = false;
  };
  document.addEventListener("pointerdown", away, true);
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    summary.focus();
  });
  return {
    element: menu,
    on: (key) => chosen[key] && !(point && OF_POSTERIORS.includes(key)),
    linear(is) {
      for (const row of rows) row.element.hidden = row.linear && !is;
    },
    hide: () => (menu.open = false),
    close: () => document.removeEventListener("pointerdown", away, true),
  };
}
