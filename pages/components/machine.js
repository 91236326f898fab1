/** The way of an image through a model: encoder, q(z|x), decode of its mean, its place on a map. */

import { greyLevels, meanAndDraws, noise, pointOf, posterior } from "./posterior.js";
import { LiveChannel } from "./wire.js";

const PLACE_EVERY = 100; // ms between two questions for places: they never delay an image

/** x and y of each place, as the server answers them with their spread. Pure. */
export function readPlaces(answer) {
  const flat = new Float32Array(answer);
  return Array.from({ length: flat.length / 3 }, (_, i) => flat.subarray(3 * i, 3 * i + 2));
}

/**
 * @param {object} options
 * @param {string} options.model
 * @param {number} options.dims of z
 * @param {boolean} options.point whether codes are points: q is but its `mean` then
 * @param {string} options.map its id; not asked about where the map is the latent plane itself
 * @param {number} options.draws from q(z|x), to be placed with its mean
 * @param {object} options.on
 * @param {(q: object) => void} options.on.encoded
 * @param {(found: {q: object, pixels: Uint8Array, error: number, since: number}) => void}
 *   options.on.decoded `error`: mean absolute difference from the image, in grey levels of 255
 * @param {(shown: object) => void} options.on.placed what MapCanvas.paint takes
 * @param {(state: string) => void} options.on.state of the line
 * @param {(sentence: string) => void} options.on.error
 */
export function makeMachine({ model, dims, point, map, draws, on }) {
  const plane = dims === 2;
  const eps = noise(draws, dims);
  const encoder = new LiveChannel({ model, op: "encode", onError: on.error });
  const decoder = new LiveChannel({
    model, lanes: ["image", "other"], onState: on.state, onError: on.error,
  });
  const placer = plane ? null : new LiveChannel({
    model, op: "place", query: `?map=${encodeURIComponent(map)}`, onError: on.error,
    lanes: [{ name: "main", every: PLACE_EVERY }],
  });
  let run = 0; // grows when nothing is shown any more: later answers belong to nothing

  const current = (action) => {
    const mine = run;
    return (answer) => mine === run && action(answer);
  };

  return {
    /** @param {Uint8Array} image (H, W, C) @param {number} since when the hand made it */
    show(image, since) {
      encoder.ask("main", image, current((answer) => {
        const q = point ? pointOf(answer) : posterior(answer);
        on.encoded(q);
        decoder.ask("image", q.mean, current((decoded) => {
          const pixels = new Uint8Array(decoded);
          on.decoded({ q, pixels, error: greyLevels(pixels, image), since });
        }));
        if (plane) on.placed({ places: [q.mean], sigma: q.sigma });
        else placer.ask("main", meanAndDraws(q, eps), current((places) =>
          on.placed({ places: readPlaces(places) })));
      }));
    },

    /** Answers that are still on their way are not wanted. */
    forget() {
      run += 1;
    },

    /** One decode beside the drawing's. @param {(pixels: Uint8Array) => void} answered */
    decode(z, answered) {
      decoder.ask("other", z, (answer) => answered(new Uint8Array(answer)));
    },

    close() {
      for (const channel of [encoder, decoder, placer]) channel?.close();
    },
  };
}
