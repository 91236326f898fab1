"""What pages share with the Latent map: the map beside a moving code, and the selected images."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import streamlit as st

from pages import state
from pages.dimensions import in_order
from pages.latent_map_names import map_name
from pages.look import class_list
from vae.lift import lift
from vae.maps import linear_map, list_maps, load_map, stored_maps
from vae.runs import Run

MOST_SENT = 2000  # rows of a selection that the browser gets to draw from


def default_map(run: Run) -> str:
    """The map to show: the latent space itself where it can be seen, else t-SNE, else PCA."""
    if run.config.model.latent_dim <= 2:
        return "raw"
    return next(iter(stored_maps(run)), "pca")


def chosen_map(run: Run) -> str:
    """The map that was chosen on the Latent map, else the default one.

    There, "raw" in more than two dimensions is a choice of two of them.
    """
    chosen = st.session_state.get("maps", {}).get(run.name)
    d = run.config.model.latent_dim
    if chosen == "raw" and d > 2:
        across, up = chosen_axes(run)
        return f"raw-{across}-{up}"
    axes = re.fullmatch(r"raw-(\d{1,6})-(\d{1,6})", chosen or "")
    known = all(int(part) < d for part in axes.groups()) if axes else chosen in list_maps(run)
    return chosen if known else default_map(run)


def chosen_axes(run: Run) -> tuple[int, int]:
    """The two dimensions that were chosen there, at first those that say most about the image."""
    kept = st.session_state.get("axes", {}).get(state.codes_key(run))
    if kept is None:
        across, up, *_ = in_order(state.model_facts(run))
        kept = across, up
    return kept


def keep_axes(run: Run, across: int, up: int) -> None:
    """Remember the two dimensions, for the other pages and the next visit."""
    st.session_state.setdefault("axes", {})[state.codes_key(run)] = across, up


def live_map(run: Run) -> dict[str, Any]:
    """What `livemap.js` needs beside the places and the labels, which it fetches itself.

    ``formula`` gives exact places on a linear map: axes · (z - origin). On any other map the server
    is asked; ``exact`` says whether it can fit a code in, as t-SNE can, or only interpolate.
    """
    map_id = chosen_map(run)
    projection = linear_map(run, map_id)
    formula = None
    if projection is not None:
        plane = lift(projection)
        formula = {"origin": plane.origin.round(6).tolist(), "axes": plane.axes.T.round(9).tolist()}
    return {
        "id": map_id,
        "name": _name(run, map_id),
        "formula": formula,
        "exact": formula is not None or load_map(run, map_id).facts["method"] == "tsne",
        "classes": class_list(run),
    }


def _name(run: Run, map_id: str) -> str:
    """A map in a word or two, below its picture."""
    d = run.config.model.latent_dim
    if map_id == "raw":
        return "Latent line" if d == 1 else "Latent plane"
    if map_id.startswith("raw-"):
        across, up = (int(part) + 1 for part in map_id.split("-")[1:])
        return f"z{across} and z{up}"
    return map_name(map_id, len(run.codes().mu)).partition(" · ")[0]


def selection_to_draw(run: Run) -> dict[str, Any]:
    """The images selected on the map, for a button that draws one: ``rows``, and their ``total``.

    Of more than :data:`MOST_SENT` as many evenly spread ones are sent.
    """
    rows = state.get_selected(run)
    spread = np.linspace(0, len(rows) - 1, min(len(rows), MOST_SENT)).round().astype(int)
    return {"rows": rows[spread].tolist(), "total": len(rows)}


def open_map(run: Run, z: np.ndarray | None = None, row: int | None = None) -> None:
    """Go to the Latent map: with the code that every page has, or with this one from now on."""
    if z is not None:
        state.set_z(run, z)
        state.set_picked(run, row)
    st.switch_page(st.session_state["pages"]["latent_map"])
