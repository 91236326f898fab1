"""Named systems that train by name. To add one, add a row; the command line and pages follow."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from vae.config import Config, ModelConfig, Objective, ObjectiveConfig, TrainingConfig
from vae.datasets.registry import DATASETS
from vae.errors import VaeError
from vae.options import READ_WITH, USED_BY


@dataclass(frozen=True)
class Preset:
    """A system: what differs from the defaults of ``vae.config``.

    Attributes:
        summary: one line for the page.
        settings: fields of the three configurations.
        steps: gradient steps below which it has hardly learned: small data sets get more epochs.
    """

    summary: str
    settings: dict[str, Any] = field(default_factory=dict)
    steps: int = 1000


def _mlp(*widths: int, latent_dim: int, **settings: Any) -> dict[str, Any]:
    return {"network": "mlp", "widths": widths, "latent_dim": latent_dim, **settings}


def _conv(*widths: int, latent_dim: int, **settings: Any) -> dict[str, Any]:
    return {"network": "conv", "widths": widths, "latent_dim": latent_dim, **settings}


PRESETS: dict[str, Preset] = {
    "conv-16": Preset(
        "Convolutional VAE, channels 32–64, 16 latent dimensions: the default.",
        _conv(32, 64, latent_dim=16),
    ),
    "conv-64px": Preset(
        "Convolutional VAE for 64 × 64 pixels, grey or colour: five stages, 32 latent dimensions.",
        _conv(32, 32, 64, 64, 128, latent_dim=32, batch_size=64),
    ),
    "mlp-400-20": Preset(
        "The first VAE of every course: one hidden layer of 400, 20 latent dimensions.",
        _mlp(400, latent_dim=20, init="normal-0.02", epochs=100),
    ),
    "mlp-512-256-64": Preset(
        "A deeper fully connected VAE: 512–256, 64 latent dimensions.",
        _mlp(512, 256, latent_dim=64),
    ),
    "mlp-2d": Preset(
        "Two latent dimensions, so the latent space can be drawn directly.",
        _mlp(256, latent_dim=2),
    ),
    "faces-100": Preset(
        "AEVB for faces: 100 latent dimensions, weights on the KL (β) and on −log q(z∣x) (γ).",
        _mlp(500, latent_dim=100, objective="aevb", epochs=100),
    ),
    "ae": Preset(
        "A plain autoencoder: one code for each image, no sampling, no KL.",
        _mlp(512, 256, latent_dim=32, likelihood="gaussian", objective="autoencoder"),
    ),
    "linear-ae": Preset(
        "A linear autoencoder: PCA, learned by gradient.",
        _mlp(
            latent_dim=10,
            likelihood="gaussian",
            objective="autoencoder",
            activation="linear",
            lr=1e-2,
            lr_schedule="cosine",
        ),
        # The last of the principal directions, which differ little in variance, come slowly.
        steps=8000,
    ),
    "sparse-ae": Preset(
        "An autoencoder whose codes are mostly zeros: an L1 price of weight λ on each number.",
        _mlp(
            512,
            latent_dim=64,
            likelihood="gaussian",
            objective="autoencoder",
            sparsity=1.0,
            # Without it the codes only shrink, and the decoder makes up for it.
            weight_decay=0.3,
        ),
    ),
    "denoising-ae": Preset(
        "An autoencoder that sees a noisy image and is to give back the clean one.",
        _mlp(
            512,
            latent_dim=64,
            likelihood="gaussian",
            objective="autoencoder",
            noise="gaussian",
            noise_level=0.5,
        ),
    ),
}

DEFAULT_PRESET = "conv-16"

# What an objective is usually begun with, where nobody says otherwise.
_STARTING: dict[Objective, dict[str, Any]] = {
    "capacity": {"gamma": 30.0},
    "beta-tcvae": {"beta": 6.0},
    "iwae": {"samples": 5},
}


def make_config(
    preset: str, dataset: str, image_shape: tuple[int, int, int], **chosen: Any
) -> Config:
    """A full configuration: a preset's defaults with the ``chosen`` fields on top.

    Without a choice of epochs, a small data set gets more of them than the preset says.

    Args:
        preset: a key of :data:`PRESETS`.
        dataset: the data set's name.
        image_shape: (H, W, C) of its images.
        chosen: any fields of ``ModelConfig``, ``ObjectiveConfig`` and ``TrainingConfig``; ``None``
            means the default.

    Raises:
        VaeError: for an unknown preset or field, a value out of bounds, or one that nothing would
            read.
    """
    if preset not in PRESETS:
        raise VaeError(f"Unknown preset {preset!r}; there are: {', '.join(PRESETS)}.")
    chosen = {name: value for name, value in chosen.items() if value is not None}
    usual = PRESETS[preset].settings.get("objective", ObjectiveConfig.objective)
    objective = chosen.get("objective", usual)
    _check_used(objective, chosen)
    point = {"posterior": "point" if objective == "autoencoder" else "gaussian"}
    settings = own_settings(preset, objective) | point | chosen
    settings |= {"dataset": dataset, "image_shape": image_shape}
    for name, (other, values) in READ_WITH.items():
        if settings.get(other, getattr(TrainingConfig, other)) not in values:
            if name in chosen:
                raise VaeError(
                    f"{name.replace('_', '-')} has no meaning without {other.replace('_', '-')} "
                    f"{' or '.join(values)}."
                )
            settings.pop(name, None)
    if "epochs" not in chosen:
        batch_size = settings.get("batch_size", TrainingConfig.batch_size)
        settings["epochs"] = sensible_epochs(preset, dataset, batch_size)

    def fill(kind: Any) -> Any:
        names = [field.name for field in fields(kind) if field.name in settings]
        return kind(**{name: settings.pop(name) for name in names})

    parts = {"model": ModelConfig, "objective": ObjectiveConfig, "training": TrainingConfig}
    filled = {name: fill(kind) for name, kind in parts.items()}
    if settings:
        raise VaeError(f"Unknown option {min(settings)!r} for a model or its training.")
    return Config(preset, **filled)


def own_settings(preset: str, objective: Objective) -> dict[str, Any]:
    """What a preset and an objective bring along, if it is read; nothing of an unknown preset."""
    settings = PRESETS[preset].settings if preset in PRESETS else {}
    read = {k: v for k, v in settings.items() if objective in USED_BY.get(k, (objective,))}
    return read | _STARTING.get(objective, {})


def sensible_epochs(preset: str, dataset: str, batch_size: int) -> int:
    """The preset's epochs, or more where a small data set would give it too few steps."""
    epochs = PRESETS[preset].settings.get("epochs", TrainingConfig.epochs)
    if dataset not in DATASETS:
        return epochs
    steps = math.ceil(DATASETS[dataset].sizes["train"] / max(1, batch_size))
    return max(epochs, 10 * round(PRESETS[preset].steps / steps / 10))


def _check_used(objective: Objective, chosen: dict[str, Any]) -> None:
    for name in chosen:
        if name in USED_BY and objective not in USED_BY[name]:
            raise VaeError(
                f"{name.replace('_', '-')} has no meaning for the objective {objective!r}, only "
                f"for {', '.join(USED_BY[name])}."
            )
