"""The live view of a run: how far it is, its curves, its pictures. Everything comes from its files.

So a reload, a second browser or a restarted server shows the same training.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.components import mount
from pages.look import plain
from pages.point_words import NO_PRIOR
from pages.state import choose_model
from pages.train_alarm import alarm
from pages.train_controls import controls, problem
from pages.train_figures import curves, layout_style, picture_rows
from pages.train_form import STARTED
from pages.train_formulas import SYMBOLS, empty_formula, explanation, formula, loss_name
from pages.train_others import laid_over
from pages.train_pca import beside_pca
from pages.train_reading import View, read_view
from pages.train_words import (
    in_words,
    measured_on,
    never_learned,
    no_numbers,
    queue_words,
    schedule_words,
    state_words,
)
from vae.card import duration, objective_words
from vae.config import ObjectiveConfig
from vae.errors import VaeError
from vae.runs import Run
from vae.status import ACTIVE

POLL_SECONDS = 1.0
_LOG_LINES = 12
_BADGES = {
    "queued": "violet",
    "running": "blue",
    "paused": "orange",
    "done": "green",
    "cancelled": "orange",
    "failed": "red",
}


def watch(run: Run, status: dict[str, Any]) -> None:
    """Show a run; looks again every second while it is at work."""
    active = status["state"] in ACTIVE
    st.html(layout_style("train-curves", run))
    laid = laid_over(run)
    st.fragment(_watch, run_every=POLL_SECONDS if active else None)(run, status["state"], laid)


def _watch(run: Run, known: str, laid: list[tuple[Run, bool]]) -> None:
    try:
        view = read_view(run)
        if known != view.status["state"]:
            st.rerun()  # the whole page: the state is in every list, and decides whether to poll
        _header(view)
        _progress(view)
        _last_words(view)
        alarm(view)
        _numbers(view)
        _curves(view, laid)
        _pictures(view)
        if view.found and "pca" in view.found:
            beside_pca(view.found)
        _explain(view)
    except VaeError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _header(view: View) -> None:
    """State, configuration, and what can be done about it."""
    run, state = view.run, view.status["state"]
    training = run.config.training
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":{_BADGES[state]}-badge[{state_words(view.status)}] {plain(training.dataset)} · "
            f"{plain(run.config.preset)} · {run.config.model.latent_dim} latent dimensions · "
            f"{plain(objective_words(run.config.objective))} · "
            f"{plain(view.status.get('device', training.device))}",
            width="stretch",
        )
        controls(run, view.status, "train")
        opens = not view.active and run.ready
        if opens and st.button(
            "Open in Explore", type="primary", icon=":material/tune:", key="train open"
        ):
            choose_model(run.name)
            st.switch_page(st.session_state["pages"]["explore"])
    problem(run)


def _progress(view: View) -> None:
    status, epochs = view.status, view.run.config.training.epochs
    epoch = view.rows[-1]["epoch"] if view.rows else 0.0
    words = [f"epoch {epoch:.1f} of {epochs}"]
    if status["state"] == "queued":
        starting = status.get("stage") == "starting"
        words.append("its process starts" if starting else queue_words(view.waits_for))
    elif view.active and (stage := status.get("stage", "starting")) != "training":
        words.append(stage)
    if status["state"] != "queued" and (speed := status.get("images_per_second")):
        words.append(f"{speed:,} images/s")
    if view.active and status.get("seconds_left") is not None:
        words.append(f"{in_words(status['seconds_left'])} left")
    if never_learned(status):
        words = ["cancelled before it learned anything"]
    elif not view.active and "seconds" in status:
        words.append(f"took {duration(status['seconds'])}")
    st.progress(min(1.0, epoch / epochs), " · ".join(words))


def _last_words(view: View) -> None:
    """Why a run failed or broke off, with its last words."""
    if view.status["state"] != "failed":
        return
    error = view.status.get("error") or "The training failed."
    st.error(plain(error), icon=":material/error:")
    if lines := view.log.splitlines()[-_LOG_LINES:]:
        with st.expander("Its last words (log.txt)"):
            st.code("\n".join(lines), language=None, wrap_lines=True)


def _numbers(view: View) -> None:
    """The loss as the sum of its terms: test images at the end, validation images before."""
    config, found, row, more = view.run.config, view.found, view.last, ""
    if found and found["kl"] is None:
        st.latex(
            rf"\underbrace{{{found['reconstruction']:.1f}\text{{ nats}}}}_{{\text{{test }}"
            rf"{SYMBOLS['reconstruction']}}}"
        )
    elif found:
        st.latex(formula(ObjectiveConfig(), found, 0.0, r"\text{test }-\mathrm{ELBO}"))
        if loss_name(config.objective) != loss_name(ObjectiveConfig()):
            more = "Their loss is another sum: that of the objective."
    elif row:
        name = rf"\text{{{row['split']} }}{loss_name(config.objective)}"
        st.latex(formula(config.objective, row, row["epoch"], name))
        more = schedule_words(config.objective, row["epoch"], config.training.epochs)
    else:
        st.latex(empty_formula(config.objective, no_numbers(ended=not view.active)))
    split, images = _whose(view)
    words = measured_on(split, images, ended=not view.active)
    st.caption(f"{words} {more}", text_alignment="center")


def _whose(view: View) -> tuple[str, str]:
    """The split whose numbers are shown, and it in words."""
    if view.found:
        return "test", f"{view.found['n']:,} test images"
    if view.last:
        return view.last["split"], f"{view.last['split']} images"
    return "validation", ""


def _curves(view: View, laid: list[tuple[Run, bool]]) -> None:
    # Not st.plotly_chart: it rebuilds its chart whenever the points change, and that flickers.
    # Nor the points: the browser fetches those that are new, however many there are by now.
    data = curves(view.run, ended=not view.active, others=laid)
    # The button that started it is at the bottom of a phone's page, and the view at its top.
    data["started"] = st.session_state.get(STARTED)
    mount("curves", key="train curves", data=data)


def _pictures(view: View) -> None:
    config, found = view.run.config, view.pictures or {}
    when = f"epoch {view.epoch if found else '–'}"
    samples, denoises = found.get("samples"), config.training.noise != "none"
    names = (
        ["originals", "noisy", "reconstructions"] if denoises else ["originals", "reconstructions"]
    )
    left, right = st.columns(2)
    with left:
        st.markdown(
            f"**Clean, noisy, restored**, {when}"
            if denoises
            else f"**Originals above their reconstructions**, {when}"
        )
        rows = [(name.removesuffix("s"), found.get(name)) for name in names]
        st.html(picture_rows(rows, config.model.image_shape))
    with right:
        st.markdown(
            rf"**Decodes of draws** from $\mathcal{{N}}(0, I)$, {when}"
            if config.model.posterior == "point"
            else rf"**New images** from fixed $z \sim \mathcal{{N}}(0, I)$, {when}"
        )
        halves = (None, None) if samples is None else (samples[:8], samples[8:])
        st.html(picture_rows([("sample", half) for half in halves], config.model.image_shape))
        if config.model.posterior == "point":
            st.caption(NO_PRIOR)


def _explain(view: View) -> None:
    numbers, row = "", view.found or view.last
    if row:
        cost = "" if row.get("kl") is None else f" and {row['kl']:.1f}"
        numbers = f" Now, on {_whose(view)[1]}: {row['reconstruction']:.1f}{cost} nats."
    with st.expander("What the numbers mean, and what to look for"):
        st.markdown(explanation(view.run.config, numbers))
