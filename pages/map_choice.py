"""Which map of a model is shown: chosen by its kind, then among those of that kind."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages import state
from pages.dimensions import in_order, is_point, option
from pages.latent_map_names import METHODS, map_names
from pages.linked import chosen_axes, keep_axes
from vae.maps import stored_maps
from vae.runs import Run

PERPLEXITIES = "perplexities"  # in the place of a map's id: several maps side by side
FITTED = "fitted"


def choose_map(run: Run) -> str:
    """The id of the map to draw, or :data:`PERPLEXITIES`, with the widgets that change it."""
    stored = stored_maps(run)
    kinds = _kinds(run, stored)
    chosen = st.session_state.setdefault("maps", {})
    if chosen.get(run.name) not in {*stored, *kinds} - {FITTED}:
        first = next(iter(kinds))
        chosen[run.name] = stored[0] if first == FITTED else first
    last = st.session_state.setdefault("fitted maps", {})
    if chosen[run.name] in stored:
        last[run.name] = chosen[run.name]
    # A widget's own state is dropped when its page is left: ours is the one that is kept.
    key = f"map of {run.name}"
    st.session_state[key] = FITTED if chosen[run.name] in stored else chosen[run.name]

    def keep() -> None:
        kind = st.session_state[key]
        if kind == FITTED:
            found = last.get(run.name)
            chosen[run.name] = found if found in stored else stored[0]
        elif kind is not None:  # a click on the chosen option would leave none
            chosen[run.name] = kind

    st.segmented_control(
        "Map",
        list(kinds),
        format_func=lambda kind: kinds.get(kind, kind),
        key=key,
        on_change=keep,
        required=True,
        label_visibility="collapsed",
    )
    if chosen[run.name] in stored and len(stored) > 1:
        _choose_fitted(run, stored)
    if chosen[run.name] == "raw" and run.config.model.latent_dim > 2:
        return _choose_axes(run)
    return chosen[run.name]


def _kinds(run: Run, stored: list[str]) -> dict[str, str]:
    """The kinds of maps there are, in their order, with their names."""
    d = run.config.model.latent_dim
    methods = {name.split("-")[0] for name in stored}
    fitted = ", ".join(title for method, title in METHODS.items() if method in methods)
    raw = {"raw": {1: "Latent line", 2: "Latent plane"}.get(d, "Two dimensions")}
    return {
        **(raw if d <= 2 else {}),
        **({FITTED: fitted} if stored else {}),
        "pca": "PCA",
        **raw,
        PERPLEXITIES: "Perplexities",
    }


def _choose_fitted(run: Run, stored: list[str]) -> None:
    """Which of several t-SNE and UMAP maps."""
    names = map_names(stored, len(run.codes().mu))
    chosen = st.session_state["maps"]
    key = f"fitted map of {run.name}"
    st.session_state[key] = chosen[run.name]

    def keep() -> None:
        chosen[run.name] = st.session_state[key]

    st.selectbox(
        "Which map",
        stored,
        format_func=lambda name: names.get(name, name),
        key=key,
        on_change=keep,
        width=330,
        label_visibility="collapsed",
    )


def _choose_axes(run: Run) -> str:
    """The id of a raw map, of two dimensions."""
    known = state.model_facts(run)
    dims = in_order(known)
    kept = chosen_axes(run)
    axes: list[int] = []
    for place, name in enumerate(("across", "up")):
        free = [dim for dim in dims if dim not in axes]
        # Dropped when the page is left, as above; and up may be what across has become.
        key = f"{place} axis of {run.name} {state.trained(run)}"
        if st.session_state.get(key) not in free:
            st.session_state[key] = kept[place] if kept[place] in free else free[0]
        axes.append(
            st.selectbox(
                name.capitalize(),
                free,
                format_func=partial(option, known),
                key=key,
                width=180 if is_point(known) else 150,
                label_visibility="collapsed",
            )
        )
    keep_axes(run, *axes)
    return f"raw-{axes[0]}-{axes[1]}"
