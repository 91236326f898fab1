from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from vae.datasets.pixels import as_pixels, check_range
from vae.errors import VaeError


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_every_pixel_value_comes_back_from_0_to_1(kind) -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    np.testing.assert_array_equal(as_pixels((pixels / 255).astype(kind)), pixels)


def test_types_and_shapes_that_mean_images() -> None:
    grey = np.array([[[0, 255], [7, 8]]], np.uint8)  # (1, 2, 2)
    assert as_pixels(grey).shape == (1, 2, 2, 1)
    for kind in (np.int64, np.uint16, np.int32):
        np.testing.assert_array_equal(as_pixels(grey.astype(kind))[..., 0], grey)
    np.testing.assert_array_equal(as_pixels(grey > 7)[..., 0], np.where(grey > 7, 255, 0))
    colour = np.zeros((2, 5, 4, 3), np.uint8)
    assert as_pixels(colour) is colour
    assert as_pixels(np.zeros((0, 3, 3))).shape == (0, 3, 3, 1)
    for array in (grey, grey.astype(float) / 255, grey > 0):
        assert as_pixels(array).dtype == np.uint8


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.array([[[-0.42, 2.8]]]), r"from -0\.42 to 2\.8 came; .*0 to 1"),
        (np.array([[[0.5, 1.001]]]), r"to 1\.001 came"),
        (np.array([[[0.5, np.nan, np.inf]]]), r"2 of 3 values are not finite"),
        (np.array([[[0, 256]]]), r"from 0 to 256 came; whole numbers must be 0 to 255"),
        (np.array([[[-1, 5]]], np.int8), r"from -1 to 5"),
        (np.zeros((3, 3)), r"shape \(3, 3\)"),
        (np.zeros((3, 3, 3, 2)), r"shape \(3, 3, 3, 2\).*1 or 3 channels"),
        (np.zeros((1, 2, 2), complex), "complex128; they must be numbers"),
        (np.array([[["a"]]]), "must be numbers"),
    ],
)
def test_what_is_no_image_is_told(array, told) -> None:
    with pytest.raises(VaeError, match=told):
        as_pixels(array)


def test_the_gaussian_likelihood_takes_every_finite_value() -> None:
    check_range(np.array([-0.42, 2.8]), "gaussian")
    check_range(np.array([]), "bernoulli")
    check_range(np.array([0.0, 1.0]), "bernoulli")
    with pytest.raises(VaeError, match="not finite"):
        check_range(np.array([np.nan]), "gaussian")


def test_the_reason_outside_0_to_1_cross_entropy_has_no_bound_below() -> None:
    logits = torch.tensor([0.0, 10.0, 100.0])
    outside = F.binary_cross_entropy_with_logits(logits, torch.full((3,), 1.1), reduction="none")
    assert outside[2] < outside[1] < outside[0]
    assert outside[2] < -9
    inside = F.binary_cross_entropy_with_logits(logits, torch.full((3,), 0.9), reduction="none")
    assert inside.min() > 0
