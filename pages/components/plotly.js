/** The drawing library: Plotly, from the installed Python package. */

import { element } from "./dom.js";

let loading = null;

/** Plotly from the installed Python package, through our own server, once a page. */
export function loadPlotly(version) {
  if (globalThis.Plotly) return Promise.resolve(globalThis.Plotly);
  loading ??= new Promise((resolve, reject) => {
    const script = element("script", {
      src: `/live/plotly.min.js?v=${encodeURIComponent(version)}`,
      onload: () => resolve(globalThis.Plotly),
      onerror: () => {
        loading = null;
        reject(new Error("the drawing library did not come from the server"));
      },
    });
    document.head.append(script);
  });
  return loading;
}
