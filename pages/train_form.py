"""The form of the Train page: what to train, with a preset's defaults, and the button that does."""

from __future__ import annotations

import math
from typing import Any, get_args

import streamlit as st

from pages.download import download_widget
from vae.config import Device, Precision, Schedule
from vae.datasets import DATASETS, is_available
from vae.devices import resolve_device
from vae.errors import VaeError
from vae.jobs import start_training
from vae.presets import DEFAULT_PRESET, PRESETS, Preset, make_config
from vae.runs import pretrained_dir, runs_dir

_SENSIBLE_STEPS = 1000  # gradient steps; after fewer, most presets draw only a blur
WATCHED = "train watched"  # the session's key of the run that the page shows
STARTED = "train started"  # and of the one whose start was the last press of Train


def form() -> None:
    """Choices and the Train button. A wrong one is answered in one sentence; none is lost."""
    dataset = st.selectbox(
        "Data set", list(DATASETS), format_func=_dataset_words, key="train dataset"
    )
    available = is_available(dataset)
    if not available:
        download_widget(dataset)
    presets = list(PRESETS)
    preset = st.selectbox(
        "Preset", presets, index=presets.index(DEFAULT_PRESET), key="train preset"
    )
    st.caption(PRESETS[preset].summary)
    options = _options(dataset, preset)
    name = _name(dataset, preset)
    pressed = st.button(
        "Train",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not available,
        key="train start",
        help=None if available else "Download the data set first.",
    )
    if pressed:
        try:
            config = make_config(preset, dataset, DATASETS[dataset].image_shape, **options)
            start_training(name, config)
        except VaeError as error:
            st.error(str(error), icon=":material/error:")
        else:
            st.session_state[WATCHED] = st.session_state[STARTED] = name
            st.rerun()  # the next free name is suggested, and the new run is watched


def free_name(dataset: str, preset: str) -> str:
    """A name that no run has yet, such as ``digits-mlp-2d-1``."""
    number = 1
    while any(
        (parent / f"{dataset}-{preset}-{number}").exists()
        for parent in (runs_dir(), pretrained_dir())
    ):
        number += 1
    return f"{dataset}-{preset}-{number}"


def _name(dataset: str, preset: str) -> str:
    """The name: a suggestion that follows the other choices until somebody types their own."""
    suggestion = free_name(dataset, preset)
    if st.session_state.get("train name", "") in ("", st.session_state.get("train suggestion")):
        st.session_state["train name"] = suggestion
    st.session_state["train suggestion"] = suggestion
    return st.text_input(
        "Name",
        key="train name",
        help="What the model is called in every list: letters, digits, '.', '_' and '-'.",
    )


def _dataset_words(name: str) -> str:
    info = DATASETS[name]
    if is_available(name):
        return f"{info.title} · {info.sizes['train']:,} images"
    return f"{info.title} · download of {info.download_megabytes} MB"


def sensible_epochs(dataset: str, preset: str) -> int:
    """The preset's epochs, or more where a small data set would give it too few steps."""
    steps = math.ceil(DATASETS[dataset].sizes["train"] / PRESETS[preset].batch_size)
    return max(PRESETS[preset].epochs, 10 * round(_SENSIBLE_STEPS / steps / 10))


def _why_epochs(dataset: str, preset: str) -> str:
    """Where the suggested number of epochs comes from."""
    own, suggested = PRESETS[preset].epochs, sensible_epochs(dataset, preset)
    if suggested == own:
        return f"{own} is the preset's default."
    return (
        f"The preset's default is {own}. This data set is small, so {suggested} are suggested: "
        f"about {_SENSIBLE_STEPS:,} gradient steps, before which most models draw only a blur."
    )


def _options(dataset: str, preset: str) -> dict[str, Any]:
    """The numbers and choices; a new preset brings its own defaults."""
    defaults = PRESETS[preset]
    chosen: dict[str, Any] = {}
    left, right = st.columns(2)
    epochs = sensible_epochs(dataset, preset)
    with left:
        chosen["latent_dim"] = st.number_input(
            "Latent size",
            value=defaults.latent_dim,
            key=f"train latent_dim {preset}",
            help="Numbers in a code z. Two can be drawn as a plane; more keep more of the image.",
        )
        chosen["epochs"] = st.number_input(
            "Epochs",
            value=epochs,
            key=f"train epochs {preset} {dataset}",
            help="How often every training image is seen. " + _why_epochs(dataset, preset),
        )
    with right:
        chosen["beta"] = st.number_input(
            "β",
            value=defaults.beta,
            step=0.5,
            format="%g",
            key=f"train beta {preset}",
            help="Weight of the KL term. 1 is the ELBO; more: a smoother latent space and "
            "blurrier images; 0: a plain autoencoder with noise.",
        )
        chosen["lr"] = st.number_input(
            "Learning rate",
            value=defaults.lr,
            step=0.0005,
            format="%g",
            key=f"train lr {preset}",
            help="Size of Adam's steps. Too large: the loss jumps about; too small: it crawls.",
        )
    with st.expander("More choices"):
        chosen |= _more_options(preset, defaults)
    return chosen


def _more_options(preset: str, defaults: Preset) -> dict[str, Any]:
    schedules = get_args(Schedule)
    return {
        "lr_schedule": st.selectbox(
            "Schedule of the learning rate",
            schedules,
            index=schedules.index(defaults.lr_schedule),
            key=f"train lr_schedule {preset}",
            help="Cosine lets it fall to 0 towards the end, which often gains the last nat.",
        ),
        "batch_size": st.number_input(
            "Batch size",
            value=defaults.batch_size,
            step=32,
            key=f"train batch_size {preset}",
            help="Images per gradient step. Larger is faster per image, with fewer steps.",
        ),
        "seed": st.number_input(
            "Seed",
            value=0,
            key=f"train seed {preset}",
            help="Where the random numbers start. Same seed, same choices: the same model.",
        ),
        "device": st.selectbox(
            "Device",
            [name for name in get_args(Device) if _is_here(name)],
            format_func=lambda name: f"auto: {resolve_device(name)}" if name == "auto" else name,
            key=f"train device {preset}",
            help="What computes: the processor (cpu) or a graphics card. Auto takes the fastest.",
        ),
        "precision": st.selectbox(
            "Precision",
            get_args(Precision),
            key=f"train precision {preset}",
            help="bf16 computes with shorter numbers: faster where the hardware knows them.",
        ),
    }


def _is_here(device: str) -> bool:
    try:
        resolve_device(device)
    except VaeError:
        return False
    return True
