"""Spoiled images: how much, of what, and never beyond 0–1."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch import Tensor

from vae.config import Corruption
from vae.corruption import corrupt
from vae.randomness import generator


def _grey(value: float = 0.5, channels: int = 1) -> Tensor:
    return torch.full((40, channels, 50, 50), value)


def _spoiled(x: Tensor, kind: Corruption, level: float, seed: int = 0) -> Tensor:
    return corrupt(x, kind, level, generator("cpu", "corruption", seed))


@pytest.mark.parametrize("kind", get_args(Corruption))
def test_shape_range_and_repetition(kind: Corruption) -> None:
    x = torch.rand(5, 3, 6, 7)
    before = x.clone()
    spoiled = _spoiled(x, kind, 0.6)
    assert spoiled.shape == x.shape
    assert spoiled.dtype == x.dtype
    assert 0 <= spoiled.min() <= spoiled.max() <= 1
    assert torch.equal(x, before)
    assert torch.equal(spoiled, _spoiled(x, kind, 0.6))
    if kind != "none":
        assert not torch.equal(spoiled, _spoiled(x, kind, 0.6, seed=1))
        assert not torch.equal(spoiled, x)


@pytest.mark.parametrize("kind", get_args(Corruption))
def test_level_0_changes_nothing(kind: Corruption) -> None:
    x = torch.rand(5, 1, 20, 20)
    assert torch.equal(_spoiled(x, kind, 0.0), x)


def test_none_is_the_image_itself() -> None:
    x = torch.rand(2, 1, 3, 3)
    assert corrupt(x, "none", 0.9, None) is x


def test_gaussian_noise_has_its_standard_deviation() -> None:
    difference = _spoiled(_grey(), "gaussian", 0.1) - 0.5
    assert difference.mean().item() == pytest.approx(0, abs=0.002)
    assert difference.std().item() == pytest.approx(0.1, rel=0.01)
    colour = _spoiled(_grey(channels=3), "gaussian", 0.1)
    assert not torch.equal(colour[:, 0], colour[:, 1])


@pytest.mark.parametrize("level", [0.25, 1.0])
def test_masking_blackens_its_share(level: float) -> None:
    spoiled = _spoiled(_grey(), "masking", level)
    assert set(spoiled.unique().tolist()) <= {0.0, 0.5}
    assert (spoiled == 0).float().mean().item() == pytest.approx(level, abs=0.01)


@pytest.mark.parametrize("level", [0.3, 1.0])
def test_salt_and_pepper_are_half_each(level: float) -> None:
    spoiled = _spoiled(_grey(), "salt-and-pepper", level)
    for value in (0.0, 1.0):
        assert (spoiled == value).float().mean().item() == pytest.approx(level / 2, abs=0.01)
    assert (spoiled == 0.5).float().mean().item() == pytest.approx(1 - level, abs=0.01)


@pytest.mark.parametrize("kind", ["masking", "salt-and-pepper"])
def test_a_pixel_is_spoiled_in_all_its_channels(kind: Corruption) -> None:
    spoiled = _spoiled(_grey(channels=3), kind, 0.4)
    assert torch.equal(spoiled[:, 0], spoiled[:, 1])
    assert torch.equal(spoiled[:, 0], spoiled[:, 2])


def test_images_are_spoiled_each_in_its_own_way() -> None:
    spoiled = _spoiled(_grey(), "masking", 0.5)
    assert not torch.equal(spoiled[0], spoiled[1])
