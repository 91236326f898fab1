"""The Train page in words: objectives and states, durations, which images a number is of."""

from __future__ import annotations

from typing import Any

from vae.config import Objective, ObjectiveConfig
from vae.schedules import beta_at, capacity_at

OBJECTIVE_NAMES: dict[Objective, str] = {
    "elbo": "ELBO: VAE, β-VAE",
    "capacity": "ELBO, KL held at C",
    "beta-tcvae": "β-TCVAE",
    "wae-mmd": "WAE-MMD",
    "info-vae": "InfoVAE",
    "iwae": "IWAE: k samples",
    "aevb": "AEVB, weighted",
    "autoencoder": "Autoencoder: no KL",
}


def state_words(status: dict[str, Any]) -> str:
    """A run's state as it is called on screen."""
    # The file says what was asked for; the button that ends one at work says Stop.
    stopped = status["state"] == "cancelled" and not never_learned(status)
    return "stopped" if stopped else status["state"]


def never_learned(status: dict[str, Any]) -> bool:
    """Whether it was cancelled before its first step, such as while it waited its turn."""
    return status["state"] == "cancelled" and not status.get("epoch") and "copy_of" not in status


def no_numbers(ended: bool) -> str:
    """What stands in the place of numbers and curves before there are any."""
    return "it ended before the first numbers" if ended else "waiting for the first numbers"


def measured_on(split: str, images: str, ended: bool) -> str:
    """Which images the numbers are of: they change with the training's end, and look alike.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        images: the images in words, such as ``"300 test images"``; empty before any number.
        ended: whether the training has ended.
    """
    if not images and ended:
        return "Nothing was measured."
    if not images:
        return "Numbers come with the first points of the curves."
    if split == "test":
        return (
            f"**Final result**, on {images} that the model never saw. The curves are of training "
            "and validation images."
        )
    if ended:
        return f"The **last intermediate result**, on {images}: it ended before its final test."
    return f"**Intermediate result**, on {images}; the final one will be that of the test images."


def schedule_words(objective: ObjectiveConfig, epoch: float, epochs: int) -> str:
    """Where beta or the capacity stands at ``epoch`` of ``epochs``, if it moves; else nothing."""
    if objective.objective == "capacity":
        now, least = capacity_at(objective, epoch, epochs), objective.capacity_epochs or epochs
        return f"C is {now:.1f} nats now, and {objective.capacity:g} from epoch {least:g} on."
    read = objective.objective in ("elbo", "beta-tcvae", "aevb")
    if not read or not objective.beta_warmup:
        return ""
    now, least = beta_at(objective, epoch), objective.beta_warmup
    return f"β is {now:.3g} now, and {objective.beta:g} from epoch {least:g} on."


def queue_words(before: list[str]) -> str:
    """For whom a run waits."""
    if not before:
        return "next in the queue"
    others = f" and {len(before) - 2} more" if len(before) > 2 else ""
    return f"queued, {len(before)} before it: {', '.join(before[:2])}{others}"


def in_words(seconds: float) -> str:
    """A duration that is only estimated, as a person says it."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours"
