"""Augmentation: repeatable, of the same shape, exact where it can be, and only what was asked."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vae.augmentation import augment, augments
from vae.config import TrainingConfig


def _training(**chosen: Any) -> TrainingConfig:
    return TrainingConfig("digits", **chosen)


def _images(n: int = 40, shape: tuple[int, int, int] = (9, 7, 1)) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, *shape), dtype=torch.uint8, generator=generator)


def _disc(n: int = 64) -> Tensor:
    """A bright bar on black, 33 × 33 pixels: upright, through the centre."""
    image = torch.zeros(33, 33, 1, dtype=torch.uint8)
    image[6:27, 15:18] = 255
    return image.expand(n, -1, -1, -1)


@pytest.mark.parametrize("shape", [(9, 7, 1), (8, 8, 3)])
@pytest.mark.parametrize("chosen", [{"rotate": 30.0}, {"scale": 0.3}, {"flip": True}])
def test_shape_type_and_repetition(chosen: dict, shape: tuple[int, int, int]) -> None:
    images = _images(shape=shape)
    before = images.clone()
    moved = augment(images, _training(**chosen), 1, 2, 3)
    assert moved.shape == images.shape
    assert moved.dtype == torch.uint8
    assert torch.equal(images, before)
    assert not torch.equal(moved, images)
    assert torch.equal(moved, augment(images, _training(**chosen), 1, 2, 3))
    assert not torch.equal(moved, augment(images, _training(**chosen), 1, 2, 4))


def test_nothing_asked_nothing_changed() -> None:
    assert not augments(_training())
    assert torch.equal(augment(_images(), _training(), 1), _images())
    for chosen in ({"rotate": 1.0}, {"scale": 0.1}, {"flip": True}):
        assert augments(_training(**chosen))


def test_a_turn_by_nothing_is_the_image_itself() -> None:
    images = _images(shape=(32, 32, 1))
    assert torch.equal(augment(images, _training(rotate=1e-9), 1), images)
    assert torch.equal(augment(images, _training(scale=1e-12), 1), images)


def test_flip_mirrors_exactly_and_about_half() -> None:
    images = _images(400)
    moved = augment(images, _training(flip=True), 1)
    mirrored = (moved == images.flip(2)).flatten(1).all(1)
    same = (moved == images).flatten(1).all(1)
    assert bool((mirrored ^ same).all())
    assert 160 < int(mirrored.sum()) < 240


def test_rotation_turns_by_no_more_than_asked_both_ways() -> None:
    moved = augment(_disc(640), _training(rotate=40.0), 1)[..., 0].double()
    angles = []
    ys, xs = np.mgrid[-16:17, -16:17]
    for image in moved.numpy():  # the direction of the largest moment of inertia
        angle = 0.5 * np.arctan2(
            2 * (image * xs * ys).sum(), (image * xs**2).sum() - (image * ys**2).sum()
        )
        angles.append((np.degrees(angle) % 180) - 90)
    assert max(map(abs, angles)) < 41
    assert min(angles) < -20
    assert max(angles) > 20
    assert len(np.unique(np.round(angles, 3))) == 40  # one for every 16 images
    assert np.mean(moved.sum((1, 2)).numpy()) == pytest.approx(_disc(1).sum().item(), rel=0.03)


def test_scale_changes_areas_by_its_square_at_most() -> None:
    moved = augment(_disc(640), _training(scale=0.2), 1)
    areas = moved.double().sum((1, 2, 3)) / _disc(1).sum()
    assert 0.6 < areas.min() < 0.75
    assert 1.3 < areas.max() < 1.5


def test_other_peoples_random_numbers_are_left_alone() -> None:
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    augment(_images(), _training(rotate=10.0, scale=0.1, flip=True), 1)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (np.random.get_state()[1].tolist(), random.getstate())
