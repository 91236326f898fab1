/** Sheets of decoded images side by side; each image is a button that opens its code. */

import { element } from "./dom.js";

/**
 * `data: {stamp, shape, blank, sheets: [{title, images, notes, facts, words}]}`: where `images` is
 * null they are still to come, and `blank` tiles keep their place. What differs has another stamp.
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
    place.style.setProperty("--sheets", sheets.length);
    place.replaceChildren(...sheets.map((of, number) => sheet(of, number, blank)));
    place.dataset.state = "live";
  }

  function sheet({ title, images, notes, facts, words }, number, blank) {
    const tiles = images
      ? images.map((source, i) => tile(source, `${title}, ${i + 1}`, notes[i], number, i))
      : Array.from({ length: blank }, () => element("div", { class: "blank" }));
    return element("section", {}, element("h4", {}, title),
      element("div", { class: "tiles" }, ...tiles),
      ...facts.map(([name, value]) => element("div", { class: "fact" },
        element("span", {}, name), element("span", { class: "number" }, value))),
      ...(words ? [element("p", { class: "quiet" }, words)] : []));
  }

  function tile(source, name, note, number, i) {
    return element("button", {
      type: "button", title: note, "aria-label": `${name}: ${note}. Open in Explore.`,
      onclick: () => args.setTriggerValue("pick", { stamp: shown, sheet: number, place: i }),
    }, element("img", { src: source, alt: "", draggable: "false" }));
  }

  update(args);
  return { update, destroy: () => place.replaceChildren() };
}
