/** Sheets of decoded images side by side; each image is a button that opens its code. */

import { element } from "./dom.js";

/**
 * `data: {stamp, shape, blank, sheets: [{title, images, notes}]}`: without a stamp the images are
 * still to come, and `blank` tiles keep the place of each sheet's.
 */
export function mount(root, args) {
  const place = root.querySelector(".vae");
  let shown = null;

  function update(next) {
    args = next;
    const { stamp, shape, blank, sheets } = next.data;
    if (stamp === shown) return;
    shown = stamp;
    place.style.setProperty("--ratio", `${shape[1]} / ${shape[0]}`);
    place.replaceChildren(
      ...sheets.map((of, number) => sheet(of, number, stamp ? 0 : blank)));
    place.dataset.state = "live";
  }

  function sheet({ title, images, notes }, number, blank) {
    const tiles = images.map((source, i) => element("button", {
      type: "button", title: notes[i], "aria-label": `${title}, ${i + 1}: ${notes[i]}. Open in Explore.`,
      onclick: () => args.setTriggerValue("pick", { stamp: shown, sheet: number, place: i }),
    }, element("img", { src: source, alt: "", draggable: "false" })));
    tiles.push(...Array.from({ length: blank }, () => element("div", { class: "blank" })));
    return element("section", {}, element("h4", {}, title),
      element("div", { class: "tiles" }, ...tiles));
  }

  update(args);
  return { update, destroy: () => place.replaceChildren() };
}
