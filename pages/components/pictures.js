/** The two pictures of what is under the hand, in the panel and the loupe: original and decode. */

import { Paints, showLine } from "./dom.js";
import { Originals } from "./originals.js";
import { LiveChannel } from "./wire.js";

/**
 * @param {HTMLElement} root the `.vae` element, which tells the line's state and counts paints
 * @param {object} options
 * @param {string} options.model
 * @param {object} options.side the panel
 * @param {Loupe} options.loupe
 * @param {() => string | null} options.absence why there are no originals, if so
 * @param {(sentence: string) => void} options.onError
 */
export function pictures(root, { model, side, loupe, absence, onError }) {
  const paints = new Paints(root);
  const originals = new Originals(model, absence, onError);
  const channel = new LiveChannel({
    model, onError, onState: (state) => showLine(root, side.line, state),
  });
  showLine(root, side.line, "loading");
  let asked = null;
  return {
    /** @param {number[]} code @param {number} since the time of the hand's event */
    decode(code, since) {
      if (asked?.length === code.length && asked.every((v, i) => v === code[i])) return;
      asked = Array.from(code);
      channel.ask("main", Float32Array.from(code), (answer) => {
        const bytes = new Uint8Array(answer);
        side.paint(bytes);
        loupe.paint("decoded", bytes);
        paints.painted(since, Array.from(code));
      });
    },

    /** @param {number} row of an image, where its original is at hand */
    original(row) {
      originals.ask(row, (bytes) => {
        side.paintOriginal(bytes);
        loupe.paint("original", bytes);
      });
    },

    close() {
      channel.close();
      originals.close();
    },
  };
}
