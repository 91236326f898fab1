"""A model's card: how it was made and how good it is, from what its run folder says."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from vae.config import Config, ModelConfig, Objective, ObjectiveConfig
from vae.options import HELP, READ_WITH, USED_BY
from vae.presets import PRESETS, own_settings
from vae.runs import Run

_KINDS = {"gaussian": "A variational autoencoder", "point": "An autoencoder"}
_NAMES: dict[Objective, str] = {
    "capacity": "ELBO with the KL held at C",
    "beta-tcvae": "β-TCVAE",
    "wae-mmd": "WAE-MMD",
    "info-vae": "InfoVAE",
    "iwae": "IWAE",
    "aevb": "AEVB, weighted",
    "autoencoder": "reconstruction only",
}
_SYMBOLS = {
    "beta": "β",
    "gamma": "γ",
    "capacity": "C",
    "alpha": "α",
    "mmd_weight": "λ",
    "samples": "k",
    "sparsity": "λ",
}
# Spelled out also where they are the defaults of today, as is what the preset says itself.
_ALWAYS = set(
    "latent_dim epochs batch_size likelihood objective lr lr_schedule beta seed device "
    "precision".split()
)


def command(name: str, config: Config) -> str:
    """The command line that trains this configuration again, every choice spelled out."""
    options: dict[str, Any] = {"dataset": config.training.dataset, "preset": config.preset}
    kind = config.objective.objective
    always = _ALWAYS | set(own_settings(config.preset, kind))
    idle = {
        name
        for name, (other, values) in READ_WITH.items()
        if getattr(config.training, other) not in values
    }
    for part in (config.model, config.objective, config.training):
        for field in fields(part):
            value, option = getattr(part, field.name), field.name
            read = kind in USED_BY.get(option, (kind,)) and option not in idle
            if option in HELP and read and (option in always or value != field.default):
                options[option.replace("_", "-")] = value
    own = PRESETS[config.preset].settings if config.preset in PRESETS else {}
    if config.model.widths != own.get("widths", ()):
        options["widths"] = ",".join(map(str, config.model.widths))
    words = " ".join(_spelled(key, value) for key, value in options.items())
    return f"python -m vae train {name} {words}"


def _spelled(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{key}" if value else f"--no-{key}"
    # Numbers with every digit: another rate makes other weights.
    text = repr(value) if isinstance(value, float) else str(value)
    # argparse takes -1e-05 for an option, unless it is tied to its name.
    return f"--{key}={text}" if text.startswith("-") else f"--{key} {text}"


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
    if training.noise != "none":
        lines.append(
            f"| the encoder saw | {training.noise} noise of level {training.noise_level:g} |"
        )
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
    active = "variance of the posterior mean above 0.01"
    if found["kl"] is None:
        active = "variance of the code above 1 % of the largest"
    return [
        *rows,
        f"| active units | {found['active_units']} of {found['latent_dim']} ({active}) |",
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
        numbers = [f"{_SYMBOLS[n]} = {getattr(objective, n):g}" for n in read]
        words = ", ".join([_NAMES[kind], *numbers])
        if kind == "autoencoder":
            price = f" + {objective.sparsity:g} · Σ|z|"
            words = _NAMES[kind] if not objective.sparsity else f"reconstruction{price}"
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
