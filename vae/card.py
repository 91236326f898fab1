"""A model's card: how it was made and how good it is, from what its run folder says."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from vae.config import Config, ModelConfig, ObjectiveConfig
from vae.options import HELP, USED_BY
from vae.runs import Run


_KINDS = {"gaussian": "A variational autoencoder", "point": "An autoencoder"}
_SYMBOLS = {
    "beta": "β",
    "gamma": "γ",
    "capacity": "C",
    "alpha": "α",
    "mmd_weight": "λ",
    "samples": "k",
    "sparsity": "λ",
}
# Spelled out also where they are the defaults of today.
_ALWAYS = set(
    "latent_dim epochs batch_size likelihood objective lr lr_schedule beta seed device "
    "precision".split()
)


def command(name: str, config: Config) -> str:
    """The command line that trains this configuration again, every choice spelled out."""
    options: dict[str, Any] = {"dataset": config.training.dataset, "preset": config.preset}
    kind = config.objective.objective
    for part in (config.model, config.objective, config.training):
        for field in fields(part):
            value, name = getattr(part, field.name), field.name
            read = kind in USED_BY.get(name, (kind,))
            if name in HELP and read and (name in _ALWAYS or value != field.default):
                # Numbers with every digit: another rate makes other weights.
                options[name.replace("_", "-")] = repr(value) if isinstance(value, float) else value
    spelled = " ".join(
        f"--{key}" if value is True else f"--{key} {value}" for key, value in options.items()
    )
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
    if model.activation == "linear":
        return "linear, without hidden layers" if not model.widths else f"linear, layers {widths}"
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
    lines = [
        f"# {run.name}",
        "",
        f"{_KINDS[model.posterior]} (preset `{run.config.preset}`) of `{training.dataset}`: "
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
        f"| objective | {objective_words(run.config.objective)} |",
        f"| epochs | {_epochs(training.epochs, made)} |",
    ]
    if found := run.evaluation:
        lines += _figures(found, math.prod(model.image_shape))
    seconds, device = made.get("seconds"), made.get("device", "unknown device")
    finished = moment(made["finished"]) if "finished" in made else "not finished"
    lines.append(f"| trained | {finished}, on {device} |")
    if seconds is not None:
        lines.append(f"| time | {duration(seconds)} |")
    versions = ", ".join(f"{name} {v}" for name, v in made.get("versions", {}).items())
    lines += [f"| versions | {versions} |", ""]
    return "\n".join(lines)


def _figures(found: dict[str, Any], pixels: int) -> list[str]:
    """The rows of the evaluation; without a KL where a code is a point."""
    reconstruction, error = round(found["reconstruction"], 2), found["standard_error"]
    rows = [f"| reconstruction, −log p(x∣z) | {_signed(reconstruction)} nats |"]
    if found["kl"] is None:
        rows = [
            f"| reconstruction, −log p(x∣z) | **{_signed(reconstruction)} ± {error:.2f} nats per "
            f"image** ({found['n']:,} test images) |"
        ]
    else:
        kl = round(found["kl"], 2)
        rows += [
            f"| KL(q(z∣x) ‖ p(z)) | {kl:.2f} nats |",
            # The sum of the rounded terms, as a reader adds them: off by 0.01 nats at most.
            f"| reconstruction + KL | **−ELBO {_signed(reconstruction + kl)} ± "
            f"{error:.2f} nats per image** ({found['n']:,} test images) |",
            f"| bits per pixel value | {found['bits_per_dimension']:.4f} ({pixels} values) |",
        ]
    mean = "code" if found["kl"] is None else "posterior mean"
    return [
        *rows,
        f"| active units | {found['active_units']} of {found['latent_dim']} "
        f"(variance of the {mean} above 0.01) |",
    ]


def objective_words(objective: ObjectiveConfig) -> str:
    """What was minimised, with its numbers."""
    kind = objective.objective
    if kind == "elbo":
        words = (
            "ELBO" if objective.beta == 1 else f"ELBO with KL weighted by β = {objective.beta:g}"
        )
    else:
        read = [n for n in _SYMBOLS if kind in USED_BY[n]]
        numbers = ", ".join(f"{_SYMBOLS[n]} = {getattr(objective, n):g}" for n in read)
        words = f"{kind}, {numbers}"
    if kind in USED_BY["beta_warmup"] and objective.beta_warmup:
        words += f", β from 0 over {objective.beta_warmup:g} epochs"
    return words


def _epochs(configured: int, made: dict[str, Any]) -> str:
    """How many epochs the weights have seen, where it is not all of them."""
    done = made.get("epoch")
    if made.get("state") != "cancelled" or done is None:
        return str(configured)
    return f"{done:.1f} of {configured} (stopped)"


def _signed(nats: float) -> str:
    """Two decimals with a true minus: a density's −ELBO may be negative."""
    return f"{nats:.2f}".replace("-", "−")
