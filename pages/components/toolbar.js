/** Explore's buttons: jumps to other codes, undo and redo, play, and sliders or pad. */

import { fetchRandomCode, randomCode, realImageTitle } from "./codes.js";
import { button, element } from "./dom.js";
import { dimensionName } from "./latent.js";

/**
 * Which of undo and redo a key means, or null. Pure.
 * @param {{key: string, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean}} event
 */
export function undoKey({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  if (!(ctrlKey || metaKey) || altKey) return null;
  if (key.toLowerCase() === "z") return shiftKey ? "redo" : "undo";
  return key.toLowerCase() === "y" && !shiftKey ? "redo" : null;
}

/** Undo and redo by keys, wherever on the page, but not where text is written. */
export function watchUndoKeys(does, signal) {
  document.addEventListener("keydown", (event) => {
    const action = undoKey(event);
    if (!action || event.composedPath()[0].matches?.("input:not([type=range]), textarea")) return;
    event.preventDefault();
    does(action);
  }, { signal });
}

const named = (made, name) => {
  made.setAttribute("aria-label", name);
  return made;
};

/**
 * @param {object} options
 * @param {Exploration} options.code
 * @param {string} options.model
 * @param {object} options.data from Python: images, how many held-out ones there are; selected, those
 *   selected on the map; posterior, quantiles and codes
 * @param {boolean} options.padded whether there is a pad to change to
 * @param {() => void} options.before something else than playing is wanted
 * @param {() => void} options.onPlay
 * @param {(name: "sliders" | "pad") => void} options.onHand
 * @param {(sentence: string) => void} options.onError
 */
export function toolbar(
  { code, model, data, padded, before, onPlay, onHand, onError }) {
  const { images, selected, codes } = data;
  const latentDim = code.z.length;
  const random = randomCode(data);
  const does = (action) => () => {
    before();
    action();
  };

  async function realImage() {
    try {
      const { index, z } = await fetchRandomCode(model, latentDim, images, selected);
      code.jump(z, { index, label: null });
    } catch (error) {
      onError(error.message);
    }
  }

  const reset = button("Reset", "Back to where this exploration began", does(() => code.reset()));
  const undo = named(button("↶", "Undo (Ctrl+Z)", does(() => code.undo())), "Undo");
  const redo = named(button("↷", "Redo (Ctrl+Shift+Z)", does(() => code.redo())), "Redo");
  const play = button("", "Swing the marked dimension between its 5 % and 95 % quantiles (Space)",
    onPlay);
  play.classList.add("play");
  const hands = ["sliders", "pad"].map((name, i) => element("button", {
    type: "button", onclick: does(() => choose(name)), "aria-pressed": String(i === 0),
    title: ["One slider a dimension", "Two dimensions at once"][i],
  }, ["Sliders", "Pad"][i]));

  function choose(name) {
    hands.forEach((made, i) =>
      made.setAttribute("aria-pressed", String(name === ["sliders", "pad"][i])));
    onHand(name);
  }

  return {
    play,
    element: element("div", { class: "buttons" },
      button("Random", random.title, does(() =>
        code.jump(random.draw(), { index: null, label: random.label }))),
      codes ? button("Mean", "The mean of the codes", does(() =>
        code.jump(codes.mean, { index: null, label: "the codes’ mean" })))
        : button("Mean", "The mean of the prior: z = 0", does(() =>
          code.jump(Array(latentDim).fill(0), { index: null, label: "the prior’s mean" }))),
      button("Real image", realImageTitle(selected), does(realImage)),
      reset, undo, redo, play,
      element("div", { class: "hands", role: "group", "aria-label": "By", hidden: !padded },
        ...hands)),
    /** What can be done now. */
    refresh() {
      reset.disabled = code.atStart;
      undo.disabled = !code.history.canUndo;
      redo.disabled = !code.history.canRedo;
    },
    namePlay(dim, playing) {
      play.textContent = `${playing ? "❚❚" : "▶"} ${dimensionName(dim)}`;
      play.setAttribute("aria-label", `${playing ? "Pause" : "Play"} z ${dim + 1}`);
      play.setAttribute("aria-pressed", String(playing));
    },
  };
}
