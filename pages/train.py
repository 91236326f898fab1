"""Train: choose at the left, watch a model learn at the right."""

from __future__ import annotations

import streamlit as st

from pages.train_fields import put_named
from pages.train_form import WATCHED, form
from pages.train_queue import Entry, now_known, queue_list
from pages.train_view import watch
from pages.train_words import state_words
from vae.runs import Run, list_runs
from vae.status import ACTIVE

# As high as a finger is wide.
_TOUCH = """<style>
@media (max-width: 640px) { [data-testid="stMain"] [data-testid="stButton"] button {
  min-height: 44px;
} }
</style>"""
# One column on a phone: what is being learned comes before the form.
_LIVE_FIRST = """<style>
@media (max-width: 640px) { [data-testid="stColumn"]:has(.st-key-train-watch) {
  order: -1; scroll-margin-top: 4rem;
} }
</style>"""


def page() -> None:
    """The form, and the run that is watched: the newest one at work unless another is chosen."""
    runs = list_runs()[0]
    entries = newest_first(runs)
    now_known(entries)
    chosen = watched(entries)
    if chosen is not None and chosen[1]["state"] in ACTIVE:
        st.session_state["train seen live"] = chosen[0].name
    # Also when it has ended: nothing jumps. In one element, or the columns would be others.
    live = chosen is not None and chosen[0].name == st.session_state.get("train seen live")
    st.html(_TOUCH + _LIVE_FIRST if live else _TOUCH)
    left, right = st.columns([3, 8], gap="large")
    with left:
        form(runs)
    with right, st.container(key="train-watch"):
        queue_list(chosen[0].name if chosen else "")
        if chosen is None:
            _nothing_yet()
        else:
            _picker(entries)
            watch(*chosen)


def newest_first(runs: list[Run]) -> list[Entry]:
    """Every run that is not bundled with its status, each read once: that takes a moment."""
    found = [(run, run.status) for run in runs if not run.bundled]
    return sorted(found, key=lambda entry: entry[1].get("started", ""), reverse=True)


def watched(entries: list[Entry]) -> Entry | None:
    """The run that was chosen here or in the URL, else the newest at work, else the newest."""
    by_name = {entry[0].name: entry for entry in entries}
    wanted = st.session_state.get(WATCHED) or st.query_params.get("run")
    at_work = (entry for entry in entries if entry[1]["state"] in ACTIVE)
    found = by_name.get(wanted or "") or next(at_work, None) or next(iter(entries), None)
    if found is not None:
        name = st.session_state[WATCHED] = found[0].name
        if st.query_params.get("run") != name:
            st.query_params["run"] = name
    return found


def _picker(entries: list[Entry]) -> None:
    """Which run to watch; keeps what was chosen while the person visits other pages."""
    states = {run.name: state_words(status) for run, status in entries}
    name = st.session_state[WATCHED]
    put_named("train picker", name, states[name])
    st.selectbox(
        "Training to watch",
        list(states),
        format_func=lambda name: f"{name} · {states[name]}",
        key="train picker",
        on_change=_take_picked,
    )


def _take_picked() -> None:
    st.session_state[WATCHED] = st.session_state["train picker"]


def _nothing_yet() -> None:
    st.subheader("Nothing trained here yet")
    st.markdown(
        "Press **Train**: the curves of its loss, its reconstructions and the images that it "
        "draws appear here while it learns. *Digits 8×8* needs no download and takes less than a "
        "minute on a laptop. The finished model opens on every page."
    )
