"""Snapshots on one plane: turned copies come back, a real training drifts."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import train_tiny
from vae.latent.alignment import align, aligned_planes, plane
from vae.timeline import moments, read_moment


def _turn(angle: float, mirrored: bool) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s], [-s, c]]) @ np.diag([1, -1 if mirrored else 1])


def _movement(film: np.ndarray) -> np.ndarray:
    """How far points (m, n, 2) move from snapshot to snapshot, root mean square, (m − 1,)."""
    steps = np.diff(np.asarray(film, np.float64), axis=0)
    return np.sqrt((steps**2).sum(axis=2).mean(axis=1))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0.0, 1.0, 3.1])
def test_a_turned_mirrored_and_moved_copy_is_aligned(angle: float, mirrored: bool) -> None:
    target = np.random.default_rng(0).normal(size=(50, 2)) * [3, 1] + [5, -2]
    copy = target @ _turn(angle, mirrored) + [10, 20]
    assert np.abs(align(copy, target) - target).max() < 1e-6


def test_alignment_keeps_distances_and_finds_no_better_turn() -> None:
    rng = np.random.default_rng(1)
    places, target = rng.normal(size=(2, 40, 2))
    found = align(places, target)
    distances = [np.linalg.norm(p[:, None] - p[None], axis=2) for p in (places, found)]
    np.testing.assert_allclose(*distances, atol=1e-9)
    centred = places - places.mean(axis=0)
    others = [
        np.linalg.norm(centred @ _turn(angle, mirrored) + target.mean(axis=0) - target)
        for angle in np.linspace(0, 2 * np.pi, 100)
        for mirrored in (False, True)
    ]
    assert np.linalg.norm(found - target) <= min(others) + 1e-9


def test_codes_of_many_dimensions_are_seen_from_where_they_fit() -> None:
    rng = np.random.default_rng(2)
    codes = rng.normal(size=(60, 6)) * [4, 3, 1, 1, 0.5, 0.1]
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    target = plane(codes)
    # The same codes in other coordinates: there is a view that shows the very same.
    np.testing.assert_allclose(align(codes @ rotation, target), target, atol=0.6)
    film = aligned_planes([codes @ rotation, codes])
    np.testing.assert_allclose(film[1], target, rtol=1e-5, atol=1e-5)
    assert _movement(film)[0] < 0.2 * _movement([plane(codes @ np.diag([-1] * 6)), target])[0]


def test_one_and_two_dimensions_are_shown_as_they_are() -> None:
    rng = np.random.default_rng(3)
    two = rng.normal(size=(3, 9, 2)).astype(np.float32)
    np.testing.assert_array_equal(aligned_planes(list(two)), two)
    one = rng.normal(size=(3, 9, 1)).astype(np.float32)
    np.testing.assert_array_equal(aligned_planes(list(one))[..., 0], one[..., 0])
    assert aligned_planes([]).shape == (0, 0, 2)


def test_the_plane_is_that_of_pca() -> None:
    from sklearn.decomposition import PCA

    codes = np.random.default_rng(4).normal(size=(80, 5)) * [1, 5, 2, 1, 3]
    expected = PCA(2).fit_transform(codes)
    np.testing.assert_allclose(np.abs(plane(codes)), np.abs(expected), atol=1e-9)
    assert not plane(np.ones((4, 3))).any()  # all in one place


def test_a_real_training_moves_less_aligned_than_by_its_own_axes(runs_folder) -> None:
    run = train_tiny("run", epochs=20, preset="mlp-400-20")
    codes = [read_moment(run, images).codes for images in moments(run)]
    aligned, own = aligned_planes(codes), np.array([plane(each) for each in codes])
    assert _movement(aligned).sum() < 0.7 * _movement(own).sum()
    assert _movement(aligned).max() < 0.7 * _movement(own).max()
    # What is shown is worth seeing: about as much of the variance as the best plane has.
    shares = aligned.var(axis=1).sum(axis=1) / own.var(axis=1).sum(axis=1)
    assert shares.min() > 0.6
