"""Train: choose at the left, watch a model learn at the right."""

from __future__ import annotations

import streamlit as st

from pages.train_form import WATCHED, form
from pages.train_view import is_active, watch
from pages.train_words import state_words
from vae.runs import Run, list_runs

# One column on a phone: what is being learned comes before the form.
_LIVE_FIRST = """<style>
@media (max-width: 640px) { [data-testid="stColumn"]:has(.st-key-train-watch) {
  order: -1; scroll-margin-top: 4rem;
} }
</style>"""


def page() -> None:
    """The form, and the run that is watched: the newest one at work unless another is chosen."""
    runs = trained_runs()
    run = watched_run(runs)
    if run is not None and is_active(run):
        st.session_state["train seen live"] = run.name
    if run is not None and run.name == st.session_state.get("train seen live"):
        st.html(_LIVE_FIRST)  # also when it has ended: nothing jumps
    left, right = st.columns([3, 8], gap="large")
    with left:
        form()
    with right, st.container(key="train-watch"):
        if run is None:
            _nothing_yet()
        else:
            _picker(runs)
            watch(run)


def trained_runs() -> list[Run]:
    """Every run that is not bundled, the newest first."""
    runs = [(run.status.get("started", ""), run) for run in list_runs()[0] if not run.bundled]
    return [run for _, run in sorted(runs, key=lambda pair: pair[0], reverse=True)]


def watched_run(runs: list[Run]) -> Run | None:
    """The run that was chosen here or in the URL, else the newest at work, else the newest."""
    by_name = {run.name: run for run in runs}
    wanted = st.session_state.get(WATCHED) or st.query_params.get("run")
    run = by_name.get(wanted or "") or next(filter(is_active, runs), None) or next(iter(runs), None)
    if run is not None:
        st.session_state[WATCHED] = run.name
        if st.query_params.get("run") != run.name:
            st.query_params["run"] = run.name
    return run


def _picker(runs: list[Run]) -> None:
    """Which run to watch; keeps what was chosen while the person visits other pages."""
    states = {run.name: state_words(run.status["state"]) for run in runs}
    st.session_state["train picker"] = st.session_state[WATCHED]
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
