"""Sweeps: choose at the left what to search, see at the right what the trials found."""

from __future__ import annotations

import streamlit as st

from pages.look import plain
from pages.sweeps_form import WATCHED, form
from pages.sweeps_view import watch
from vae.sweeps.folders import Sweep, list_sweeps

# As high as a finger is wide.
_TOUCH = """<style>
@media (max-width: 640px) {
  [data-testid="stMain"] :is([data-testid="stButton"], [data-testid="stButtonGroup"]) button {
    min-height: 44px;
  }
}
</style>"""


def page() -> None:
    """The form, and the sweep that is watched: the newest unless another is chosen."""
    st.html(_TOUCH)
    sweeps, broken = list_sweeps()
    left, right = st.columns([3, 8], gap="large")
    with left:
        form()
    with right, st.container(key="sweeps-watch"):
        for problem in broken:
            st.error(plain(problem), icon=":material/error:")
        if sweeps:
            watch(_picked(sweeps))
        else:
            _nothing_yet()


def _picked(sweeps: list[Sweep]) -> Sweep:
    """The sweep that was chosen here or in the URL, else the newest."""
    by_name = {sweep.plan.study: sweep for sweep in sweeps}
    wanted = st.session_state.get(WATCHED) or st.query_params.get("sweep")
    name = wanted if wanted in by_name else next(iter(by_name))
    st.session_state[WATCHED] = st.session_state["sweeps picker"] = name
    if st.query_params.get("sweep") != name:
        st.query_params["sweep"] = name
    st.selectbox("Sweep to watch", list(by_name), key="sweeps picker", on_change=_take_picked)
    return by_name[name]


def _take_picked() -> None:
    st.session_state[WATCHED] = st.session_state["sweeps picker"]


def _nothing_yet() -> None:
    st.subheader("Nothing searched here yet")
    st.markdown(
        "A sweep trains a preset many times with other settings, to find good ones. Press "
        "**Start**: each trial appears here as it ends, and is a model that opens on every page. "
        "*Digits 8×8* with the preset *mlp-2d* takes about a second for each trial of two epochs."
    )
