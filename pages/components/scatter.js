/** The Latent map page: codes as points, what is under the hand decoded live beside them. */

import { Choice } from "./choice.js";
import { Codebook } from "./codebook.js";
import { button, element, mountModel } from "./dom.js";
import { gathered } from "./gathered.js";
import { watchHand } from "./hand.js";
import { lookupField } from "./lookup.js";
import { Loupe } from "./loupe.js";
import { Placer } from "./mapdata.js";
import { MapStage } from "./mapstage.js";
import { panel } from "./panel.js";
import { pictures } from "./pictures.js";
import { selecting } from "./selecting.js";

export const mount = (root, args) => mountModel(root, args, build);

function build(root, args) {
  let data = args.data;
  const { model, shape, classes, n, dims } = data;
  let hovered = null; // {index} or, where every place is a code, {z, x, y, dot}
  let placed = null; // {x, y, spread} of a chosen code that is no point of this map
  let near = null; // {z, row, distance}: the code nearest to the shown one that is no image's
  const choice = new Choice(data, (point) => args.setStateValue("point", {
    model, trained: args.data.trained, ...point,
  }));
  const complain = (sentence) => (side.message.textContent = sentence);

  // ---- what stands on the page
  const stage = new MapStage(root, data, {
    replaced: () => hover(null), selected: () => group.flags, error: (words) => complain(words),
  });
  const { host, labels } = stage;
  const byLabel = new Map(classes.map((entry) => [entry.label, entry]));
  const loupe = new Loupe(shape, (index) => byLabel.get(labels[index])?.colour);
  const side = panel({ shape, labels, decimals: data.decimals, onSend: send, classes: byLabel });
  const book = new Codebook({ model, n, dims, onError: complain });
  const group = selecting({
    host, n, mask: data.selected,
    map: () => (stage.ready ? stage : null),
    tell: (mask) => args.setStateValue("selected", { model, trained: args.data.trained, mask }),
    moded: (pans) => (stage.pans = pans),
    begun: () => hover(null),
    changed: showGroup,
    empty: () => stage.cloud.far && !stage.cloud.few
      && complain("Only points that are drawn one by one can be fenced in: zoom in further."),
    clicked: (event) => hand.click(event),
  });
  const many = gathered({
    model, shape, dims, labels, classes, absence: () => data.absence, onError: complain,
    codesOf: (rows) => book.of(rows), onMap: (row) => stage.cloud.far || stage.cloud.has(row),
    onImage: (row) => moveTo({ index: row }, "choose"),
    onMean(z) {
      choice.choose({ z });
      send("explore");
    },
    onClear: () => group.clear(),
  });
  const back = button("", "Show what is selected", () => focus("many"));
  back.classList.add("back");
  const search = lookupField({
    n, classes, labels,
    onImage: (row) => moveTo({ index: row }, "choose"),
    onClass: (label) => group.choose([...labels.keys()].filter((row) => labels[row] === label)),
  });
  root.replaceChildren(
    element("section", { class: "map", "aria-label": "Map" },
      element("div", { class: "bar" }, stage.colours.select, stage.menu.element, search.element,
        stage.layers.element),
      stage.colours.legend, host, stage.note),
    element("div", { class: "side" }, back, side.element, many.element, side.line,
      side.message));

  // ---- the lines to the server
  const placer = new Placer(model, complain);
  const shownAs = pictures(root, {
    model, side, loupe, absence: () => data.absence, onError: complain,
  });

  async function load() {
    if (!(await stage.load(data, [loupe.element, group.fence]))) return;
    side.rate(data.quality);
    if (group.rows.length) many.show(group.rows); // how many of them are on this map
    askPlace();
    try {
      await book.load();
      refresh();
    } catch (error) {
      complain(`The codes did not come: ${error.message}`);
    }
  }

  /** The code that is no point of this map: a free one, or that of an image beyond the map's. */
  async function floating() {
    if (choice.picked === null) return choice.free;
    return stage.cloud.has(choice.picked) ? null : (await book.of([choice.picked]))[0];
  }

  async function askPlace() {
    placed = null;
    placer.close();
    stage.mark({ picked: root.dataset.focus === "many" ? null : choice.picked, placed });
    const { picked, free } = choice;
    let code = null;
    try {
      code = await floating();
    } catch (error) {
      complain(`Its code did not come: ${error.message}`);
    }
    if (!code || !stage.drawn || picked !== choice.picked || free !== choice.free) return;
    placer.ask(stage.drawn, code, (answer) => {
      placed = answer;
      stage.mark({ placed });
      describe();
    });
  }

  // ---- what is shown: under the pointer, else picked, else the free code
  const subject = () => {
    if (hovered) return hovered;
    if (choice.picked !== null) return { index: choice.picked };
    return choice.free ? { z: choice.free } : null;
  };

  function refresh(since = performance.now()) {
    const shown = describe();
    if (!shown) return;
    const code = shown.z ?? book.get(shown.index);
    if (code) shownAs.decode(code, since);
    else book.of([shown.index]).then(([found]) => {
      if (subject()?.index === shown.index) shownAs.decode(found, since);
    }, (error) => complain(`Its code did not come: ${error.message}`));
    if (shown.z) book.nearest(shown.z, (found) => {
      near = { z: shown.z, ...found };
      describe();
    });
  }

  /** Say what is shown, beside its original. @returns it, or null while there is nothing */
  function describe() {
    const shown = subject();
    const index = shown?.index ?? null;
    if (!shown) return null;
    stage.over.posteriors.subject(hovered || root.dataset.focus !== "many" ? index : null);
    stage.colours.mark(index);
    const known = shown.z && near?.z === shown.z ? near : null;
    side.describe(shown, {
      near: known,
      hovering: hovered !== null,
      chosen: choice.any,
      image: index !== null && index === data.picked?.index ? data.picked : null,
      told: index === null ? null : stage.colours.tell(index),
      usual: data.usual,
      doubt: !hovered && stage.drawn && !stage.drawn.exact ? placed?.spread : null,
      absence: data.absence,
    });
    if (index !== null || known) shownAs.original(index ?? known.row);
    return shown;
  }

  // ---- the hand
  const dots = () =>
    root.dataset.layers === "points" || (stage.drawn.whole && stage.layers.value === "both");
  const under = () => (stage.ready ? {
    plane: stage.plane, coords: stage.coords, shows: stage.shows, placed, lift: stage.drawn.lift,
    dots: dots(), picked: choice.picked,
  } : null);
  const hand = watchHand(host, under, {
    hovered: hover,
    sensed: (to, since) => to?.z && shownAs.decode(to.z, since),
    chosen: (target) => moveTo(target, "choose"),
    stepped: (target) => moveTo(target, "step"),
    opened: () => choice.any && send("explore"),
  });

  function hover(to, at) {
    if (!to && !hovered) return;
    const same = to && hovered && to.index != null && hovered.index === to.index;
    hovered = to;
    if (to) loupe.follow(at, stage.plane.frame, to.index, data.absence === null);
    else loupe.hide();
    if (same) return;
    const row = to?.index ?? to?.dot ?? -1;
    stage.ring(stage.cloud.has(row) ? row : null);
    refresh(at?.since);
  }

  /** A click, or an arrow key's step: the point that is chosen now. */
  function moveTo(target, how) {
    hovered = null;
    loupe.hide();
    choice[how](target);
    focus("point");
    askPlace();
    refresh();
  }

  /** What the panel is about: one point, or those that are selected. */
  function focus(on) {
    const any = group.rows.length > 0;
    root.dataset.focus = any ? on : "point";
    root.dataset.selected = String(group.rows.length);
    stage.mark({ picked: root.dataset.focus === "many" ? null : choice.picked });
    back.hidden = !any || on === "many";
    back.textContent = `‹ ${group.rows.length.toLocaleString("en")} selected`;
  }

  function showGroup() {
    stage.repaint();
    many.show(group.rows);
    focus("many");
    describe();
  }

  function send(where) {
    choice.flush();
    args.setTriggerValue("go", where);
  }

  if (group.rows.length) stage.labelled().then(() => many.show(group.rows), (error) =>
    complain(`The classes did not come: ${error.message}`));
  focus("many");
  load();

  return {
    update(next) {
      const before = data;
      [args, data] = [next, next.data];
      const news = choice.accept(data);
      if (group.accept(data.selected)) showGroup();
      if (data.map !== before.map || data.stamp !== before.stamp) {
        load();
        return;
      }
      if (stage.drawn) {
        stage.accept(data);
        side.rate(data.quality);
      }
      if (news && stage.drawn) askPlace();
      (news ? refresh : describe)();
    },
    destroy() {
      choice.close();
      hand.close();
      for (const part of [shownAs, placer, group, many, book, stage]) part.close();
      root.replaceChildren();
    },
  };
}
