/** What is known of the code as it moves: where it comes from, its length, its prior density. */

import { originWords } from "./codes.js";
import { calm, element } from "./dom.js";
import { brief, median, norm, signed } from "./latent.js";

const TRIPS = 30;

/** log p(z) of the prior N(0, I), in nats: −‖z‖²/2 − d/2 · log 2π. Pure. */
export const logPrior = (z) =>
  -0.5 * z.reduce((sum, v) => sum + v * v, 0) - 0.5 * z.length * Math.log(2 * Math.PI);

/** One term of a description list; where there is little room, a `plain` one goes without name. */
const term = (name, value, title, plain = false) =>
  element("div", { title, class: plain ? "plain" : null }, element("dt", {}, name), value);

/**
 * @param {{lengths: [number, number]} | null} codes usual lengths of codes that are points: these
 *   have no prior to be measured by
 * @returns {{speed: HTMLElement, element(word: HTMLElement): HTMLElement,
 *   show(z: number[], origin: object | null): void, trip(ms: number): boolean}} `element` takes how
 *   near the data is, in words; `trip` notes a round trip and says whether there are enough of them
 */
export function readouts(codes = null) {
  const value = () => element("dd", { class: "number" });
  const [from, length, density] = [element("dd"), value(), value()];
  const speed = element("span", { class: "speed number",
    title: `Median of the last ${TRIPS} round trips: browser, server, browser` });
  const trips = [];
  const showTrip = calm((ms) => (speed.textContent = `decode ${ms.toFixed(1)} ms`));
  return {
    element: (word) => element("dl", { class: "readouts" },
      term("z is", element("dd", {}, word), null, true),
      term("‖z‖", length, codes ? "Length of z; in brackets, between what nine in ten codes have"
        : "Length of z; √d is the root mean square length of draws from the prior"),
      term("from", from, "Where this code comes from", true),
      ...(codes ? []
        : [term("log p(z)", density, "Density of z under the prior: −‖z‖²/2 − d/2 · log 2π")])),
    speed,
    show(z, origin) {
      from.textContent = originWords(origin);
      length.textContent = codes ? `${brief(norm(z))} (codes: ${codes.lengths.map(brief).join("–")})`
        : `${norm(z).toFixed(1)} (√d = ${Math.sqrt(z.length).toFixed(1)})`;
      density.textContent = `${signed(logPrior(z), 1).trim()} nats`;
    },
    trip(ms) {
      trips.push(ms);
      if (trips.length > TRIPS) trips.shift();
      // the first ones share the page's loading
      if (trips.length > 2) showTrip(median(trips));
      return trips.length > 2;
    },
  };
}
