"""What pages say of a model's dimensions: how much each tells, and on which scale codes are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def is_point(known: dict[str, Any]) -> bool:
    """Whether each code is a point, as in an autoencoder: no posterior, no KL.

    Here and below ``known`` is what :func:`vae.latent.statistics.facts` says of a model.
    """
    return known["posterior"] == "point"


def told(known: dict[str, Any]) -> np.ndarray:
    """How much each dimension says about an image, (d,): its mean KL in nats, or, where codes are
    points, their variance between images.
    """
    return np.array(known["variances"] if is_point(known) else known["kl"])


def in_order(known: dict[str, Any]) -> list[int]:
    """The dimensions, those that say most first."""
    return np.argsort(-told(known), kind="stable").tolist()


def option(known: dict[str, Any], j: int) -> str:
    """A dimension as it stands in a list: ``z3 (1.24 nats)``, ``z3 (variance 0.31)``."""
    amount = told(known)[j]
    return (
        f"z{j + 1} (variance {amount:.2g})" if is_point(known) else f"z{j + 1} ({amount:.2f} nats)"
    )


def for_browser(known: dict[str, Any]) -> dict[str, Any]:
    """The same for browser parts: numbers, in words, and what they are."""
    point, amounts = is_point(known), told(known).tolist()
    return {
        "values": amounts,
        "words": [f"var {v:.2g}" if point else f"{v:.2f} nats" for v in amounts],
        "title": (
            "Variance of this coordinate of the codes, between images"
            if point
            else "KL of this dimension, mean over images"
        ),
    }


def unit(known: dict[str, Any]) -> float:
    """The scale of codes, a power of ten that is at most 1: what a step of a slider is part of.

    The prior gives posteriors the scale 1. No prior holds point codes: their own spread counts.
    """
    spread = _spread(known)
    return 10.0 ** min(0, max(-6, math.floor(math.log10(spread))))


def small_step(known: dict[str, Any]) -> float:
    """How far a coordinate is moved to see what it changes: a quarter of what codes are spread."""
    return float(f"{0.25 * _spread(known):.1g}") if is_point(known) else 0.25


def _spread(known: dict[str, Any]) -> float:
    """The standard deviation of a coordinate: 1 under the prior, else root mean square."""
    spread = math.sqrt(np.mean(known["variances"]))
    return spread if is_point(known) and spread > 0 else 1.0


def decimals(known: dict[str, Any]) -> int:
    """With how many decimals a coordinate is written."""
    return 2 - round(math.log10(unit(known)))


def brief(amount: float) -> str:
    """A length or distance of codes in few digits, on whatever scale they are."""
    return f"{amount:.2f}" if amount >= 0.1 or amount == 0 else f"{amount:.2g}"
