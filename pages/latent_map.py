"""Latent map: the codes of held-out images as points, the place under the hand decoded live."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import streamlit as st

from pages import state
from pages.components import mount
from pages.download import download_widget
from pages.explore import starting_code
from pages.interpolate import current_journey
from pages.latent_map_data import can_fetch, component_data
from pages.latent_map_quality import await_quality
from pages.latent_map_words import explanation
from pages.look import image_name
from pages.map_choice import PERPLEXITIES, choose_map
from pages.map_fits import offer_fit, show_fits
from pages.perplexities import show_perplexities
from pages.row_masks import unpack_rows
from vae.errors import VaeError
from vae.maps import load_map
from vae.runs import Run

KEY = "latent map"


def page() -> None:
    """The map at the left, what the chosen point stands for at the right."""
    run = state.current_run()
    with st.container(horizontal=True, vertical_alignment="center"):
        map_id = choose_map(run)
        offer_fit(run)
        _offer_data(run)
    show_fits(run)
    if map_id == PERPLEXITIES:
        show_perplexities(run)
        return
    found = load_map(run, map_id)
    data = component_data(run, found)
    result = mount(
        "scatter",
        key=KEY,
        data=data,
        default={"point": None, "selected": None},
        on_point_change=lambda: _chosen(run),
        on_selected_change=lambda: _selected(run),
        on_go_change=lambda: None,
    )
    if result.go:
        _go(run, result.go, result.point)
    await_quality(run, found, data["quality"])
    with st.expander("What this map shows, and what it cannot"):
        method, split, model = found.facts["method"], run.codes().split, run.config.model
        point = model.posterior == "point"
        st.markdown(explanation(model.latent_dim, method, split, point))


def _chosen(run: Run) -> None:
    """A point was picked, or a place of the plane: every page has its code from now on."""
    point = st.session_state[KEY].point
    if not state.is_of(run, point):  # sent just before another model was chosen
        return
    row = point["index"]
    state.set_z(run, run.codes().mu[row] if row is not None else np.array(point["z"], np.float32))
    state.set_picked(run, row)


def _selected(run: Run) -> None:
    """Others are selected: every page has them from now on."""
    selected = st.session_state[KEY].selected
    if not state.is_of(run, selected):
        return
    with contextlib.suppress(VaeError):  # no mask of these codes: what is selected stays
        state.set_selected(run, unpack_rows(selected["mask"], len(run.codes().mu)))


def _go(run: Run, where: str, point: dict[str, Any] | None) -> None:
    """A button of the panel was pressed, about ``point`` if one was picked in this session."""
    if point and point["model"] == run.name and not state.is_of(run, point):
        words = "This model was trained anew: choose the point once more."
        st.toast(words, icon=":material/error:")
        return
    if where == "explore":
        st.switch_page(st.session_state["pages"]["explore"])
    z, row = starting_code(run)
    label = "from the map"
    if row is not None:
        label = image_name(run, row)
    end = {"z": [round(float(v), 4) for v in z], "label": label, "index": row}
    current_journey(run)[where] = end
    st.toast(f"End {where.upper()} of the interpolation: {label}.", icon=":material/check:")


def _offer_data(run: Run) -> None:
    """Where the original images are not at hand, which the panel says, offer to fetch them."""
    if can_fetch(run):
        with st.container(width=320):  # room for a progress bar
            download_widget(run.config.training.dataset)
