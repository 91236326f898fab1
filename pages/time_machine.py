"""Time machine: a training replayed from its snapshots, each of which opens as a model."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from pages import background, state
from pages.components import mount
from pages.look import PALETTE, class_colour, plain
from vae.datasets import DATASETS
from vae.errors import VaeError
from vae.film import training_film
from vae.reopening import reopen
from vae.runs import Run, list_runs
from vae.status import ACTIVE
from vae.timeline import has_timeline, moments, read_shown

KEY, _CHOSEN, _OPENING = "timemachine", "time machine run", "time machine opening"
_POLL_SECONDS = 1.0


def page() -> None:
    """The run, its training under a scrubber, and what can be taken along."""
    runs = [run for run in list_runs()[0] if _may_have(run)]
    if not runs:
        st.info(NONE, icon=":material/history:")
        _to_train()
        return
    run = _choose({run.name: run for run in runs})
    if not has_timeline(run):
        st.fragment(_await, run_every=_POLL_SECONDS)(run)
        return
    result = mount(KEY, key=KEY, data=component_data(run), on_open_change=lambda: None)
    if result.open:
        _asked(run, result.open)
    _opening(run)
    st.download_button(
        "Download film (GIF)",
        partial(training_film, run, PALETTE),  # made when asked for
        f"{run.name}-training.gif",
        "image/gif",
        on_click="ignore",
        icon=":material/download:",
    )
    with st.expander("What is shown, and what is not"):
        st.markdown(_explanation(run))


def _to_train() -> None:
    if st.button("Open Train", icon=":material/model_training:"):
        st.switch_page(st.session_state["pages"]["train"])


def _may_have(run: Run) -> bool:
    """Whether there are snapshots, or will be: it is at work."""
    return has_timeline(run) or (not run.bundled and run.status["state"] in ACTIVE)


def _choose(runs: dict[str, Run]) -> Run:
    """The run to replay: the one chosen here or in the URL, else the model of the other pages, else
    the newest."""
    newest = max(runs.values(), key=lambda run: run.path.stat().st_mtime).name
    model = st.session_state.get("model", state.DEFAULT_MODEL)
    wanted = st.session_state.get(_CHOSEN) or st.query_params.get("run") or model
    name = wanted if wanted in runs else newest
    st.session_state[_CHOSEN] = st.session_state["time machine picker"] = name
    if st.query_params.get("run") != name:
        st.query_params["run"] = name
    with st.container(horizontal=True, vertical_alignment="center"):
        st.selectbox(
            "Training",
            list(runs),
            key="time machine picker",
            on_change=_take_picked,
            label_visibility="collapsed",
            width=320,
        )
        st.caption(plain(_about(runs[name], wanted)), width="content")
    return runs[name]


def _take_picked() -> None:
    st.session_state[_CHOSEN] = st.session_state["time machine picker"]


def _about(run: Run, wanted: str) -> str:
    training = run.config.training
    epochs = "1 epoch" if training.epochs == 1 else f"{training.epochs} epochs"
    words = f"{training.dataset} · {run.config.preset} · {epochs}"
    if wanted == run.name:
        return words
    return f"{words} · {wanted} has no snapshots: bundled and older models bring none."


def component_data(run: Run) -> dict[str, Any]:
    """What the browser needs beside the snapshots, which it fetches itself."""
    d, labels = run.config.model.latent_dim, read_shown(run).labels
    info = DATASETS.get(run.config.training.dataset)
    known = info.classes if info else ()
    return {
        "model": run.name,
        "trained": str(run.status.get("started")),
        "epochs": run.config.training.epochs,
        "classes": [
            {
                "label": label,
                "name": known[label] if label < len(known) else str(label),
                "colour": class_colour(label),
            }
            for label in sorted({int(label) for label in labels})
        ],
        "title": "Codes" if d <= 2 else "Codes, on an aligned map",
        "about": _MAP_WORDS["dimensions" if d <= 2 else "aligned"],
        "samples": "Decoded draws" if _is_point(run) else "New images",
        "waiting": "The first snapshot comes in a moment.",
    }


def _is_point(run: Run) -> bool:
    return run.config.model.posterior == "point"


def _await(run: Run) -> None:
    """A training that has just been started: nothing to see for a moment."""
    if has_timeline(run) or not _may_have(run):
        st.rerun()
    st.info(
        f"{plain(run.name)} waits or begins: its first snapshot comes before its first step.",
        icon=":material/hourglass_top:",
    )


def _asked(run: Run, sent: dict[str, Any]) -> None:
    """A moment is to be opened; sent perhaps just before another run was chosen."""
    if sent.get("model") == run.name and sent.get("images") in moments(run):
        st.session_state[_OPENING] = (run.name, int(sent["images"]))


def _opening(run: Run) -> None:
    """Make the model in the background; then Explore shows it."""
    name, images = st.session_state.get(_OPENING, ("", 0))
    if name != run.name:
        return
    key = ("moment", run.name, str(run.status.get("started")), images)
    found = background.job(key, partial(reopen, run, images))
    if not found.active and found.result is not None:
        del st.session_state[_OPENING]
        made = found.result.name
        background.forget(key)  # it may be deleted and wanted again
        state.choose_model(made)
        st.switch_page(st.session_state["pages"]["explore"])
    problem = None if found.active else found.problem
    if problem:
        del st.session_state[_OPENING]
        background.forget(key)
        raise VaeError(str(problem))
    background.instead(found, key, "Encoding the held-out images with the weights of this moment")


NONE = (
    "No training here has snapshots: the bundled models bring none. Train a model on the Train "
    "page (the digits take less than a minute), and its training can be replayed here, while it "
    "runs or later."
)
_MAP_WORDS = {
    "dimensions": "Codes of validation images: the two latent dimensions themselves",
    "aligned": "Codes of validation images on the principal axes of the last snapshot; "
    "each earlier one is turned to fit the next (orthogonal Procrustes)",
}


def _explanation(run: Run) -> str:
    n = len(read_shown(run).labels)
    d, point = run.config.model.latent_dim, _is_point(run)
    means = "" if point else " (posterior means)"
    numbers = "Reconstruction" if point else "Reconstruction and KL"
    measured = "" if point else ", with one draw of z"
    axes = (
        "The map shows the latent dimensions themselves, in their own units; nothing is turned."
        if d <= 2
        else f"The map shows {d} dimensions in two. The last snapshot lies on its two principal "
        "axes; each earlier one is projected and turned so that it fits its successor best "
        "(orthogonal Procrustes, no scaling). So points drift and do not jump, but the map hides "
        "what happens in the other directions."
    )
    return f"""
- **When.** A snapshot is taken before the first step, after steps 1, 2, 3, …, each about 25 % later
  than the one before, and at the end: learning is quick at first. The scrubber counts snapshots,
  so its first half is mostly the first epoch.
- **What.** Always the same originals, the same z for the new images, and the codes of the same
  {n:,} validation images{means}, coloured by class.
- {axes}
- **Between two snapshots** points move in straight lines: that is drawn, not measured. Pictures and
  numbers are always those of the nearest snapshot.
- **Numbers.** {numbers} of the originals: those of this very snapshot{measured}.
  The training loss is the mean over the images since the point of the curves before it.
- **Open in Explore** makes a model of the snapshot's weights, with codes of held-out images of its
  own. Of large models not all weights are kept, and an imported model brings none: then the
  nearest snapshot that has them is offered.
"""
