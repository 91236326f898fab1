"""What can be done with a training: pause, resume, stop. The same buttons on every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from vae.errors import VaeError
from vae.jobs import cancel_training, pause_training, resume_training
from vae.runs import CHECKPOINT, Run
from vae.status import ACTIVE, cancel_requested
from vae.stops import pause_requested

_PROBLEM = "training problem"  # the session's last refused press: which run, and why


def controls(run: Run, status: dict[str, Any], key: str) -> None:
    """The buttons that fit the run's state, in the present container.

    Args:
        status: of the run, as it was read.
        key: under which the buttons are known; other places on a page need another.
    """
    state = status["state"]
    if run.bundled or state == "done":
        return
    if state in ACTIVE:
        _while_active(run, status, key)
        return
    if "copy_of" in status:  # nothing was ever learned in it
        return
    goes_on = (run.path / CHECKPOINT).is_file()
    epochs = run.config.training.epochs
    _button(
        "Resume",
        ":material/resume:",
        f"Goes on from its last checkpoint, at the very step, to epoch {epochs}."
        if goes_on
        else "Begins again: it has no checkpoint yet.",
        (resume_training, run),
        f"{key} resume",
    )
    if state in ("paused", "failed") and goes_on:
        _button(
            "Stop",
            ":material/stop:",
            "Ends the training; what its last checkpoint holds is kept as a model.",
            (cancel_training, run),
            f"{key} stop",
        )
    else:
        st.empty()  # the second button of the state before leaves at once


def problem(run: Run) -> None:
    """Why the last press was refused, if it was; told once."""
    name, words = st.session_state.get(_PROBLEM, ("", ""))
    if name == run.name:
        del st.session_state[_PROBLEM]
        st.error(words, icon=":material/error:")


def _while_active(run: Run, status: dict[str, Any], key: str) -> None:
    queued = status["state"] == "queued"
    stopping, pausing = cancel_requested(run.path), pause_requested(run.path)
    # Measuring what was learned is the end; it hears of nothing any more.
    ending = status.get("stage") == "evaluating"
    _button(
        "Pausing…" if pausing and not stopping else "Pause",
        ":material/pause:",
        "It leaves the queue; Resume lines it up again."
        if queued
        else "Writes a checkpoint and ends the process: memory and queue are free for others.",
        (pause_training, run),
        f"{key} pause",
        disabled=stopping or pausing or ending,
    )
    word, doing = ("Cancel", "Cancelling…") if queued else ("Stop", "Stopping…")
    _button(
        doing if stopping else word,
        ":material/close:" if queued else ":material/stop:",
        "It leaves the queue for good; what it has learned, if anything, is kept."
        if queued
        else "Ends the training and keeps what it has learned so far.",
        (cancel_training, run),
        f"{key} stop",
        disabled=stopping or ending,
    )


def _button(
    label: str,
    icon: str,
    words: str,
    does: tuple[Callable[[Run], None], Run],
    key: str,
    disabled: bool = False,
) -> None:
    """A button that does something with a run; ``words`` are its help."""
    st.button(label, icon=icon, help=words, disabled=disabled, on_click=_press, args=does, key=key)


def _press(action: Callable[[Run], None], run: Run) -> None:
    """Called before anything is drawn again: so no press is lost where a page that looks again each
    second is just being drawn.
    """
    try:
        action(run)
    except VaeError as error:
        st.session_state[_PROBLEM] = (run.name, str(error))
