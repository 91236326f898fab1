"""Step by step: a VAE learns a batch at a time, stage after stage, each with its real tensors."""

from __future__ import annotations

import streamlit as st

from pages.look import plain
from pages.steps_figures import bars_html, batch_html
from pages.steps_words import STAGES, formula, said
from vae.datasets import DATASETS, is_available, load
from vae.errors import VaeError
from vae.presets import PRESETS, make_config
from vae.stepping import Walk, WalkedStep

_PRESETS = ("mlp-2d", "mlp-400-20", "conv-16")
_LARGEST_SIDE = 32  # a step is made while its button is pressed: it must take milliseconds
_IMAGES = 5000  # everybody who has the page open holds these
_LEAP = 20
_STATE = "steps"  # of the session: the choice, the walk, its last step, the stage


def page() -> None:
    """Choose what learns; then stage by stage."""
    chosen = _choose()
    if st.session_state.get(_STATE, {}).get("chosen") != chosen:
        _start(*chosen)
    _shown()


def _choose() -> tuple[str, str, float, float]:
    """Data set, preset, β and learning rate."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [
            name
            for name, info in DATASETS.items()
            if max(info.image_shape[:2]) <= _LARGEST_SIDE and is_available(name)
        ]
        dataset = st.selectbox("Data set", names, key="steps dataset", width=180)
        preset = st.selectbox(
            "Preset",
            _PRESETS,
            key="steps preset",
            width=180,
            help="\n\n".join(f"**{name}**: {PRESETS[name].summary}" for name in _PRESETS),
        )
        beta = st.number_input("β", 0.0, 100.0, 1.0, 0.5, key="steps beta", width=150)
        rate = st.number_input(
            "Learning rate", 1e-5, 0.1, 0.001, 0.001, format="%.4f", key="steps rate", width=170
        )
    return dataset, preset, float(beta), float(rate)


def _start(dataset: str, preset: str, beta: float, rate: float) -> None:
    """A fresh model, and its first step."""
    shape = DATASETS[dataset].image_shape
    config = make_config(preset, dataset, shape, beta=beta, lr=rate, device="cpu", precision="fp32")
    walk = Walk(config, load(dataset, "train").images[:_IMAGES])
    st.session_state[_STATE] = {
        "chosen": (dataset, preset, beta, rate),
        "walk": walk,
        "step": walk.advance(),
        "stage": 0,
    }


def _go(batches: int = 0) -> None:
    """To the next stage; behind the last one, or where ``batches`` says so, to a next batch."""
    kept = st.session_state[_STATE]
    if not batches and kept["stage"] < len(STAGES) - 1:
        kept["stage"] += 1
        return
    try:
        for _ in range(max(1, batches)):
            kept["step"] = kept["walk"].advance()
        kept["stage"] = 0
    except VaeError as error:
        kept["error"] = str(error)


@st.fragment
def _shown() -> None:
    kept = st.session_state[_STATE]
    with st.container(horizontal=True, vertical_alignment="center"):
        last = kept["stage"] == len(STAGES) - 1
        st.button(
            "Next batch" if last else f"Next: {STAGES[kept['stage'] + 1].lower()}",
            type="primary",
            icon=":material/skip_next:",
            on_click=_go,
            key="steps next",
            shortcut="Right",
        )
        st.button(
            f"{_LEAP} batches",
            icon=":material/fast_forward:",
            on_click=_go,
            args=(_LEAP,),
            key="steps leap",
            help=f"{_LEAP} whole steps, then the first stage of the last one.",
        )
        st.button(
            "Start again",
            icon=":material/restart_alt:",
            on_click=_start,
            args=kept["chosen"],
            key="steps again",
        )
        step: WalkedStep = kept["step"]
        st.markdown(f"**Step {step.number:,}** · epoch {step.epoch} · batch of {step.batch} images")
    if "error" in kept:
        st.error(plain(kept["error"]), icon=":material/error:")
    _stage(step, kept["stage"])


def _stage(step: WalkedStep, stage: int) -> None:
    """The batch as far as it has come, and beside it this stage in words and numbers."""
    names = [f":blue-badge[{name}]" if i == stage else name for i, name in enumerate(STAGES)]
    st.markdown(" → ".join(names))
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.html(batch_html(step, stage))
        st.caption(
            "The first images of the batch; numbers in nats, the loss is the mean of all. "
            "Bars: one for each dimension, up is positive, the full height is 3."
        )
    with right, st.container(key="steps words"):
        st.markdown(f"#### {STAGES[stage]}")
        st.markdown(plain(said(stage)))
        st.latex(formula(step, stage))
        if stage == 4:
            st.html(bars_html(step.gradients, ""))
        elif stage == 5:
            st.html(bars_html({k: 100 * v for k, v in step.changes.items()}, " %"))
