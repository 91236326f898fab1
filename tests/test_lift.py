"""From places on linear maps back to codes: projecting them gives the places again."""

from __future__ import annotations

import numpy as np
import pytest

from vae.lift import lift
from vae.projection import pca, raw


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    """300 codes of 6 dimensions with a mean that is not 0 and unlike variances."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(300, 6)) * [3, 0.5, 2, 1, 0.1, 1] + np.arange(6)).astype(np.float32)


PLACES = np.array([[0, 0], [1.5, -2], [-40, 7], [0.01, 300]], np.float32)
MAPS = [pca, lambda codes: raw(codes, (4, 1))]


@pytest.mark.parametrize("make", MAPS)
@pytest.mark.parametrize("through", [None, 5])
def test_projecting_a_lifted_place_gives_it_back(codes, make, through):
    projection = make(codes)
    plane = lift(projection, None if through is None else codes[through])
    np.testing.assert_allclose(projection(plane(PLACES)), PLACES, atol=2e-4)


@pytest.mark.parametrize("make", MAPS)
def test_the_plane_through_a_code_holds_that_code(codes, make):
    projection = make(codes)
    plane = lift(projection, codes[7])
    np.testing.assert_allclose(plane(projection(codes[7:8])), codes[7:8], atol=1e-5)


def test_the_plane_of_pca_goes_through_the_mean(codes):
    plane = lift(pca(codes))
    np.testing.assert_allclose(plane(np.zeros((1, 2)))[0], codes.mean(axis=0), atol=1e-5)


def test_the_slice_of_two_dimensions_keeps_the_other_coordinates(codes):
    lifted = lift(raw(codes, (4, 1)), codes[7])(np.array([[0.5, -0.25]]))[0]
    expected = codes[7].copy()
    expected[[4, 1]] = 0.5, -0.25
    np.testing.assert_allclose(lifted, expected, atol=1e-6)


@pytest.mark.parametrize("make", [pca, raw])
def test_in_two_dimensions_the_plane_is_the_space(codes, make):
    flat = codes[:, :2]
    projection = make(flat)
    np.testing.assert_allclose(lift(projection, flat[3])(projection(flat)), flat, atol=1e-5)


@pytest.mark.parametrize("make", [pca, raw])
def test_in_one_dimension_y_means_nothing(codes, make):
    line = codes[:, :1]
    projection = make(line)
    plane = lift(projection)
    np.testing.assert_allclose(plane(projection(line)), line, atol=1e-5)
    np.testing.assert_array_equal(plane([[1, 0]]), plane([[1, 9]]))
