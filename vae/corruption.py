"""Spoiled images for denoising: noise, pixels masked, salt and pepper (Vincent et al., 2010)."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from vae.config import Corruption


def corrupt(x: Tensor, kind: Corruption, level: float, generator: Generator | None) -> Tensor:
    """The images (N, C, H, W) in 0–1, spoiled; they stay in 0–1. ``"none"`` gives ``x`` itself.

    Args:
        kind: ``gaussian``: N(0, level²) is added to each value, then clipped to 0–1;
            ``masking``: each pixel is black with probability ``level``;
            ``salt-and-pepper``: each pixel is, with probability ``level``, black or white.
        level: standard deviation in pixel values, or probability.
        generator: of the random numbers, on the device of ``x``.
    """
    if kind == "none":
        return x
    if kind == "gaussian":
        return (x + level * torch.empty_like(x).normal_(generator=generator)).clamp_(0.0, 1.0)
    # one draw a pixel, shared by its channels
    draw = torch.empty_like(x[:, :1]).uniform_(generator=generator)
    if kind == "masking":
        return x * (draw >= level)
    spoiled = torch.where(draw < level / 2, 0.0, x)
    return torch.where(draw >= 1 - level / 2, 1.0, spoiled)
