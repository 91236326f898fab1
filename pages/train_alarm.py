"""The warning that a posterior has collapsed: what is seen, the likely cause, what helps."""

from __future__ import annotations

import streamlit as st

from pages.look import plain
from pages.train_form import STARTED, WATCHED
from pages.train_reading import View
from vae.alarms import Finding, collapse, remedied
from vae.datasets import DATASETS
from vae.errors import VaeError
from vae.jobs import start_training
from vae.runs import Run, pretrained_dir, runs_dir

_REFUSED = "train again refused"


def alarm(view: View) -> None:
    """One warning, if there is reason for it, and a button that trains again with the remedy."""
    config = view.run.config
    info = DATASETS.get(config.training.dataset)
    found = collapse(config, view.rows, info.sizes["train"]) if info else None
    if found is None:
        return
    with st.container(border=True, key="train-alarm"):
        st.markdown(
            f":orange[:material/warning:] **The posterior has collapsed.** {plain(found.seen)}\n\n"
            f"**Likely cause:** {plain(found.why)}\n\n**What helps:** {plain(found.remedy)}"
        )
        if found.changes:
            st.button(
                f"Train again with {found.changed}",
                icon=":material/replay:",
                on_click=_again,
                args=(view.run, found),
                key="train again",
                help="As a run of its own, everything else as it was.",
            )
        if words := st.session_state.pop(_REFUSED, None):
            st.error(plain(words), icon=":material/error:")


def next_name(name: str) -> str:
    """A free name for the run that mends another, such as ``mine-again-1``."""
    base, number = name.partition("-again-")[0][:50], 1
    parents = (runs_dir(), pretrained_dir())
    while any((parent / f"{base}-again-{number}").exists() for parent in parents):
        number += 1
    return f"{base}-again-{number}"


def _again(run: Run, found: Finding) -> None:
    name = next_name(run.name)
    try:
        start_training(name, remedied(run.config, found))
    except VaeError as error:
        st.session_state[_REFUSED] = str(error)
    else:
        st.session_state[WATCHED] = st.session_state[STARTED] = name
