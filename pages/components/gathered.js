/** The panel of a selection: its mean decoded, its classes, its images, files of it, more like it. */

import { button, element } from "./dom.js";
import {
  contactLayout, english, meanCode, selectedInWords, tally, tallyInWords, thinned,
} from "./gathering.js";
import { imageGrid } from "./imagegrid.js";
import { moreLike } from "./morelike.js";
import { drawPixels } from "./pixels.js";
import { fetchImages, save, saveAnswer } from "./posting.js";
import { LiveChannel } from "./wire.js";

const SHOWN = 48; // images on the page, as many as its style keeps room for
const PRINTED = 400; // images on a contact sheet to keep
const AVERAGED = 20_000; // codes: more would take long to fetch where there are very many
const PAUSE = 80; // ms: a selection that changes under the hand is shown when it rests

/**
 * @param {object} options
 * @param {string} options.model
 * @param {number[]} options.shape [H, W, C]
 * @param {ArrayLike<number>} options.labels by row
 * @param {Array<{label: number, name: string, colour: string}>} options.classes
 * @param {() => string | null} options.absence why there are no originals, if so
 * @param {(rows: ArrayLike<number>) => Promise<ArrayLike<number>[]>} options.codesOf
 * @param {(row: number) => boolean} [options.onMap] whether the map has a point of it
 * @param {(row: number) => void} options.onImage
 * @param {(z: Float32Array) => void} options.onMean
 * @param {() => void} options.onClear
 * @param {(sentence: string) => void} options.onError
 * @returns {{element: HTMLElement, show(rows: Uint32Array): void, close(): void}}
 */
export function gathered(options) {
  const { model, shape, labels, classes, absence, codesOf, onImage, onMean, onError } = options;
  const { onMap = () => true } = options;
  let rows = new Uint32Array(0);
  let mean = null;
  let channel = null;
  let timer = null;
  let turn = 0; // of the selection that is shown
  const originals = () => absence() === null;
  const names = new Map(classes.map(({ label, name }) => [label, name]));
  const nameOf = (row) => (classes.length > 1 ? `Image ${row}: ${names.get(labels[row])}`
    : `Image ${row}`);
  const imagesOf = (some, wanted) =>
    fetchImages({ model, shape, originals: originals(), codesOf }, some, wanted);

  // ---- what stands in it
  const title = element("b", { role: "status" });
  const bar = element("div", { class: "shares", "aria-hidden": "true" });
  const words = element("p", { class: "tally" });
  const canvas = element("canvas", { role: "img", "aria-label": "The mean code, decoded" });
  canvas.style.width = `${(100 * shape[1]) / Math.max(shape[0], shape[1])}%`;
  const caption = element("figcaption");
  const sheet = imageGrid({ shape, label: "Selected images", onPick: onImage });
  const shown = element("p", { class: "quiet shown" });
  const more = moreLike({ model, shape, originals, imagesOf, nameOf, onImage, onError });
  const explore = button("Open mean in Explore", "Drag sliders from the mean of these codes on",
    () => mean && onMean(mean));
  const file = (kind) => button(`Codes (${kind.toUpperCase()})`,
    `Rows, labels, posterior means and log-variances as ${kind === "csv" ? "a table" : "arrays"}`,
    (event) => making(event.target, () => saveAnswer(model, `selection?format=${kind}`, rows)));
  const print = button("Contact sheet (PNG)", `The images as one picture, up to ${PRINTED}: of more `
    + "than that, some at even steps",
    (event) => making(event.target, printSheet));
  const buttons = [explore, file("csv"), file("npz"), print];

  /** Do what a button is for, once at a time; what goes wrong is said. */
  async function making(pressed, make) {
    pressed.disabled = true;
    try {
      await make();
    } catch (error) {
      onError(error.message);
    }
    pressed.disabled = !rows.length;
  }

  async function printSheet() {
    const some = thinned(rows, PRINTED);
    const images = await imagesOf(some);
    const { width, height, tile, at } = contactLayout(images.length, shape);
    const whole = element("canvas", { width, height });
    const context = whole.getContext("2d");
    context.fillStyle = "#808080";
    context.fillRect(0, 0, width, height);
    context.imageSmoothingEnabled = tile[1] < shape[1];
    const one = element("canvas");
    images.forEach((bytes, i) => {
      drawPixels(one, bytes, shape);
      context.drawImage(one, ...at(i), tile[1], tile[0]);
    });
    const blob = await new Promise((made) => whole.toBlob(made, "image/png"));
    if (!blob) throw new Error("This browser could not draw the contact sheet.");
    save(blob, `${model}-${some.length}-images.png`);
  }

  // ---- what is shown
  function entitle() {
    const words_ = selectedInWords(rows.length, rows.reduce((sum, row) => sum + onMap(row), 0));
    if (title.textContent !== words_) title.textContent = words_;
  }

  function describe() {
    entitle();
    print.textContent = rows.length > PRINTED ? `Contact sheet (${PRINTED} of them, PNG)`
      : "Contact sheet (PNG)";
    const counts = classes.length > 1 ? tally(rows, labels, classes) : [];
    bar.replaceChildren(...counts.map(({ name, colour, count }) => {
      const part = element("i", { title: `${name}: ${english(count)}` });
      part.style.cssText = `background: ${colour}; flex-grow: ${count}`;
      return part;
    }));
    words.textContent = tallyInWords(counts);
    for (const one of buttons) one.disabled = !rows.length;
    explore.disabled = true; // until the mean is here
  }

  async function fill() {
    const mine = (turn += 1);
    const wanted = () => mine === turn;
    try {
      await Promise.all([average(wanted), fillSheet(wanted)]);
    } catch (error) {
      if (wanted()) onError(error.message);
    }
  }

  async function average(wanted) {
    const some = thinned(rows, AVERAGED);
    const found = meanCode(await codesOf(some));
    if (!wanted()) return;
    mean = found;
    explore.disabled = false;
    channel ??= new LiveChannel({ model, onError });
    channel.ask("main", mean, (answer) => {
      if (!wanted()) return;
      drawPixels(canvas, new Uint8Array(answer), shape);
      canvas.hidden = false;
      caption.textContent = rows.length === 1 ? "decoded from its code"
        : some.length < rows.length ? `decoded from the mean of ${english(some.length)} of them`
          : "decoded from their mean";
    });
  }

  async function fillSheet(wanted) {
    const some = thinned(rows, SHOWN);
    const images = await imagesOf(some, wanted);
    if (!wanted()) return;
    sheet.show(Array.from(some, (row, i) => ({ row, bytes: images[i], title: nameOf(row) })));
    const decoded = originals() ? "" : ", decoded from codes: no originals here";
    shown.textContent = some.length < rows.length
      ? `${some.length} of ${english(rows.length)} shown${decoded}` : `all shown${decoded}`;
  }

  describe();
  more.use(rows);
  canvas.hidden = true;

  return {
    element: element("section", { class: "gathered", "aria-label": "The selected images" },
      element("div", { class: "head" }, title,
        button("Clear", "Select nothing", () => options.onClear())),
      bar, words,
      element("div", { class: "mean" },
        element("figure", {}, element("div", { class: "stage" }, canvas), caption),
        element("div", { class: "buttons" }, ...buttons)),
      element("div", { class: "sheet" }, sheet.element, shown),
      more.element),

    /** @param {Uint32Array} selected ascending; the same again once the map is another */
    show(selected) {
      if (selected.length === rows.length && selected.every((row, i) => row === rows[i])) {
        entitle();
        return;
      }
      rows = Uint32Array.from(selected);
      mean = null;
      turn += 1; // what is on its way is of another selection
      describe();
      more.use(rows);
      clearTimeout(timer);
      if (rows.length) {
        timer = setTimeout(fill, PAUSE);
        return;
      }
      sheet.show([]);
      shown.textContent = caption.textContent = "";
      canvas.hidden = true;
    },

    close() {
      turn += 1;
      clearTimeout(timer);
      more.close();
      channel?.close();
    },
  };
}
