"""Which processor computes, chosen by name."""

from __future__ import annotations

import math
from itertools import pairwise

import torch

from vae.config import Config
from vae.errors import VaeError

# Multiply-adds of a training step below which a second thread waits more than it computes.
_ONE_THREAD_BELOW = 100e6


def resolve_device(name: str) -> torch.device:
    """The device for ``auto`` (a GPU where there is one), ``cpu``, ``cuda`` or ``mps``.

    Raises:
        VaeError: for another name, or a device that this machine does not have.
    """
    has_cuda, has_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if has_cuda else "mps" if has_mps else "cpu")
    if name not in ("cpu", "cuda", "mps"):
        raise VaeError(f"Unknown device {name!r}; allowed are auto, cpu, cuda, mps.")
    if (name == "cuda" and not has_cuda) or (name == "mps" and not has_mps):
        raise VaeError(
            f"Device {name!r} was asked for, but PyTorch finds none here; use auto or cpu."
        )
    return torch.device(name)


def set_training_threads(config: Config) -> None:
    """Train a small model on one CPU thread. Depends on the configuration alone: the number of
    threads decides the last bits of the weights, and the same command must give the same ones.
    """
    model = config.model
    if model.network != "mlp":
        return
    sizes = (math.prod(model.image_shape), *model.widths, model.latent_dim)
    products = sum(a * b for a, b in pairwise(sizes))
    # encoder and decoder, each once forward and twice backward
    if 6 * products * config.training.batch_size < _ONE_THREAD_BELOW:
        torch.set_num_threads(1)
