/** The drawing library, and what it can draw with in this browser. */

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

/** Whether this browser can draw by WebGL; without it the points are SVG, slower but the same. */
export function hasWebGL() {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext(); // browsers allow few at a time
  return context !== null;
}
