"""What the Train page shows of a data set before anything learns: warnings, spoiled images."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from vae.advice import advice
from vae.config import Config, Corruption
from vae.datasets import DATASETS, data_dir, load_streamed
from vae.inference import spoil

_LOOKED_AT = 1000  # training images; the warnings are of shares, which so many tell well enough


def warnings(config: Config) -> list[str]:
    """What speaks against a configuration, one sentence each.

    Raises:
        VaeError: if the data set is damaged.
    """
    return list(_advice(data_dir(), config))


def spoiled(
    dataset: str, noise: Corruption, level: float, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Training images, (n, H, W, C) uint8, and what the encoder would be given of them.

    Raises:
        VaeError: if the data set is damaged.
    """
    images = _sample(data_dir(), dataset)[:count]
    return images, spoil(images, noise, level)


@lru_cache(maxsize=64)
def _advice(root: Path, config: Config) -> tuple[str, ...]:
    dataset = config.training.dataset
    return tuple(advice(_sample(root, dataset), config, DATASETS[dataset].sizes["train"]))


@lru_cache(maxsize=8)
def _sample(root: Path, dataset: str) -> np.ndarray:
    """The first training images of a set in ``root``; they are in random order."""
    return np.array(load_streamed(dataset, "train")[:_LOOKED_AT])
