/** The points of a training as they come: appended, and thinned where there are very many. No DOM */

const MOST = 1000; // points of a line: more than a chart has pixels
const CELLS = 40_000; // of the heat map

/** An empty store for curves of `terms`. */
export function newStore(terms) {
  const line = () => ({ stride: 1, seen: 0, epoch: [], ...Object.fromEntries(terms.map((t) => [t, []])) });
  return {
    terms, next: 0, first: "", count: 0, last: 0,
    train: line(), validation: line(),
    heat: { stride: 1, seen: 0, epoch: [], dims: [] },
  };
}

/**
 * Take the server's answer in (`GET /live/runs/NAME/points`).
 * @returns {{store, added, redraw}} the store; where each split's new points begin; and whether
 * more has changed than that points were appended.
 */
export function take(store, answer) {
  const anew = answer.after === 0 && store.next > 0;
  if (anew) store = newStore(store.terms);
  const added = { train: store.train.epoch.length, validation: store.validation.epoch.length };
  let redraw = anew;
  for (const point of answer.points) {
    store.count += 1;
    store.last = point.epoch;
    const { split } = point;
    keep(store[split], (line) => {
      line.epoch.push(point.epoch);
      for (const term of store.terms) line[term].push(point[term] ?? null);
    });
    redraw = thin(store[split], MOST) || redraw;
    if (point.kl_dims?.length) {
      keep(store.heat, (heat) => {
        heat.epoch.push(point.epoch);
        heat.dims.push(point.kl_dims);
      });
      thin(store.heat, Math.max(40, Math.floor(CELLS / point.kl_dims.length)));
    }
  }
  Object.assign(store, { next: answer.next, first: answer.first });
  return { store, added, redraw };
}

/** Of a line that was thinned, only every so many-th point is kept. */
function keep(line, push) {
  if (line.seen % line.stride === 0) push(line);
  line.seen += 1;
}

/** Drop every other point of a line of more than `most`; whether it did. */
function thin(line, most) {
  if (line.epoch.length <= most) return false;
  for (const [name, values] of Object.entries(line)) {
    if (Array.isArray(values)) line[name] = values.filter((_, i) => i % 2 === 0);
  }
  line.stride *= 2;
  return true;
}

/**
 * Where the epoch axis ends: it doubles when the curve gets there, up to all epochs. So a long run
 * is not a stroke at the left edge, and the axis seldom moves. An ended run's ends with it.
 */
export function reach(last, epochs, ended) {
  if (ended && last) return last;
  let end = 5;
  while (end < last) end *= 2;
  return Math.min(end, epochs);
}

/**
 * Where the axis of a term begins and ends, so that the later, slower progress can be seen: the
 * steep fall of the first epoch leaves the chart at its top. All lines, with a margin of 8 %.
 */
export function nearRange(lines, term) {
  const pairs = lines.flatMap((line) =>
    line[term].map((value, i) => [line.epoch[i], value]).filter(([, value]) => value !== null));
  if (!pairs.length) return [0, 1];
  const values = pairs.map(([, value]) => value);
  const last = Math.max(...pairs.map(([epoch]) => epoch));
  const from = last > 2 ? 1 : 0.5;
  const settled = pairs.filter(([epoch]) => epoch >= from).map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...(settled.length ? settled : values))];
  const margin = 0.08 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}
