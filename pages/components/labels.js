/** Where names stand on a map so that none covers another. No DOM: `node --test` runs it. */

const GAP = 2; // px kept free around a name
const STEPS = [0.5, 0.8, 1.1, 1.5, 2]; // heights by which a name may be nudged: further off, it
// would seem to name another class
const AROUND = [[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]];

const overlap = (a, b) =>
  a.left < b.right + GAP && b.left < a.right + GAP
  && a.top < b.bottom + GAP && b.top < a.bottom + GAP;

const nudges = (height) => [[0, 0],
  ...STEPS.flatMap((step) => AROUND.map(([dx, dy]) => [dx * step * height, dy * step * height]))];

/**
 * The centre of each name: at its anchor, or nudged to the nearest free place. Earlier names are
 * placed first; one that finds no place is dropped rather than drawn over another.
 * @param {Array<{x: number, y: number, width: number, height: number} | null>} names anchors and
 *   sizes in px; null for a name that is not to be shown
 * @param {{left: number, top: number, right: number, bottom: number}} box that no name leaves
 * @param {Array<{left: number, top: number, right: number, bottom: number}>} taken places
 * @returns {Array<[number, number] | null>}
 */
export function placeNames(names, box, taken = []) {
  const occupied = [...taken];
  return names.map((name) => {
    if (!name) return null;
    const { x, y, width, height } = name;
    if (x < box.left || x > box.right || y < box.top || y > box.bottom) return null;
    if (width > box.right - box.left || height > box.bottom - box.top) return null;
    const within = (value, half, low, high) => Math.min(high - half, Math.max(low + half, value));
    for (const [dx, dy] of nudges(height)) {
      const [cx, cy] = [
        within(x + dx, width / 2, box.left, box.right),
        within(y + dy, height / 2, box.top, box.bottom),
      ];
      const here = {
        left: cx - width / 2, right: cx + width / 2, top: cy - height / 2, bottom: cy + height / 2,
      };
      if (occupied.some((other) => overlap(here, other))) continue;
      occupied.push(here);
      return [cx, cy];
    }
    return null;
  });
}
