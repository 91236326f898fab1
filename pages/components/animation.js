/** Playing: one coordinate swings between two values, until the hand touches anything. */

import { clamp } from "./latent.js";

const PERIOD = 6000; // ms there and back

/** The way of a swing from `value`: 5–95 % of the codes, and as far as `value` lies. Pure. */
export const swing = (value, quantiles) =>
  [Math.min(quantiles[1], value), Math.max(quantiles[5], value)];

/** Where a swing between low and high is after `ms`, begun upwards at `from`. Pure. */
export function swingAt(ms, from, [low, high]) {
  const [middle, reach] = [(low + high) / 2, (high - low) / 2];
  if (reach === 0) return middle;
  const phase = Math.asin(clamp((from - middle) / reach, -1, 1));
  return middle + reach * Math.sin(phase + (2 * Math.PI * ms) / PERIOD);
}

export class Player {
  /**
   * @param {object} on
   * @param {(ms: number) => void} on.frame in every frame, ms after the start
   * @param {(playing: boolean) => void} on.changed
   */
  constructor(on) {
    this.on = on;
    this.frame = null;
    this.hide = () => document.hidden && this.stop();
    document.addEventListener("visibilitychange", this.hide);
  }

  get playing() {
    return this.frame !== null;
  }

  start() {
    this.stop();
    const begun = performance.now();
    const step = (now) => {
      this.frame = requestAnimationFrame(step);
      this.on.frame(Math.max(0, now - begun));
    };
    this.frame = requestAnimationFrame(step);
    this.on.changed(true);
  }

  stop() {
    if (!this.playing) return;
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.on.changed(false);
  }

  close() {
    this.stop();
    document.removeEventListener("visibilitychange", this.hide);
  }
}
