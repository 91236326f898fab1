"""Which processor computes, chosen by name."""

from __future__ import annotations

import torch

from vae.errors import VaeError


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
