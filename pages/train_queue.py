"""Who trains and who waits, one line each, the same for everybody who has the page open."""

from __future__ import annotations

import math
import time
from threading import Lock
from typing import Any

import streamlit as st

from pages.look import plain
from pages.train_form import WATCHED
from pages.train_words import in_words, queue_words
from vae.queue import before
from vae.runs import Run, list_runs
from vae.status import ACTIVE

_PICKED = "train picked"  # the session's key: a run of the list was clicked just now
_ROWS = "train queue rows"  # and how many rows the list had when it was drawn last
_POLL_SECONDS = 2.0
_KEPT_SECONDS = 1.0  # one look at the folders serves all who have the page open

# The bars begin below one another, beside the longest name; on a phone below their names.
_STYLE = """<style>
.st-key-train-queue { display: grid; gap: 0.25rem 1rem; align-items: center;
  grid-template-columns: fit-content(45%) minmax(0, 1fr); }
.st-key-train-queue > *, .st-key-train-queue > * > .stHorizontalBlock { display: contents; }
.st-key-train-queue .stElementContainer { min-width: 0; width: auto; overflow-wrap: anywhere; }
.st-key-train-queue .stElementContainer:has(.stButton) { justify-self: start; }
@media (max-width: 640px) { .st-key-train-queue { grid-template-columns: minmax(0, 1fr); } }
</style>"""

Entry = tuple[Run, dict[str, Any]]  # a run and its status

_lock = Lock()
_seen: list[tuple[float, list[Entry]]] = []


def queue_list(watched: str) -> None:
    """The trainings at work and waiting; a click on one watches it. Looks again now and then."""
    st.fragment(_show, run_every=_POLL_SECONDS)(watched)


def now_known(entries: list[Entry]) -> list[Entry]:
    """Take over what somebody has just read of all runs; those at work and waiting, in order."""
    found = sorted((e for e in entries if e[1]["state"] in ACTIVE), key=_turn)
    with _lock:
        _seen[:] = [(time.monotonic(), found)]
    return found


def at_work() -> list[Entry]:
    """The runs at work and those that wait, in order, as they were in the last second."""
    with _lock:
        if _seen and time.monotonic() - _seen[0][0] < _KEPT_SECONDS:
            return _seen[0][1]
    return now_known([(run, run.status) for run in list_runs()[0] if not run.bundled])


def _turn(entry: Entry) -> tuple[bool, float, str]:
    """Those at work first, then by their place in the queue; one that just came is the last."""
    _, status = entry
    queued = status["state"] == "queued"
    place = status.get("waiting")
    return (
        queued,
        (math.inf if place is None else place) if queued else 0,
        status.get("started", ""),
    )


def _show(watched: str) -> None:
    if st.session_state.pop(_PICKED, False):
        st.rerun()  # the whole page: it watches another run
    found = at_work()
    st.html(_STYLE)
    rows, st.session_state[_ROWS] = st.session_state.get(_ROWS, 0), len(found)
    if not found:
        st.caption("Nothing is training now.")
        return
    with st.container(key="train-queue", gap="xxsmall"):
        for run, status in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    plain(run.name),
                    type="tertiary",
                    icon=":material/hourglass_empty:"
                    if status["state"] == "queued"
                    else ":material/model_training:",
                    help="Watch it",
                    disabled=run.name == watched,
                    on_click=_watch,
                    args=(run.name,),
                    key=f"train queue {run.name}",
                )
                st.progress(min(1.0, max(0.0, share(status))), line(run, status))
        # What ended leaves at once: the browser keeps rows that are not replaced to the run's end,
        # and the run below would for a moment be in two states.
        for _ in range(len(found), rows):
            st.empty()


def _watch(name: str) -> None:
    st.session_state[WATCHED] = name
    st.session_state[_PICKED] = True


def share(status: dict[str, Any]) -> float:
    """How much of a training is done, 0–1."""
    return float(status.get("progress") or 0.0)


def line(run: Run, status: dict[str, Any]) -> str:
    """How a run stands, in a few words."""
    epochs = run.config.training.epochs
    if status["state"] == "queued":
        if status.get("stage") == "starting":
            return "queued: its process starts"
        return queue_words(before(run.path))
    if "copy_of" in status:
        return f"codes of other images, {share(status):.0%}"
    epoch = status.get("epoch") or 0.0
    words = f"epoch {epoch:.1f} of {epochs}"
    if status.get("seconds_left") is not None:
        return f"{words} · {in_words(status['seconds_left'])} left"
    return f"{words} · {status.get('stage', 'starting')}"
