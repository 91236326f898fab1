/** Taking a code along: the page's link with the full z, and the Python that decodes it. */

import { button, element } from "./dom.js";

const SAID = 4000; // ms that the confirmation stands

/** The shortest decimal that is the same float32. Pure. */
export function floatText(value) {
  const wanted = Math.fround(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(wanted.toPrecision(digits));
    if (Math.fround(short) === wanted) return String(short);
  }
  return String(Number(wanted.toPrecision(9)));
}

/** The address of a page with a model and a code, in full. Pure. */
export const linkTo = (page, { model, z, index }) =>
  `${page.origin}${page.pathname}?model=${encodeURIComponent(model)}`
  + `&z=${z.map(floatText).join(",")}${index === null ? "" : `&image=${index}`}`;

/** Python that decodes the very image on screen. Pure. */
export const pythonFor = ({ model, z, shape }) => `import numpy as np
import vae  # run this in the project's folder

model = vae.load_model(vae.find_run(${JSON.stringify(model)}))
z = np.array([[${z.map(floatText).join(", ")}]], np.float32)
image = vae.decode_pixels(model, z)[0]  # uint8 (${shape.join(", ")})
`;

/**
 * @param {() => {model: string, z: number[], shape: number[], index: number | null}} shown now
 * @returns {{buttons: HTMLElement[], said: HTMLElement, dialog: HTMLElement, close(): void}}
 */
export function sharing(shown) {
  let timer = null;
  const said = element("span", { class: "said", role: "status" });
  const heading = element("p");
  const box = element("textarea", { readonly: true, rows: 8, spellcheck: "false" });
  const dialog = element("dialog", { "aria-label": "Text to copy" }, heading, box,
    button("Close", "Back to the page", () => dialog.close()));

  function say(words) {
    clearTimeout(timer);
    said.textContent = words;
    timer = setTimeout(() => (said.textContent = ""), SAID);
  }

  /** Browsers give a page the clipboard over HTTPS and on the own machine only. */
  async function copy(text, words) {
    try {
      await navigator.clipboard.writeText(text);
      say(words);
    } catch {
      box.value = text;
      dialog.showModal();
      box.focus();
      box.select();
      box.scrollTop = 0;
      // the old way works nearly everywhere, too, but nobody can look whether it did
      heading.textContent = document.execCommand("copy")
        ? `${words} Should it not be there to paste: copy it from here.`
        : "This browser does not let the page copy: press Ctrl+C (or ⌘C), or hold the text and "
          + "choose Copy.";
    }
  }

  return {
    said,
    dialog,
    buttons: [
      button("Copy link", "This page with this model and this z, for somebody else", () =>
        copy(linkTo(location, shown()), "Link copied.")),
      button("Copy Python", "Five lines that decode this very image", () =>
        copy(pythonFor(shown()), "Python copied.")),
    ],
    close: () => clearTimeout(timer),
  };
}
