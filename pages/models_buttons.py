"""The buttons of the Models page: open, export, go on training, delete."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages import state
from pages.train_controls import controls, problem
from pages.train_form import WATCHED
from vae.archive import export_run
from vae.errors import VaeError
from vae.runs import Run, delete_run
from vae.status import ACTIVE

# The session's keys of what the page tells once, after it was drawn again.
PROBLEM, NEWS = "models problem", "models news"


def buttons(run: Run, current: str) -> None:
    """Its name, and what can be done with it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {run.name}", width="content")
        if run.ready and st.button("Open in Explore", type="primary", icon=":material/tune:"):
            state.choose_model(run.name)
            st.switch_page(st.session_state["pages"]["explore"])
        if run.ready:
            st.download_button(
                "Export",
                partial(export_run, run),  # packed when asked for
                f"{run.name}.zip",
                "application/zip",
                on_click="ignore",
                icon=":material/download:",
                help="Configuration, weights, codes, figures and maps as one zip.",
            )
        controls(run, run.status, "models")
        if not run.bundled and current in ACTIVE:
            if st.button("Watch", icon=":material/model_training:", help="On the Train page"):
                st.session_state[WATCHED] = run.name
                st.switch_page(st.session_state["pages"]["train"])
        elif not run.bundled:
            delete_button(run.name)
    problem(run)


def delete_button(name: str) -> None:
    """Asks before anything is deleted."""
    if st.button("Delete…", icon=":material/delete:"):
        _confirm_delete(name)


@st.dialog("Delete a model")
def _confirm_delete(name: str) -> None:
    st.markdown(f"Delete **{name}** with its weights, codes and maps, for good?")
    with st.container(horizontal=True):
        sure = st.button(
            "Delete for good",
            type="primary",
            icon=":material/delete_forever:",
            on_click=_delete,
            args=(name,),
        )
        if st.button("Keep it") or sure:
            st.rerun()


def _delete(name: str) -> None:
    """Before the page is drawn again, so that the model is in no list any more."""
    try:
        delete_run(name)
    except VaeError as error:
        st.session_state[PROBLEM] = str(error)
        return
    if st.session_state.get("model") == name:
        del st.session_state["model"]
    st.session_state[NEWS] = f"{name} is deleted."
