"""t-SNE's own places: those of the library's embedding, in the frame of the stored map."""

from __future__ import annotations

import numpy as np
import pytest

from vae.errors import VaeError
from vae.exact_placement import exact_placement
from vae.placement import map_span, smooth_placement
from vae.tsne import tsne


@pytest.fixture(scope="module")
def smooth(digits, digits_map):
    return smooth_placement(digits[0], digits_map)


@pytest.fixture(scope="module")
def place(digits, digits_map, smooth):
    return exact_placement(digits[0], digits_map, smooth)


def test_places_are_those_of_the_embedding_that_was_fitted(digits):
    """The reference: an embedding that never left memory, whose frame its transform moves."""
    from openTSNE import TSNE

    codes = digits[0].astype(np.float64)
    codes = (codes - codes.mean(axis=0)) / codes.std()
    fitted = TSNE(n_jobs=1, random_state=0, negative_gradient_method="fft").fit(codes)
    stored = np.array(fitted)
    new = codes[:40] + 0.05
    expected = np.array(fitted.transform(new))
    moved = stored[0] - np.array(fitted)[0]
    found = exact_placement(codes, stored, smooth_placement(codes, stored))(new)
    np.testing.assert_allclose(found[:, :2], expected + moved, atol=1e-3 * map_span(stored))


def test_a_new_code_lies_among_its_neighbours_and_a_known_one_at_its_point(
    digits, digits_map, place
):
    off = np.linalg.norm(place(digits[0])[:, :2] - digits_map, axis=1) / map_span(digits_map)
    assert np.median(off) < 0.02


def test_the_same_z_has_the_same_place(digits, digits_map, smooth, place):
    z = digits[0][:20] + 0.3
    first = place(z)
    np.testing.assert_array_equal(place(z), first)
    again = exact_placement(digits[0], digits_map, smooth)
    np.testing.assert_array_equal(again(z), first)
    alone = np.concatenate([place(row[None]) for row in z])[::-1]
    np.testing.assert_allclose(alone[::-1], first, atol=1e-4 * map_span(digits_map))


def test_the_spread_is_the_continuous_placements(digits, smooth, place):
    np.testing.assert_array_equal(place(digits[0][:9])[:, 2], smooth(digits[0][:9])[:, 2])
    assert place(digits[0][:0]).shape == (0, 3)


@pytest.mark.parametrize("metric", ["cosine", "manhattan"])
def test_other_metrics_find_their_own_neighbours(digits, metric):
    codes = digits[0][:200]
    coords = tsne(codes, metric=metric, n_jobs=1)
    smooth = smooth_placement(codes, coords)
    place = exact_placement(codes, coords, smooth, metric=metric)
    scaled = codes * 3 if metric == "cosine" else codes
    off = np.linalg.norm(place(scaled)[:, :2] - coords, axis=1) / map_span(coords)
    assert np.median(off) < 0.05
    nowhere = np.zeros((1, 10), np.float32)  # has no direction
    assert np.isfinite(place(nowhere)).all()
    if metric == "cosine":
        np.testing.assert_array_equal(place(nowhere), smooth(nowhere))


def test_identical_codes_count_once(digits, digits_map, smooth, place):
    twice = np.concatenate([digits[0], digits[0][:50]])
    coords = np.concatenate([digits_map, digits_map[:50]])
    z = digits[0][:20] + 0.2
    found = exact_placement(twice, coords, smooth)(z)
    np.testing.assert_allclose(found, place(z), atol=1e-3 * map_span(digits_map))


@pytest.mark.parametrize("n", [3, 7, 8, 9, 20])
def test_few_codes_have_places_too(n):
    codes = np.random.default_rng(n).normal(size=(n, 3)).astype(np.float32)
    coords = tsne(codes, n_jobs=1)
    smooth = smooth_placement(codes, coords)
    placed = exact_placement(codes, coords, smooth)(codes)
    assert np.isfinite(placed).all()
    if n < 8:  # no neighbourhoods to descend into: the continuous place
        np.testing.assert_array_equal(placed, smooth(codes))


def test_far_out_a_place_is_still_a_number(place):
    assert np.isfinite(place(np.full((2, 10), 1e6, np.float32))).all()


@pytest.mark.filterwarnings("ignore:invalid value encountered in log")
@pytest.mark.parametrize("factor", [0.0, 1e-9, 1e5])
def test_a_map_of_any_size_has_places(digits, digits_map, smooth, factor):
    """Also a foreign one: the grid of the forces must not fill the memory."""
    placed = exact_placement(digits[0], factor * digits_map, smooth)(digits[0][:3])
    assert np.isfinite(placed).all()


def test_an_unknown_metric_is_refused(digits, digits_map, smooth):
    with pytest.raises(VaeError, match="metric must be one of euclidean, cosine, manhattan"):
        exact_placement(digits[0], digits_map, smooth, metric="hamming")
