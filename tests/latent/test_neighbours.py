"""The search against brute force in float64, also where float32 alone would go wrong."""

from __future__ import annotations

import numpy as np
import pytest

from vae.latent.neighbours import MOST, nearest_codes, neighbour_distances

RNG = np.random.default_rng(0)


def brute_force(codes: np.ndarray, z: np.ndarray) -> np.ndarray:
    """All distances, (n, m) float64."""
    return np.linalg.norm(codes.astype(np.float64) - z.astype(np.float64)[:, None], axis=2)


@pytest.mark.parametrize(("m", "d", "n"), [(1, 3, 5), (40, 2, 9), (3000, 16, 300)])
@pytest.mark.parametrize("offset", [0.0, 500.0])
def test_equal_to_brute_force(m: int, d: int, n: int, offset: float) -> None:
    codes = (RNG.standard_normal((m, d)) + offset).astype(np.float32)
    z = (2 * RNG.standard_normal((n, d)) + offset).astype(np.float32)
    found = nearest_codes(codes)(z)
    assert found.shape == (n, min(m, MOST), 2)
    assert found.dtype == np.float32
    rows, distances = found[..., 0].astype(int), found[..., 1]
    everything = brute_force(codes, z)
    nearest = np.sort(everything, axis=1)[:, :MOST]
    np.testing.assert_allclose(distances, nearest, rtol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(everything, rows, axis=1), nearest, rtol=1e-12)


def test_a_code_is_at_no_distance_from_itself() -> None:
    codes = (RNG.standard_normal((500, 16)) * 100 + 1000).astype(np.float32)
    found = nearest_codes(codes)(codes)
    assert np.array_equal(found[:, 0, 0], np.arange(500))
    assert (found[:, 0, 1] == 0).all()


def test_of_equally_near_codes_the_lower_row_comes_first() -> None:
    codes = np.repeat(RNG.standard_normal((3, 4)).astype(np.float32), 4, axis=0)
    found = nearest_codes(codes)(codes[8:9])[0]
    assert found[:4, 0].tolist() == [8, 9, 10, 11]


def test_far_away_is_far_and_still_sorted() -> None:
    codes = RNG.standard_normal((500, 16)).astype(np.float32)
    found = nearest_codes(codes)(np.full((1, 16), 1e6, np.float32))[0]
    assert np.isfinite(found).all()
    assert (np.diff(found[:, 1]) >= 0).all()
    assert found[0, 1] == pytest.approx(4e6, rel=1e-4)


def test_no_question_no_answer() -> None:
    codes = RNG.standard_normal((9, 2)).astype(np.float32)
    assert nearest_codes(codes)(codes[:0]).shape == (0, 9, 2)


def test_distances_to_the_nearest_other_code() -> None:
    codes = RNG.standard_normal((300, 5)).astype(np.float32)
    codes[7] = codes[8]  # the same image twice: its neighbour is at distance 0
    everything = brute_force(codes, codes)
    np.fill_diagonal(everything, np.inf)
    expected = everything.min(axis=1)
    assert (expected == 0).sum() == 2
    np.testing.assert_allclose(np.sort(neighbour_distances(codes)), np.sort(expected), rtol=1e-6)


def test_a_sample_has_the_distances_among_all() -> None:
    codes = RNG.standard_normal((2000, 3)).astype(np.float32)
    everything, some = neighbour_distances(codes, sample=2000), neighbour_distances(codes, 200)
    assert some.shape == (200,)
    assert np.isin(some, everything).all()
    np.testing.assert_array_equal(some, neighbour_distances(codes, 200))


def test_a_lone_code_has_no_neighbour() -> None:
    assert neighbour_distances(np.ones((1, 3), np.float32)).shape == (0,)
