"""The search for more of the same against brute force, in codes and in pixels."""

from __future__ import annotations

import numpy as np
import pytest

from vae.latent import similar as module
from vae.latent.similar import QUERIES, similar, similar_codes, similar_pixels, thinned

RNG = np.random.default_rng(0)


def brute_force(features: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """The k other rows with the least distance to any of ``rows``, and it: (k, 2) float64."""
    features = features.astype(np.float64)
    distances = np.array([np.linalg.norm(features[rows] - one, axis=1).min() for one in features])
    others = [row for row in range(len(features)) if row not in set(rows.tolist())]
    order = sorted(others, key=lambda row: (distances[row], row))[:k]
    return np.array([[row, distances[row]] for row in order]).reshape(-1, 2)


@pytest.mark.parametrize(("m", "d", "n", "k"), [(2000, 16, 40, 12), (300, 2, 1, 64), (9, 3, 4, 3)])
@pytest.mark.parametrize("offset", [0.0, 500.0])
@pytest.mark.parametrize("at_once", [2**22, 999])
def test_equal_to_brute_force(
    m: int, d: int, n: int, k: int, offset: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NUMBERS_AT_ONCE", at_once)
    codes = (RNG.standard_normal((m, d)) + offset).astype(np.float32)
    rows = RNG.permutation(m)[:n]
    found = similar_codes(codes, rows, k)
    np.testing.assert_allclose(found, brute_force(codes, rows, k), rtol=1e-9)
    assert not set(found[:, 0].astype(int)) & set(rows.tolist())


def test_in_pixels_it_is_the_root_mean_square_of_values_in_0_to_1() -> None:
    images = RNG.integers(0, 256, (200, 4, 3, 3), dtype=np.uint8)
    images[7] = images[3]
    images[9] = 255 - images[3]
    found = similar_pixels(images, np.array([3]), 199)
    assert found[0].tolist() == [7, 0]
    values = images / 255
    for row, distance in found:
        difference = values[int(row)] - values[3]
        assert distance == pytest.approx(np.sqrt((difference**2).mean()), rel=1e-9)
    assert (np.diff(found[:, 1]) >= 0).all()
    black_and_white = np.array([0, 255], np.uint8)[:, None, None, None].repeat(8, 1)
    assert similar_pixels(black_and_white, np.array([0]), 1).tolist() == [[1, 1]]


def test_no_more_than_there_are_others() -> None:
    codes = RNG.standard_normal((5, 2)).astype(np.float32)
    assert similar(codes, np.arange(5), 3).shape == (0, 2)
    assert len(similar(codes, np.array([0, 1, 1, 0]), 9)) == 3
    assert similar(codes[:1], np.array([0]), 1).shape == (0, 2)


def test_of_equal_ones_the_lower_row_comes_first() -> None:
    codes = np.zeros((50, 3), np.float32)
    assert similar(codes, np.array([4]), 5).tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [5, 0]]


def test_a_large_selection_is_thinned_evenly_and_left_out_whole() -> None:
    rows = np.arange(0, 2000, 2)
    some = thinned(rows)
    assert len(some) == QUERIES
    assert (some[0], some[-1]) == (0, 1998)
    assert np.diff(some).max() <= 34
    assert np.array_equal(thinned(rows[:QUERIES]), rows[:QUERIES])
    line = np.arange(2001, dtype=np.float32)[:, None]
    found = similar(line, rows, 64)
    assert (found[:, 0] % 2 == 1).sum() + (found[:, 0] == 2000).sum() == 64
    assert set(found[:, 1]) == {1.0}
