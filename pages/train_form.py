"""The form of the Train page: what to train, with a preset's defaults, and the button that does."""

from __future__ import annotations

import contextlib
import math
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import streamlit as st
import torch

from pages.download import download_widget
from pages.look import plain
from pages.train_choices import GROWING, fine_tuning, more_choices
from pages.train_data import warnings
from pages.train_fields import choice, number, put, value_of
from pages.train_words import OBJECTIVE_NAMES, in_words
from vae.card import command
from vae.config import Config, ModelConfig, Objective
from vae.datasets import DATASETS, is_available
from vae.errors import VaeError
from vae.jobs import start_training
from vae.model import VAE
from vae.options import OBJECTIVES, USED_BY
from vae.presets import DEFAULT_PRESET, PRESETS, make_config, sensible_epochs
from vae.runs import Run, check_name, pretrained_dir, runs_dir

WATCHED = "train watched"  # the session's key of the run that the page shows
STARTED = "train started"  # and of the one whose start was the last press of Train


def form(runs: list[Run]) -> None:
    """Choices and the Train button. A wrong one is answered in one sentence; none is lost.

    Args:
        runs: all models there are.
    """
    sets = list(DATASETS)
    dataset = choice("dataset", "Data set", sets, sets[0], words=_dataset_words)
    available = is_available(dataset)
    if not available:
        download_widget(dataset)
    preset = choice("preset", "Preset", list(PRESETS), DEFAULT_PRESET)
    st.caption(PRESETS[preset].summary)
    objective: Any = choice(
        "objective",
        "Objective",
        list(OBJECTIVES),
        _config(dataset, preset, {}).objective.objective,
        preset,
        OBJECTIVE_NAMES.__getitem__,  # type: ignore[arg-type]
        help="What is minimised.",
    )
    st.caption(OBJECTIVES[objective])
    chosen = _options(dataset, preset, objective, runs)
    name = _name(dataset, preset)
    config = problem = None
    try:
        check_name(name)
        config = _config(dataset, preset, chosen)
    except VaeError as error:
        problem = error
    pressed = st.button(
        "Train",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not available,
        key="train start",
        help=None if available else "Download the data set first.",
    )
    if pressed and config:
        try:
            start_training(name, config)
        except VaeError as error:
            problem = error
        else:
            st.session_state[WATCHED] = st.session_state[STARTED] = name
            st.session_state["train suggestions"].add(name)  # a typed one is taken now, too
            st.rerun()  # the next free name is suggested, and the new run is watched
    # Below the button, so that it stays where it is.
    if problem:
        st.error(plain(str(problem)), icon=":material/error:")
    if config:
        _notes(name, config, available, runs)


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
    # All that were ever suggested: a browser that has not heard of the newest sends an older one.
    suggested = st.session_state.setdefault("train suggestions", {""})
    if st.session_state.get("train name", "") in suggested:
        put("train name", suggestion)
    suggested.add(suggestion)
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


def _config(dataset: str, preset: str, chosen: dict[str, Any]) -> Config:
    return make_config(preset, dataset, DATASETS[dataset].image_shape, **chosen)


def _options(dataset: str, preset: str, objective: Objective, runs: list[Run]) -> dict[str, Any]:
    """What is chosen, right or wrong."""
    usual = _config(dataset, preset, {"objective": objective})
    defaults = asdict(usual.model) | asdict(usual.objective) | asdict(usual.training)
    batch = value_of("batch_size", defaults["batch_size"], preset)
    defaults["epochs"] = sensible_epochs(preset, dataset, batch)
    read = [name for name, objectives in USED_BY.items() if objective in objectives]
    chosen: dict[str, Any] = {"objective": objective}
    growing = [name for name in read if name in GROWING]
    # Two abreast, also on a phone, as each is a short number.
    with st.container(horizontal=True, key="train-numbers"):
        for field in ("latent_dim", "epochs", "lr"):
            more = _why_epochs(dataset, preset, batch) if field == "epochs" else ""
            chosen[field] = number(field, defaults[field], preset, more=more)
        for field in (name for name in read if name not in growing):
            chosen[field] = number(field, defaults[field], f"{preset} {objective}")
    with st.expander("More choices"):
        chosen |= more_choices(dataset, preset, objective, growing, defaults)
        config = None
        with contextlib.suppress(VaeError):  # told below the button
            config = _config(dataset, preset, chosen)
        return chosen | fine_tuning(config, preset, runs)


def _why_epochs(dataset: str, preset: str, batch: int) -> str:
    """Where the suggested number of epochs comes from."""
    own = PRESETS[preset].settings.get("epochs", 20)
    suggested = sensible_epochs(preset, dataset, batch)
    if suggested == own:
        return f"{own} is the preset's default."
    return (
        f"The preset's default is {own}. This data set is small, so {suggested} are suggested: "
        f"about {PRESETS[preset].steps:,} gradient steps, before which this one has hardly learned."
    )


def _notes(name: str, config: Config, available: bool, runs: list[Run]) -> None:
    """What is known before the training: its size, what speaks against it, its command line."""
    st.caption(_size(config, runs))
    if available:
        try:
            for sentence in warnings(config):
                st.caption(f":orange[:material/warning:] {plain(sentence)}")
        except VaeError as error:
            st.error(plain(str(error)), icon=":material/error:")
    st.caption("The same from a terminal:")
    st.code(command(name, config), language=None)


def _size(config: Config, runs: list[Run]) -> str:
    """Parameters, steps, and how long it takes, where a run of the same kind has shown that."""
    training = config.training
    count = DATASETS[training.dataset].sizes["train"]
    steps = math.ceil(count / training.batch_size)
    words = [
        f"{parameters(config.model):,} parameters",
        f"{training.epochs * steps:,} steps, {steps:,} an epoch",
    ]
    if found := _speed(config, runs):
        other, speed = found
        seconds = training.epochs * count / speed
        words.append(f"{in_words(seconds)} of training at the speed of {plain(other)}")
    return " · ".join(words)


@lru_cache(maxsize=64)
def parameters(model: ModelConfig) -> int:
    """How many numbers such a model learns."""
    with torch.device("meta"):  # nothing is allocated
        return sum(parameter.numel() for parameter in VAE(model).parameters())


def _speed(config: Config, runs: list[Run]) -> tuple[str, float] | None:
    """A run here that did the same work a step, and its images per second."""
    for run in runs:
        if not run.bundled and _work(run.config) == _work(config):
            speed = run.status.get("images_per_second")
            if speed:
                return run.name, speed
    return None


def _work(config: Config) -> tuple[Any, ...]:
    """What decides how long a step takes."""
    training, objective = config.training, config.objective
    moved = (bool(training.rotate or training.scale), training.flip, training.noise)
    where = (training.device, training.precision, training.freeze)
    kind = (objective.objective, objective.samples)
    return (config.model, training.dataset, training.batch_size, kind, moved, where)
