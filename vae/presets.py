"""Named systems that train by name. To add one, add a row; the command line and pages follow."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from vae.config import Config, Init, Likelihood, ModelConfig, Network, Schedule, TrainingConfig
from vae.errors import VaeError


@dataclass(frozen=True)
class Preset:
    """Defaults of a system; a data set gives the image shape, options override the rest."""

    summary: str
    network: Network
    widths: tuple[int, ...]
    latent_dim: int
    likelihood: Likelihood = "bernoulli"
    init: Init = "default"
    epochs: int = 20
    batch_size: int = 128
    lr: float = 1e-3
    lr_schedule: Schedule = "constant"
    beta: float = 1.0


PRESETS: dict[str, Preset] = {
    "conv-16": Preset(
        "Convolutional VAE, channels 32–64, 16 latent dimensions: the default.",
        network="conv",
        widths=(32, 64),
        latent_dim=16,
    ),
    "conv-64px": Preset(
        "Convolutional VAE for 64 × 64 pixels, grey or colour: five stages, 32 latent dimensions.",
        network="conv",
        widths=(32, 32, 64, 64, 128),
        latent_dim=32,
        batch_size=64,
    ),
    "mlp-400-20": Preset(
        "The first VAE of every course: one hidden layer of 400, 20 latent dimensions.",
        network="mlp",
        widths=(400,),
        latent_dim=20,
        init="normal-0.02",
        epochs=100,
    ),
    "mlp-512-256-64": Preset(
        "A deeper fully connected VAE: 512–256, 64 latent dimensions.",
        network="mlp",
        widths=(512, 256),
        latent_dim=64,
    ),
    "mlp-2d": Preset(
        "Two latent dimensions, so the latent space can be drawn directly.",
        network="mlp",
        widths=(256,),
        latent_dim=2,
    ),
}

DEFAULT_PRESET = "conv-16"


def make_config(
    preset: str, dataset: str, image_shape: tuple[int, int, int], **chosen: Any
) -> Config:
    """A full configuration: a preset's defaults with the ``chosen`` fields on top.

    Args:
        preset: a key of :data:`PRESETS`.
        dataset: the data set's name.
        image_shape: (H, W, C) of its images.
        chosen: any fields of ``ModelConfig`` and ``TrainingConfig``; ``None`` means the default.

    Raises:
        VaeError: for an unknown preset or field, or a value out of bounds.
    """
    if preset not in PRESETS:
        raise VaeError(f"Unknown preset {preset!r}; there are: {', '.join(PRESETS)}.")
    defaults = PRESETS[preset]
    chosen = {name: value for name, value in chosen.items() if value is not None}
    chosen |= {"dataset": dataset, "image_shape": image_shape}

    def fill(kind: Any) -> Any:
        values = {}
        for field in fields(kind):
            if field.name in chosen:
                values[field.name] = chosen.pop(field.name)
            elif hasattr(defaults, field.name):
                values[field.name] = getattr(defaults, field.name)
        return kind(**values)

    config = Config(preset, fill(ModelConfig), fill(TrainingConfig))
    if chosen:
        raise VaeError(f"Unknown option {min(chosen)!r} for a model or its training.")
    return config
