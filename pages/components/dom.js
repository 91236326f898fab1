/** Making elements, naming the state of the line, and counting paints. */

/**
 * element("button", {class: "x", onclick: f}, "text", child): properties starting with "on" are
 * listeners, the others attributes (false, null and undefined leave the attribute out).
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export const button = (text, title, onclick) =>
  element("button", { type: "button", title, onclick }, text);

const LINE = {
  loading: "connecting …",
  live: "live",
  reconnecting: "reconnecting …",
  http: "live, over plain HTTP (slower)",
};

/** Show the state of the live channel: in `data-state` of the root and in words. */
export function showLine(root, words, state) {
  root.dataset.state = state;
  words.textContent = LINE[state];
}

/**
 * Counts painted decodes, for readers of the page and for the browser tests:
 * `data-decoded` on the `.vae` element is their number, `element.latency` the last 1000 times in ms
 * from the input to the start of the frame that shows it, and each raises a `vae-paint` event
 * (bubbling out of the shadow root) with `detail: {ms, value}`.
 */
export class Paints {
  constructor(root) {
    this.root = root;
    root.latency = [];
    root.dataset.decoded = "0";
  }

  /** @param {number} since performance.now() of the input @param {*} value what was decoded */
  painted(since, value) {
    this.root.dataset.decoded = String(Number(this.root.dataset.decoded) + 1);
    requestAnimationFrame(() => {
      const ms = performance.now() - since;
      this.root.latency.push(ms);
      if (this.root.latency.length > 1000) this.root.latency.shift();
      const detail = { ms, value };
      this.root.dispatchEvent(
        new CustomEvent("vae-paint", { detail, bubbles: true, composed: true }));
    });
  }
}

/** A readout that changes at most twice a second, so that it can be read. */
export function calm(show, every = 500) {
  let timer = null;
  let newest;
  return (value) => {
    newest = value;
    timer ??= setTimeout(() => {
      timer = null;
      show(newest);
    }, every);
  };
}

/**
 * The `mount` of a component that shows a model: one view from `build(place, args)`, made anew when
 * `data` names another model, or the same one trained anew (`trained`): its codes are no more.
 */
export function mountModel(root, args, build) {
  const place = root.querySelector(".vae");
  let view = build(place, args);
  return {
    update(next) {
      const [now, then] = [next.data, args.data];
      if (now.model === then.model && now.trained === then.trained) view.update(next);
      else {
        view.destroy();
        view = build(place, next);
      }
      args = next;
    },
    destroy: () => view.destroy(),
  };
}
