"""Variational autoencoders: train, encode, decode, interpolate, evaluate. Knows no user interface.

Names are loaded when first used, so that ``import vae`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "VaeError": "vae.errors",
    "Config": "vae.config",
    "ModelConfig": "vae.config",
    "TrainingConfig": "vae.config",
    "PRESETS": "vae.presets",
    "make_config": "vae.presets",
    "VAE": "vae.model",
    "Trainer": "vae.training",
    "train_run": "vae.worker",
    "evaluate": "vae.evaluation",
    "find_run": "vae.runs",
    "list_runs": "vae.runs",
    "load_model": "vae.runs",
    "encode_pixels": "vae.inference",
    "decode_pixels": "vae.inference",
    "reconstruct": "vae.inference",
    "sample_prior": "vae.inference",
    "traverse": "vae.inference",
    "draw_codes": "vae.latent.sampling",
    "lerp": "vae.latent.paths",
    "slerp": "vae.latent.paths",
    "path": "vae.latent.paths",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vae' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
