"""Browser parts of the pages: plain ES modules in this folder, mounted as Streamlit components.

A module `x.js` exports `mount(root, args) -> {update(args), destroy()}`. `root` is the shadow root
that Streamlit gives the component, `args` what it passes on every change: `data`,
`setStateValue(name, value)`, `setTriggerValue(name, value)`. The modules are served by the app
under `/live/static/<version>/`, so they import one another like any ES module.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

FOLDER = Path(__file__).parent

# Streamlit runs a component's inline script from a blob: URL, where relative imports fail; and it
# calls the default export again on every change of data. So: import by absolute URL, one view per
# element, and a clean-up that is handed over at once although the import takes a moment.
_LOADER = """
const MODULE = "/live/static/{version}/{module}.js";
const views = (globalThis.__vaeViews ??= new WeakMap());

export default function (args) {{
  const root = args.parentElement;
  const known = views.get(root);
  if (known) {{
    known.args = args;
    known.view?.update(args);
    return known.close;
  }}
  const entry = {{ args, view: null, closed: false }};
  entry.close = () => {{
    entry.closed = true;
    entry.view?.destroy();
    if (views.get(root) === entry) views.delete(root);
  }};
  views.set(root, entry);
  import(new URL(MODULE, location.origin).href).then(
    (module) => {{
      if (!entry.closed) entry.view = module.mount(root, entry.args);
    }},
    (error) => {{
      const place = root.querySelector(".vae");
      if (place) place.textContent = "This part could not be loaded; reload the page. " + error;
    }},
  );
  return entry.close;
}}
"""


@functools.cache
def version() -> str:
    """Hash of every script and style here; it stands in the URL, so browsers may cache forever."""
    digest = hashlib.sha256()
    for file in sorted([*FOLDER.glob("*.js"), *FOLDER.glob("*.css")]):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def mount(
    module: str,
    *,
    key: str,
    data: dict[str, Any],
    default: dict[str, Any] | None = None,
    **callbacks: Callable[[], None],
) -> Any:
    """Put the component of `<module>.js` on the page and return its state.

    `data` must be JSON. `callbacks` are `on_<state>_change` functions, one for every state that the
    browser may set. The height is reserved by the rule `.vae.<module>` in `<module>.css`.
    """
    return _component(module)(key=key, data=data, default=default, **callbacks)


@functools.cache
def _component(module: str) -> Callable[..., Any]:
    if not (FOLDER / f"{module}.js").is_file():
        names = ", ".join(sorted(file.stem for file in FOLDER.glob("*.js")))
        raise ValueError(f"There is no component script '{module}'; there are: {names}.")
    return st.components.v2.component(
        f"vae_{module}",
        html=f'<div class="vae {module}" data-state="loading"></div>',
        css=_style(module),
        js=_LOADER.format(version=version(), module=module),
    )


def _style(module: str) -> str:
    """What all components share, then the component's own rules."""
    files = [FOLDER / "style.css", FOLDER / f"{module}.css"]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
