"""Which processor computes, chosen by name."""

from __future__ import annotations

import ctypes
import sys
from itertools import pairwise

import torch

from vae.config import Config
from vae.errors import VaeError

# Multiply-adds of a training step below which a second thread waits more than it computes.
_ONE_THREAD_BELOW = 1e9
# For the C library's mallopt: names of its settings, and values of bytes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_AT_MOST, _LARGEST_KEPT = 1 << 28, 1 << 25


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
    """Train a small model on one CPU thread, a larger one on all cores but one: that one is for
    those who look on.

    Threads that meet every few milliseconds lose more than they share as soon as anything else
    runs: oneDNN's spin while they wait (a step of ``conv-16`` in bfloat16 on both of two busy cores
    took ten times as long as on one). Depends on the configuration and the machine alone: the
    number of threads decides the last bits of the weights, and the same command must give the same.
    """
    threads = torch.get_num_threads() - 1
    if _products(config) < _ONE_THREAD_BELOW or threads < 1:
        threads = 1
    torch.set_num_threads(threads)


def _products(config: Config) -> int:
    """Multiply-adds of a training step, nearly: encoder and decoder, forward and twice backward."""
    model = config.model
    height, width, channels = model.image_shape
    if model.network == "mlp":
        sizes = (height * width * channels, *model.widths, model.latent_dim)
        products = sum(a * b for a, b in pairwise(sizes))
    else:
        stages = enumerate(pairwise((channels, *model.widths)), start=1)
        # a kernel of 4 × 4, and half as many rows and columns after each stage
        products = sum(16 * a * b * (height * width >> 2 * stage) for stage, (a, b) in stages)
    return 2 * 3 * products * config.training.batch_size


def keep_freed_memory() -> None:
    """Have the C library keep what is freed, rather than give it back and ask for it anew.

    The kernel fills each page that it hands out with zeros: in a training step of a small
    convolutional VAE a quarter of the time (measured). For glibc; others are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # musl has none
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_AT_MOST)
