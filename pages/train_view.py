"""The live view of a run: how far it is, its curves, its pictures. Everything comes from its files.

So a reload, a second browser or a restarted server shows the same training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.components import mount
from pages.state import choose_model
from pages.train_figures import curves, picture_rows
from pages.train_form import STARTED
from pages.train_words import (
    empty_formula,
    explanation,
    formula,
    in_words,
    measured_on,
    no_numbers,
    state_words,
)
from vae.card import duration
from vae.errors import VaeError
from vae.files import load_npz
from vae.jobs import cancel_training, resume_training
from vae.runs import Run
from vae.status import ACTIVE, cancel_requested

POLL_SECONDS = 1.0
_LOG_LINES = 12
_BADGES = {
    "running": "blue",
    "paused": "orange",
    "done": "green",
    "cancelled": "orange",
    "failed": "red",
}


@dataclass(frozen=True)
class View:
    """What a run's files say at one moment.

    Attributes:
        rows: points of the curves (see :class:`vae.training.Progress`).
        epoch: the epoch of ``pictures``.
        pictures: originals, reconstructions and samples, (n, H, W, C) uint8 each; ``None`` before
            the first epoch's end.
        stopping: somebody asked it to stop.
    """

    run: Run
    status: dict[str, Any]
    rows: list[dict[str, Any]]
    epoch: int
    pictures: dict[str, np.ndarray] | None
    stopping: bool
    log: str

    @property
    def active(self) -> bool:
        return self.status["state"] in ACTIVE


def is_active(run: Run) -> bool:
    """Whether a process is at work on the run, or about to be."""
    return run.status["state"] in ACTIVE


def watch(run: Run) -> None:
    """Show a run; looks again every second while it is at work."""
    active = is_active(run)
    st.fragment(_watch, run_every=POLL_SECONDS if active else None)(run, active)


def read_view(run: Run) -> View:
    """Read all that is shown, before any of it is drawn.

    Raises:
        VaeError: if the folder is gone or a file in it is damaged.
    """
    if not run.path.is_dir():
        raise VaeError(f"The run {run.name!r} is no longer there: its folder was removed.")
    try:
        newest = max((run.path / "snapshots").glob("*.npz"), default=None)
        log = run.path / "log.txt"
        return View(
            run=run,
            status=run.status,
            rows=run.metrics(),
            epoch=int(newest.stem) if newest else 0,
            pictures=load_npz(newest) if newest else None,
            stopping=cancel_requested(run.path),
            log=log.read_text(encoding="utf-8", errors="replace") if log.is_file() else "",
        )
    except OSError as error:
        raise VaeError(f"Could not read the run {run.name!r}: {error.strerror}.") from error


def _watch(run: Run, polled: bool) -> None:
    try:
        view = read_view(run)
        if polled and not view.active:
            st.rerun()  # once more, the whole page: the result appears in every list
        _header(view)
        _progress(view)
        _problem(view)
        _numbers(view)
        _curves(view)
        _pictures(view)
        _explain(view)
    except VaeError as error:
        st.error(str(error), icon=":material/error:")


def _header(view: View) -> None:
    """State, configuration, and what can be done about it."""
    run, state = view.run, view.status["state"]
    training = run.config.training
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":{_BADGES.get(state, 'gray')}-badge[{state_words(state)}] {training.dataset} · "
            f"{run.config.preset} · {run.config.model.latent_dim} latent dimensions · "
            f"β\u00a0=\u00a0{training.beta:g} · {view.status.get('device', training.device)}",
            width="stretch",
        )
        if view.active:
            if st.button(
                "Stopping…" if view.stopping else "Stop",
                icon=":material/stop:",
                disabled=view.stopping or view.status.get("stage") == "starting",
                help="Ends the training and keeps what it has learned so far.",
                key="train stop",
            ):
                cancel_training(run)
                st.rerun(scope="fragment")
            return
        if state != "done" and st.button(
            "Resume",
            icon=":material/resume:",
            help=f"Goes on from its last checkpoint to epoch {training.epochs}.",
            key="train resume",
        ):
            resume_training(run)
            st.rerun()
        if run.ready and st.button(
            "Open in Explore", type="primary", icon=":material/tune:", key="train open"
        ):
            choose_model(run.name)
            st.switch_page(st.session_state["pages"]["explore"])


def _progress(view: View) -> None:
    status, epochs = view.status, view.run.config.training.epochs
    epoch = view.rows[-1]["epoch"] if view.rows else 0.0
    words = [f"epoch {epoch:.1f} of {epochs}"]
    if view.active and (stage := status.get("stage", "starting")) != "training":
        words.append(stage)
    if speed := status.get("images_per_second"):
        words.append(f"{speed:,} images/s")
    if view.active and status.get("seconds_left") is not None:
        words.append(f"{in_words(status['seconds_left'])} left")
    if not view.active and "seconds" in status:
        words.append(f"took {duration(status['seconds'])}")
    st.progress(min(1.0, epoch / epochs), " · ".join(words))


def _problem(view: View) -> None:
    """Why a run failed or broke off, with its last words."""
    if view.status["state"] != "failed":
        return
    st.error(view.status.get("error") or "The training failed.", icon=":material/error:")
    if lines := view.log.splitlines()[-_LOG_LINES:]:
        with st.expander("Its last words (log.txt)"):
            st.code("\n".join(lines), language=None, wrap_lines=True)


def _numbers(view: View) -> None:
    """The loss as the sum of its terms: test images at the end, validation images before."""
    reconstruction, kl, beta, split, images = _terms(view)
    if reconstruction is None or kl is None:
        st.latex(empty_formula(beta, no_numbers(ended=not view.active)))
    else:
        st.latex(formula(reconstruction, kl, beta, split))
    words = measured_on(split, images, ended=not view.active)
    st.caption(words, text_alignment="center")


def _terms(view: View) -> tuple[float | None, float | None, float, str, str]:
    """Reconstruction and KL in nats per image, the KL's weight, the split, and it in words."""
    ended = view.status["state"] in ("done", "cancelled")
    found = view.run.evaluation if ended else None
    if found:
        return found["reconstruction"], found["kl"], 1.0, "test", f"{found['n']:,} test images"
    beta = view.run.config.training.beta
    for split in ("validation", "train"):
        rows = [row for row in view.rows if row["split"] == split]
        if rows:
            return rows[-1]["reconstruction"], rows[-1]["kl"], beta, split, f"{split} images"
    return None, None, beta, "validation", ""


def _curves(view: View) -> None:
    # Not st.plotly_chart: it rebuilds its chart whenever the points change, and that flickers.
    epochs = view.run.config.training.epochs
    data = curves(view.rows, epochs, ended=not view.active)
    # The button that started it is at the bottom of a phone's page, and the view at its top.
    data["started"] = st.session_state.get(STARTED)
    mount("curves", key="train curves", data=data)


def _pictures(view: View) -> None:
    shape, found = view.run.config.model.image_shape, view.pictures or {}
    when = f"epoch {view.epoch if found else '–'}"
    samples = found.get("samples")
    left, right = st.columns(2)
    with left:
        st.markdown(f"**Originals above their reconstructions**, {when}")
        rows = [(words[:-1], found.get(words)) for words in ("originals", "reconstructions")]
        st.html(picture_rows(rows, shape))
    with right:
        st.markdown(rf"**New images** from fixed $z \sim \mathcal{{N}}(0, I)$, {when}")
        halves = (None, None) if samples is None else (samples[:8], samples[8:])
        st.html(picture_rows([("sample", half) for half in halves], shape))


def _explain(view: View) -> None:
    reconstruction, kl, _, _, images = _terms(view)
    numbers = "" if kl is None else f" Now, on {images}: {reconstruction:.1f} and {kl:.1f} nats."
    config = view.run.config
    with st.expander("What the numbers mean, and what to look for"):
        pixels = math.prod(config.model.image_shape)
        st.markdown(explanation(pixels, config.training.beta, numbers))
