"""Augmentation on the device: images turned, scaled and mirrored while a model trains on them."""

from __future__ import annotations

import torch
from torch import Tensor

from vae.config import TrainingConfig
from vae.randomness import seed_of

_AT_ONCE = 16  # images that share one draw: torchvision moves a whole batch in the same way


def augments(training: TrainingConfig) -> bool:
    """Whether anything is changed."""
    return bool(training.rotate or training.scale or training.flip)


def augment(images: Tensor, training: TrainingConfig, *key: object) -> Tensor:
    """uint8 images (n, H, W, C), moved at random by torchvision.transforms.v2; the same shape.

    Turned by up to ``rotate`` degrees, scaled by 1 ± ``scale`` (both bilinear, black where nothing
    was), mirrored with probability 1/2 where ``flip``. Every 16 images share a draw of angle and
    scale; the mirror is drawn for each.

    Args:
        key: decides the random numbers, such as (seed, epoch, step).
    """
    moved = images.permute(0, 3, 1, 2)  # (n, C, H, W)
    # torchvision draws from the global generator: it is lent, and given back as it was.
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed: that would also seed the GPU's, which nobody gives back.
        torch.default_generator.manual_seed(seed_of("augmentation", *key))
        if training.rotate or training.scale:
            # Here, for importing it takes a second that most runs need not spend.
            from torchvision.transforms import InterpolationMode, v2

            affine = v2.RandomAffine(
                degrees=training.rotate,
                scale=(1 - training.scale, 1 + training.scale) if training.scale else None,
                interpolation=InterpolationMode.BILINEAR,
            )
            moved = torch.cat([affine(part) for part in moved.split(_AT_ONCE)])
        if training.flip:
            mirrored = torch.rand(len(moved)) < 0.5
            chosen = mirrored.to(moved.device)[:, None, None, None]
            moved = torch.where(chosen, moved.flip(3), moved)
    return moved.permute(0, 2, 3, 1).contiguous()
