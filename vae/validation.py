"""The terms of the validation images: the same measure after every epoch."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from vae.config import Config
from vae.corruption import corrupt
from vae.inference import to_float
from vae.model import VAE
from vae.objectives import TERMS, noise_shape
from vae.randomness import generator
from vae.shared_step import shared_sums
from vae.step import coefficients, loss_sums
from vae.team import Team
from vae.watching import usage_of, watched

_BATCH = 256


@torch.no_grad()
def validated(
    model: VAE,
    images: Tensor,
    config: Config,
    size: int,
    epochs_done: int,
    team: Team | None = None,
) -> tuple[Tensor, dict[str, Any]]:
    """The terms and the loss, means over the images, (T + 1,) in nats: as they weigh after
    ``epochs_done`` epochs, with the same random numbers each time. And what the code is used for
    (:func:`vae.latent.usage.usage`; nothing where codes are points).

    Args:
        images: uint8 (m, H, W, C) on the model's device.
        size: images in the training set.
        team: the processes that share the work, if there are others.
    """
    model.train()  # no layer here computes anything else then, but some are faster
    device = images.device
    drawn = generator(device.type, "validation")
    values = coefficients(config.objective, epochs_done, config.training.epochs)
    weights = torch.tensor(values, device=device)
    sums = torch.zeros(len(TERMS[config.objective.objective]) + 1, device=device)
    add = loss_sums if team is None else partial(shared_sums, team=team)
    with watched(model) as answers:
        for batch in images.split(_batch(config)):
            target = to_float(batch)
            x = corrupt(target, config.training.noise, config.training.noise_level, drawn)
            shape = noise_shape(config.objective, len(batch), config.model.latent_dim)
            eps = torch.empty(shape, device=device).normal_(generator=drawn)
            sums += add(model, x, target, eps, config.objective, weights, size, "fp32")
            if team is not None:
                answers[-1] = team.whole(len(batch), answers[-1])
    means = (sums if team is None else team.total(sums)) / max(1, len(images))
    return means, usage_of(model, answers)


def _batch(config: Config) -> int:
    """Images at once: fewer where each is decoded k times; as many as in a training batch where the
    terms depend on that number.
    """
    objective = config.objective
    if objective.objective in ("beta-tcvae", "wae-mmd", "info-vae"):
        return config.training.batch_size
    return max(1, _BATCH // objective.samples)
