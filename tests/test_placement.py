"""Placement's promises: formulas where there are, else smooth, near a code's own point, finite."""

from __future__ import annotations

import numpy as np
import pytest

from vae.map_quality import quality
from vae.placement import linear_placement, map_span, smooth_placement
from vae.projection import pca


@pytest.fixture(scope="module")
def place(digits, digits_map):
    return smooth_placement(digits[0], digits_map)


def test_linear_placement_is_the_map_and_has_no_doubt(digits):
    projection = pca(digits[0])
    placed = linear_placement(projection)(digits[0])
    np.testing.assert_array_equal(placed[:, :2], projection(digits[0]))
    assert (placed[:, 2] == 0).all()


def test_a_code_is_placed_near_its_own_point_and_sure_of_it(digits, digits_map, place):
    placed = place(digits[0])
    off = np.linalg.norm(placed[:, :2] - digits_map, axis=1) / map_span(digits_map)
    assert np.median(off) < 0.005
    assert np.quantile(off, 0.95) < 0.04
    assert np.median(placed[:, 2]) < 0.05


def test_new_codes_are_placed_by_their_own_class(digits, digits_map):
    codes, labels = digits
    known, new = np.arange(400) < 300, np.arange(400) >= 300
    placed = smooth_placement(codes[known], digits_map[known])(codes[new])[:, :2]
    nearest = np.linalg.norm(placed[:, None] - digits_map[known], axis=2).argmin(axis=1)
    shuffled = np.random.default_rng(0).permutation(labels[known])
    assert (labels[known][nearest] == labels[new]).mean() > 0.8
    assert (shuffled[nearest] == labels[new]).mean() < 0.3


def test_no_step_of_a_straight_path_is_large(digits, digits_map, place):
    """Of 200 steps between two codes none is longer than 2 % of the map's span."""
    t = np.linspace(0, 1, 201)[:, None]
    for a, b in np.random.default_rng(1).integers(0, 400, size=(60, 2)):
        path = place(digits[0][a] * (1 - t) + digits[0][b] * t)[:, :2]
        steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
        assert steps.max() < 0.02 * map_span(digits_map)


def test_placement_is_continuous_along_paths(digits, digits_map, place):
    """An eighth of the step must shrink the largest move: a jump would keep its size."""
    for a, b in np.random.default_rng(1).integers(0, 400, size=(8, 2)):
        moves = []
        for steps in (400, 3200):
            t = np.linspace(0, 1, steps + 1)[:, None]
            path = place(digits[0][a] * (1 - t) + digits[0][b] * t)[:, :2]
            moves.append(np.linalg.norm(np.diff(path, axis=0), axis=1).max())
        assert moves[1] <= moves[0] / 6


def test_spread_is_a_fraction_and_larger_off_the_data(digits, place):
    far = np.random.default_rng(0).normal(size=(200, 10)).astype(np.float32) * 3
    spread = place(far)[:, 2]
    assert ((spread >= 0) & (spread <= 1)).all()
    assert np.median(spread) > 5 * np.median(place(digits[0])[:, 2])


def test_spread_is_the_distance_of_the_nearest_codes_places(digits, digits_map, place):
    """A slow reference, from the formula."""
    codes, z = digits[0].astype(np.float64), digits[0][:20] + 0.5
    codes_apart = np.sqrt(2 * codes.var(axis=0).sum())
    to_others = np.linalg.norm(codes[:, None] - codes, axis=2)
    np.fill_diagonal(to_others, np.inf)
    h = max(0.4 * np.median(to_others.min(axis=1)), 0.1 * codes_apart)
    placed = place(z)
    weights = np.exp(-((z[:, None] - codes) ** 2).sum(axis=2) / (2 * h**2))
    weights /= weights.sum(axis=1, keepdims=True)
    squared = ((placed[:, None, :2] - digits_map) ** 2).sum(axis=2)
    expected = np.sqrt((weights * squared).sum(axis=1)) / map_span(digits_map)
    np.testing.assert_allclose(placed[:, 2], expected, rtol=1e-3)


def test_places_lie_within_the_map_and_do_not_depend_on_scale_or_position(
    digits, digits_map, place
):
    z = np.random.default_rng(2).normal(size=(100, 10)).astype(np.float32) * 4
    placed = place(z)
    assert (placed[:, :2] >= digits_map.min(axis=0) - 1e-4).all()
    assert (placed[:, :2] <= digits_map.max(axis=0) + 1e-4).all()
    moved = smooth_placement(64 * digits[0] + 32, 2 * digits_map + 100)(64 * z + 32)
    expected = np.column_stack([2 * placed[:, :2] + 100, placed[:, 2]])
    np.testing.assert_allclose(moved, expected, atol=2e-3 * map_span(digits_map))


def test_the_answer_does_not_depend_on_who_else_asks(digits, digits_map, place):
    together = place(digits[0][:70])
    alone = np.concatenate([place(z[None]) for z in digits[0][:70]])
    np.testing.assert_allclose(together, alone, atol=1e-5 * map_span(digits_map))


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("d", [1, 3])
def test_placement_on_a_map_of_few_or_identical_points_is_finite(n, d):
    z = np.random.default_rng(0).normal(size=(30, d)).astype(np.float32)
    for codes in (z[:n], np.zeros((n, d), np.float32), np.full((n, d), 1e5, np.float32)):
        for coords in (np.arange(2 * n).reshape(n, 2), np.ones((n, 2))):
            placed = smooth_placement(codes, coords)(z)
            assert placed.shape == (30, 3)
            assert np.isfinite(placed).all()
    assert smooth_placement(z, np.zeros((30, 2)))(z[:0]).shape == (0, 3)


def test_far_out_a_place_is_still_a_number(digits, digits_map, place):
    for size in (1e2, 1e4, 1e6):
        placed = place(np.full((3, 10), size, np.float32))
        assert np.isfinite(placed).all()
        assert placed[0, 2] > 0.1  # and known to be doubtful


def test_a_one_dimensional_space_keeps_its_order_locally():
    codes = np.linspace(-2, 2, 200)[:, None].astype(np.float32)
    placed = smooth_placement(codes, np.column_stack([codes[:, 0], codes[:, 0] ** 2]))(codes)
    assert quality(codes, placed[:, :2])["trustworthiness"] > 0.95
