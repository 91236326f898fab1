from __future__ import annotations

import math

import numpy as np
import pytest

from vae.datasets import load
from vae.datasets.shapes import (
    AREA,
    FACTOR_NAMES,
    FACTOR_VALUES,
    grid,
    pixel_centre,
    render,
)
from vae.errors import VaeError


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Factors (7776, 5) and their images as coverage 0–1 (7776, 64, 64)."""
    factors = grid()
    return factors, render(factors)[..., 0] / 255


def centroids(coverage: np.ndarray) -> np.ndarray:
    """Centre of mass (n, 2) as column and row, where pixel 0 spans 0 to 1."""
    ticks = np.arange(coverage.shape[1]) + 0.5
    mass = coverage.sum(axis=(1, 2))
    column = (coverage.sum(axis=1) * ticks).sum(axis=1) / mass
    row = (coverage.sum(axis=2) * ticks).sum(axis=1) / mass
    return np.stack([column, row], axis=1)


def test_the_grid_holds_every_combination_once() -> None:
    factors = grid()
    assert len(factors) == math.prod(len(values) for values in FACTOR_VALUES) == 7_776
    assert len(np.unique(factors, axis=0)) == len(factors)
    assert factors.shape[1] == len(FACTOR_NAMES)
    # Independent by construction: no correlation between any two factors.
    np.testing.assert_allclose(np.corrcoef(factors.T), np.eye(5), atol=1e-6)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_factors_reproduce_the_images(split) -> None:
    part = load("shapes", split)
    np.testing.assert_array_equal(render(part.factors), part.images)
    np.testing.assert_array_equal(part.labels, part.factors[:, 0])
    np.testing.assert_array_equal(part.factors, grid()[part.indices])


def test_no_image_is_in_two_splits() -> None:
    images = [load("shapes", split).images for split in ("train", "validation", "test")]
    flat = np.concatenate(images).reshape(7_776, -1)
    assert len({row.tobytes() for row in flat}) == 7_776


def test_areas_are_equal_across_shapes_and_grow_with_the_square_of_scale(drawn) -> None:
    factors, coverage = drawn
    area = coverage.sum(axis=(1, 2))
    np.testing.assert_allclose(area, AREA * factors[:, 1] ** 2, rtol=0.015)


def test_centroids_follow_x_and_y(drawn) -> None:
    factors, coverage = drawn
    np.testing.assert_allclose(centroids(coverage), pixel_centre(factors), atol=0.05)
    # On screen x grows rightwards and y downwards.
    ends = centroids(render(np.array([[2, 1, 0, 0, 0], [2, 1, 0, 1, 1]]))[..., 0] / 255)
    np.testing.assert_allclose(ends, [[16, 16], [48, 48]], atol=0.05)


def test_edges_are_anti_aliased_and_inside_the_frame(drawn) -> None:
    factors, coverage = drawn
    tilted = coverage[factors[:, 2] > 0]
    grey = ((tilted > 0) & (tilted < 1)).sum(axis=(1, 2))
    assert grey.min() > 10
    border = np.ones((64, 64), dtype=bool)
    border[1:-1, 1:-1] = False
    assert coverage[:, border].max() == 0


def test_orientation_turns_anticlockwise() -> None:
    quarter = render(np.array([[2, 1, math.pi / 2, 0.5, 0.5]]))[0, ..., 0]
    upright = render(np.array([[2, 1, 0, 0.5, 0.5]]))[0, ..., 0]
    np.testing.assert_array_equal(quarter, np.rot90(upright))


def test_any_position_between_the_grid_can_be_drawn() -> None:
    rng = np.random.default_rng(0)
    factors = np.column_stack([rng.integers(0, 3, 150), rng.uniform(0, 1, (150, 4))])
    factors[:, 1] = 0.5 + factors[:, 1] / 2
    coverage = render(factors)[..., 0] / 255
    np.testing.assert_allclose(centroids(coverage), pixel_centre(factors), atol=0.1)
    # Drawn together or alone, the picture is the same.
    np.testing.assert_array_equal(render(factors[70:71])[0, ..., 0] / 255, coverage[70])
    assert render(np.empty((0, 5))).shape == (0, 64, 64, 1)


@pytest.mark.parametrize(
    ("factors", "told"),
    [
        ([0, 1, 0, 0, 0], r"shape \(5,\)"),
        ([[0, 1, 0, 0]], r"shape \(1, 4\)"),
        ([[3, 1, 0, 0, 0]], "0 .square."),
        ([[0, 2, 0, 0, 0]], "scale came as 2"),
        ([[0, 1, 0, -1, 0]], "x came as -1"),
        ([[0, 1, np.nan, 0, 0]], "finite"),
    ],
)
def test_impossible_factors_are_told(factors, told) -> None:
    with pytest.raises(VaeError, match=told):
        render(np.array(factors))
