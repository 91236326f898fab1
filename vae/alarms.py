"""The alarm of posterior collapse: a code that says nothing of its image; why, and what helps."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from vae.config import Config
from vae.schedules import capacity_at, term_weights

Cause = Literal["sum", "beta", "variance", "capacity", "warm-up", "learning rate"]

# All measured on runs of digits, MNIST and Fashion-MNIST (tests/test_alarms.py): where the code is
# to be used in the end, its KL rises by then; where it has collapsed, it stays a hundredth.
_STEPS, _WAY = (
    250,
    0.25,
)  # gradient steps, and steps × learning rate: how far a weight can have gone
_SILENT = 0.1  # nats an image
_NOTHING = 0.008  # nats, of which a change means nothing
_RISE = 1.25
_NEAR_PIXELS = 3.0  # the factor within which a β is taken for the number of pixels
_HIGH_RATE = 0.03  # of Adam: there a warm-up does not help


@dataclass(frozen=True)
class Finding:
    """A collapse: what is seen, the likely cause, the remedy, in sentences.

    Attributes:
        changes: fields of the objective or the training that the remedy sets.
        changed: the same in words, such as ``"β = 1"``.
    """

    cause: Cause
    seen: str
    why: str
    remedy: str
    changes: dict[str, float]
    changed: str


def collapse(config: Config, points: list[dict[str, Any]], size: int) -> Finding | None:
    """Whether the posterior has collapsed onto the prior, and the likely cause (Bowman et al.,
    2016; Lucas et al., 2019, "Don't blame the ELBO!").

    It waits for 250 gradient steps after any warm-up, and longer with a small learning rate: until
    then the KL of a model that will learn may be as low. A KL that rises is none. A model that
    lacks a warm-up may still find out of it after some 500 steps: then this is ``None`` again.

    Args:
        points: of the training curves so far (``metrics.jsonl``).
        size: images in the training set.

    Returns:
        ``None`` where all is well, where it is too early to say, and where codes are points.
    """
    if config.model.posterior == "point" or not _collapsed(config, points, size):
        return None
    last = next(row for row in reversed(points) if row["split"] == "validation")
    now = capacity_at(config.objective, last["epoch"], config.training.epochs)
    held = config.objective.objective == "capacity" and config.objective.gamma > 0
    if held and now < _SILENT < config.objective.capacity:
        return None  # as it is to be until C grows
    return _finding(config, last)


def remedied(config: Config, finding: Finding) -> Config:
    """The configuration with the finding's remedy."""
    fields = finding.changes
    objective = {name: value for name, value in fields.items() if hasattr(config.objective, name)}
    training = {name: value for name, value in fields.items() if name not in objective}
    return replace(
        config,
        objective=replace(config.objective, **objective),  # type: ignore[arg-type]
        training=replace(config.training, **training),  # type: ignore[arg-type]
    )


def _collapsed(config: Config, points: list[dict[str, Any]], size: int) -> bool:
    training = config.training
    steps = math.ceil(size / training.batch_size)  # of an epoch
    wait = max(_STEPS, _WAY / training.lr)
    settled = [
        row
        for row in points
        if row["split"] == "validation"
        and (row["epoch"] - config.objective.beta_warmup) * steps >= wait / 2
    ]
    if len(settled) < 2 or (settled[-1]["epoch"] - config.objective.beta_warmup) * steps < wait:
        return False
    before, recent = settled[: len(settled) // 2], settled[len(settled) // 2 :]
    silent = all(row.get("active_units", 0) == 0 and row["kl"] < _SILENT for row in recent)
    return silent and _mean_kl(recent) <= max(_NOTHING, _RISE * _mean_kl(before))


def _mean_kl(rows: list[dict[str, Any]]) -> float:
    return sum(row["kl"] for row in rows) / len(rows)


def _finding(config: Config, last: dict[str, Any]) -> Finding:
    objective, training, model = config.objective, config.training, config.model
    pixels, kind = math.prod(model.image_shape), objective.objective
    weights = term_weights(objective, last["epoch"])
    weight = weights.get("total_correlation", weights["kl"])
    seen = (
        f"After epoch {last['epoch']:g} the KL is {last['kl']:.2f} nats per image and none of "
        f"{model.latent_dim} latent dimensions is active: the code says nothing of the image, and "
        f"every reconstruction is the same mean image ({last['reconstruction']:.1f} nats)."
    )
    if kind == "capacity" and objective.gamma > 0 and objective.capacity <= _SILENT:
        return Finding(
            "capacity",
            seen,
            f"C ends at {objective.capacity:g} nats: the KL is held there, so no code may be used.",
            "Let C grow to as many nats as the code is to hold, for instance 25.",
            {"capacity": 25.0},
            "C = 25 nats",
        )
    symbol, one = ("1 − α", {"alpha": 0.0}) if kind == "info-vae" else ("β", {"beta": 1.0})
    if pixels / _NEAR_PIXELS <= weight <= pixels * _NEAR_PIXELS and weight > 1:
        return Finding(
            "sum",
            seen,
            f"The KL weighs {weight:g}, about as much as an image has pixel values ({pixels:,}). "
            "That is what comes of a mean in the place of a sum: code that averages the "
            "reconstruction over pixels, while the KL is summed, trains with this β.",
            "Sum the reconstruction over pixels, as is done here, and let β be near 1.",
            one,
            f"{'α = 0' if kind == 'info-vae' else 'β = 1'}",
        )
    if weight > 1:
        return Finding(
            "beta",
            seen,
            f"{symbol} is too high: with {weight:g} on each nat of the KL no code pays for itself.",
            f"Take a smaller {symbol}: 1 is the plain VAE, below 1 the code is used more.",
            one,
            f"{'α = 0' if kind == 'info-vae' else 'β = 1'}",
        )
    if model.likelihood == "gaussian":
        return Finding(
            "variance",
            seen,
            "The Gaussian likelihood has a variance of 1 for each pixel, far more than pixels from "
            f"0 to 1 differ: with the KL at {weight:g} all of the image counts as noise.",
            "A weight of the KL is that variance: take β = 0.05. Or the Bernoulli likelihood.",
            {"beta": 0.05} if kind in ("elbo", "aevb") else {},
            "β = 0.05",
        )
    warms = kind in ("elbo", "aevb", "beta-tcvae")
    if training.lr >= _HIGH_RATE or not warms or objective.beta_warmup > 0:
        rate = 1e-3 if training.lr > 1e-3 else training.lr / 3
        return Finding(
            "learning rate",
            seen,
            f"The learning rate of {training.lr:g} is too high: the first steps throw the encoder "
            "to where nothing leads back, and the KL does the rest.",
            f"Take a smaller learning rate: {rate:.2g}.",
            {"lr": rate},
            f"a learning rate of {rate:.2g}",
        )
    epochs = float(min(10, max(1, training.epochs // 3)))
    smaller = " A smaller learning rate helps, too." if training.lr > 2e-3 else ""
    return Finding(
        "warm-up",
        seen,
        "There is no warm-up: the KL was pressed to 0 before the decoder had learned to read the "
        "code, and an unread code never pays.",
        f"Let β grow from 0 over the first {epochs:g} epochs.{smaller}",
        {"beta_warmup": epochs},
        f"a β warm-up of {epochs:g} epochs",
    )
