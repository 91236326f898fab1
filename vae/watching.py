"""What the encoder answers while the loss is computed, kept: no image is encoded twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from vae.latent.usage import usage
from vae.model import VAE


@contextmanager
def watched(model: VAE) -> Iterator[list[Tensor]]:
    """The encoder's answers within the block, batch by batch: (N, 2d) each, means first."""
    answers: list[Tensor] = []
    hook = model.encoder.register_forward_hook(lambda *seen: answers.append(seen[-1].detach()))
    try:
        yield answers
    finally:
        hook.remove()


def usage_of(model: VAE, answers: list[Tensor]) -> dict[str, Any]:
    """:func:`vae.latent.usage.usage` of them; empty where codes are points, or of no image."""
    if model.config.posterior == "point" or not answers:
        return {}
    mu, logvar = torch.cat(answers).float().cpu().chunk(2, dim=1)
    return usage(mu.numpy(), logvar.numpy())
