"""A model's card: how it was made and how good it is, from what its run folder says."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from vae.config import Config, ModelConfig
from vae.runs import Run


def command(name: str, config: Config) -> str:
    """The command line that trains this configuration again, every choice spelled out."""
    training = config.training
    options = {
        "dataset": training.dataset,
        "preset": config.preset,
        "latent-dim": config.model.latent_dim,
        "epochs": training.epochs,
        "batch-size": training.batch_size,
        "likelihood": config.model.likelihood,
        "lr": repr(training.lr),  # every digit: another rate makes other weights
        "lr-schedule": training.lr_schedule,
        "beta": repr(training.beta),
        "seed": training.seed,
        "device": training.device,
        "precision": training.precision,
    }
    spelled = " ".join(f"--{key} {value}" for key, value in options.items())
    return f"python -m vae train {name} {spelled}"


def duration(seconds: float) -> str:
    """A measured time as people say it: ``16 s``, ``35 min``, ``2.5 h``."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def moment(iso: str) -> str:
    """An ISO 8601 time as ``2026-11-20 13:36 UTC``; one without a zone is taken for UTC."""
    try:
        when = datetime.fromisoformat(iso)
        when = when.astimezone(UTC) if when.tzinfo else when
    except (ValueError, OverflowError):  # an imported status says what it likes
        return iso
    return f"{when:%Y-%m-%d %H:%M} UTC"


def architecture(model: ModelConfig) -> str:
    """The networks in words."""
    widths = "–".join(map(str, model.widths))
    if model.network == "conv":
        return f"convolutional, channels {widths}"
    if len(model.widths) == 1:
        return f"fully connected, one hidden layer of {widths}"
    return f"fully connected, hidden layers {widths}"


def model_card(run: Run) -> str:
    """The card as Markdown.

    Raises:
        VaeError: if the run is not finished or its files are damaged.
    """
    model, training, made = run.config.model, run.config.training, run.provenance
    height, width, channels = model.image_shape
    objective = "ELBO" if training.beta == 1 else f"ELBO with KL weighted by β = {training.beta:g}"
    lines = [
        f"# {run.name}",
        "",
        f"A variational autoencoder (preset `{run.config.preset}`) of `{training.dataset}`: "
        f"{height} × {width} × {channels} pixels, {model.latent_dim} latent dimensions; "
        f"{architecture(model)}; {model.likelihood.capitalize()} likelihood.",
        "",
        "```",
        # Its own name is taken by this very model.
        command(f"{run.name[:58]}-again", run.config),
        "```",
        "",
        "| what | value |",
        "|---|---|",
        f"| objective | {objective} |",
        f"| epochs | {_epochs(training.epochs, made)} |",
    ]
    if found := run.evaluation:
        pixels = math.prod(model.image_shape)
        reconstruction, kl = round(found["reconstruction"], 2), round(found["kl"], 2)
        lines += [
            f"| reconstruction, −log p(x∣z) | {_signed(reconstruction)} nats |",
            f"| KL(q(z∣x) ‖ p(z)) | {kl:.2f} nats |",
            # The sum of the rounded terms, as a reader adds them: off by 0.01 nats at most.
            f"| reconstruction + KL | **−ELBO {_signed(reconstruction + kl)} ± "
            f"{found['standard_error']:.2f} nats per image** ({found['n']:,} test images) |",
            f"| bits per pixel value | {found['bits_per_dimension']:.4f} ({pixels} values) |",
            f"| active units | {found['active_units']} of {found['latent_dim']} "
            "(variance of the posterior mean above 0.01) |",
        ]
    seconds, device = made.get("seconds"), made.get("device", "unknown device")
    finished = moment(made["finished"]) if "finished" in made else "not finished"
    lines.append(f"| trained | {finished}, on {device} |")
    if seconds is not None:
        lines.append(f"| time | {duration(seconds)} |")
    versions = ", ".join(f"{name} {v}" for name, v in made.get("versions", {}).items())
    lines += [f"| versions | {versions} |", ""]
    return "\n".join(lines)


def _epochs(configured: int, made: dict[str, Any]) -> str:
    """How many epochs the weights have seen, where it is not all of them."""
    done = made.get("epoch")
    if made.get("state") != "cancelled" or done is None:
        return str(configured)
    return f"{done:.1f} of {configured} (stopped)"


def _signed(nats: float) -> str:
    """Two decimals with a true minus: a density's −ELBO may be negative."""
    return f"{nats:.2f}".replace("-", "−")
