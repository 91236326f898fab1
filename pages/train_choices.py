"""The further choices of the Train page's form, in folded groups: each says what it does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_args

import streamlit as st

from pages.train_data import spoiled
from pages.train_fields import choice, number, switch
from pages.train_figures import COLUMNS, picture_rows
from vae.config import Config, Device
from vae.datasets import DATASETS, is_available
from vae.devices import resolve_device
from vae.errors import VaeError
from vae.fine_tuning import check_start
from vae.options import CORRUPTIONS, FREEZES, HELP, LIKELIHOODS, PRECISIONS, SCHEDULES
from vae.runs import Run

_LIKELIHOOD_NAMES = {"bernoulli": "Bernoulli (BCE)", "gaussian": "Gaussian (MSE)"}
_SCHEDULE_NAMES = {"constant": "constant", "cosine": "cosine", "plateau": "on plateau"}
_FREEZE_NAMES = {"none": "nothing", "encoder": "the encoder", "decoder": "the decoder"}


# Of an objective, but how its weights grow: that is seldom asked for.
GROWING = ("beta_warmup", "capacity_epochs")


def more_choices(
    dataset: str, preset: str, objective: str, growing: list[str], defaults: dict[str, Any]
) -> dict[str, Any]:
    """All but what to start from.

    Args:
        growing: those of :data:`GROWING` that the objective reads.
        defaults: the fields' values where nobody changes them.
    """
    chosen: dict[str, Any] = {}
    with st.expander("Likelihood"):
        chosen["likelihood"] = _explained(
            "likelihood",
            "Likelihood",
            LIKELIHOODS,
            defaults["likelihood"],
            preset,
            _LIKELIHOOD_NAMES.__getitem__,
        )
    with st.expander("Schedule and steps"):
        chosen |= _steps(preset, defaults)
        for field in growing:
            chosen[field] = number(field, defaults[field], f"{preset} {objective}")
    with st.expander("Augmentation"):
        st.caption("Training images are moved at random, anew in each epoch; 0 for not at all.")
        left, right = st.columns(2)
        with left:
            chosen["rotate"] = number("rotate", defaults["rotate"], preset)
        with right:
            chosen["scale"] = number("scale", defaults["scale"], preset)
        chosen["flip"] = switch("flip", "Mirror half of them", defaults["flip"], preset)
    with st.expander("Denoising"):
        chosen |= _denoising(dataset, preset, defaults)
    with st.expander("Seed, device, precision"):
        chosen |= _machine(preset, defaults)
    return chosen


def fine_tuning(config: Config | None, preset: str, runs: list[Run]) -> dict[str, Any]:
    """What to start from, and what of it to keep.

    Args:
        config: the choices so far, whose networks a model must have; ``None`` if they are wrong.
        runs: all models there are.
    """
    with st.expander("Fine-tuning"):
        names = _beginnings(config, runs) if config else []
        start = choice(
            "start_from",
            "Start from",
            ["", *names],
            "",
            preset,
            lambda name: name or "fresh weights",
            help=HELP["start_from"],
        )
        if names:
            st.caption("Listed are the models whose networks are those chosen here.")
        else:
            st.caption("No model has the networks chosen here: preset, latent and image size.")
        freeze = _explained(
            "freeze",
            "Keep as it is",
            FREEZES,
            "none",
            preset,
            _FREEZE_NAMES.__getitem__,
            disabled=not start,
        )
    return {"start_from": start, "freeze": freeze} if start else {}


def _explained(
    field: str,
    label: str,
    meanings: Mapping[Any, str],
    default: str,
    preset: str,
    words: Callable[[str], str] = str,
    disabled: bool = False,
) -> str:
    """A choice between the keys of ``meanings``, and below it what the chosen one does."""
    more = {"help": HELP[field], "disabled": disabled}
    found = choice(field, label, list(meanings), default, preset, words, **more)
    st.caption(meanings[found])
    return found


def _steps(preset: str, defaults: dict[str, Any]) -> dict[str, Any]:
    schedule = _explained(
        "lr_schedule",
        "Schedule of the learning rate",
        SCHEDULES,
        defaults["lr_schedule"],
        preset,
        _SCHEDULE_NAMES.__getitem__,
    )
    left, right = st.columns(2)
    with left:
        plateau = schedule == "plateau"
        patience = number("lr_patience", defaults["lr_patience"], preset, disabled=not plateau)
        decay = number("weight_decay", defaults["weight_decay"], preset)
    with right:
        batch = number("batch_size", defaults["batch_size"], preset)
        clip = number("clip_norm", defaults["clip_norm"], preset)
    chosen = {"lr_schedule": schedule, "batch_size": batch, "weight_decay": decay}
    return chosen | {"clip_norm": clip} | ({"lr_patience": patience} if plateau else {})


def _denoising(dataset: str, preset: str, defaults: dict[str, Any]) -> dict[str, Any]:
    noise = _explained("noise", "Noise", CORRUPTIONS, defaults["noise"], preset)
    spoils = noise != "none"
    level = number("noise_level", defaults["noise_level"], preset, disabled=not spoils)
    if not spoils:
        return {"noise": noise}
    if is_available(dataset) and 0 <= level <= 1:
        with contextlib.suppress(VaeError):  # a damaged data set: told below the button
            clean, noisy = spoiled(dataset, noise, level, COLUMNS)  # type: ignore[arg-type]
            rows = [("clean", clean), ("spoiled", noisy)]
            st.html(picture_rows(rows, DATASETS[dataset].image_shape))
    return {"noise": noise, "noise_level": level}


def _machine(preset: str, defaults: dict[str, Any]) -> dict[str, Any]:
    seed = number("seed", defaults["seed"], preset)
    device = choice(
        "device",
        "Device",
        [name for name in get_args(Device) if _is_here(name)],
        defaults["device"],
        preset,
        lambda name: f"auto: {resolve_device(name)}" if name == "auto" else name,
        help=HELP["device"],
    )
    precision = _explained("precision", "Precision", PRECISIONS, defaults["precision"], preset)
    return {"seed": seed, "device": device, "precision": precision}


def _beginnings(config: Config, runs: list[Run]) -> list[str]:
    """The models that a training of this configuration may start from."""
    names = []
    for run in runs:
        training = replace(config.training, start_from=run.name)
        with contextlib.suppress(VaeError):  # another shape, or not ready
            check_start(replace(config, training=training))
            names.append(run.name)
    return names


def _is_here(device: str) -> bool:
    try:
        resolve_device(device)
    except VaeError:
        return False
    return True
