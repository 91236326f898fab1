"""Holes: calibrated where there are none, found where one was planted."""

from __future__ import annotations

import numpy as np
import pytest

from vae.errors import VaeError
from vae.latent.holes import Coverage, coverage, holes, lower_share, varied

RNG = np.random.default_rng(0)


def measured(mu: np.ndarray, variance: float, seed: int = 0) -> Coverage:
    found = coverage(mu, np.full_like(mu, np.log(variance)), seed)
    assert found is not None
    return found


def ring(n: int) -> np.ndarray:
    """Means of N(0, I) in the plane that avoid a disc of radius 1 about the origin."""
    mu = RNG.normal(size=(4 * n, 2))
    return mu[np.linalg.norm(mu, axis=1) > 1][:n]


@pytest.mark.parametrize("d", [1, 2, 8])
@pytest.mark.parametrize("level", [0.01, 0.05])
def test_where_q_is_the_prior_holes_are_the_false_alarms(d: int, level: float) -> None:
    found = measured(RNG.normal(0, 0.6, (4000, d)), 0.64)
    hole = holes(found, level)
    assert hole.share == pytest.approx(level, abs=4 * hole.error)
    assert 0 < hole.error < 0.01
    assert (found.real_log_q < hole.threshold).mean() == pytest.approx(level, abs=1e-3)
    assert lower_share(found) == pytest.approx(0.5, abs=0.03)


def test_a_planted_gap_is_found() -> None:
    """The prior has 1 - exp(-1/2) = 39 % of its mass within the unit disc; its rim is filled."""
    found = measured(ring(4000), 0.01)
    hole = holes(found)
    lengths = np.linalg.norm(found.prior, axis=1)
    assert 1 - np.exp(-0.18) - 0.02 < hole.share < 1 - np.exp(-0.5) + 0.03
    assert hole.inside[lengths < 0.6].all()
    assert hole.inside[(lengths > 1) & (lengths < 2)].mean() < 0.05
    assert lower_share(found) > 0.55


def test_the_error_knows_how_few_images_there_are() -> None:
    many, few = (holes(measured(ring(n), 0.05), 0.05).error for n in (4000, 60))
    assert many < few


def test_halves_are_apart_and_everything_repeats_by_seed() -> None:
    mu = RNG.normal(0, 0.6, (101, 2))
    found, again, other = (measured(mu, 0.5, seed) for seed in (3, 3, 4))
    assert len(found.seen) == len(set(found.seen)) == 50
    assert found.unseen == 51
    assert found.known == 101
    assert len(found.real) == 51 * (4000 // 51)
    np.testing.assert_array_equal(found.prior_log_q, again.prior_log_q)
    np.testing.assert_array_equal(found.real, again.real)
    assert not np.array_equal(found.seen, other.seen)


def test_identical_codes_leave_a_hole_around_them() -> None:
    assert holes(measured(np.zeros((100, 3)), 1e-4)).share > 0.99


def test_what_is_shown_is_varied_and_the_deepest_comes_first() -> None:
    """A large hole and a small one: the small one is among two that are shown."""
    z = np.r_[RNG.normal(0, 0.1, (90, 2)), RNG.normal(5, 0.1, (10, 2))]
    log_q = RNG.normal(size=100)
    rows = np.arange(100)
    shown = varied(z, log_q, rows, 2)
    assert sorted(z[shown, 0] > 2) == [False, True]
    many = varied(z, log_q, rows, 12)
    assert len(set(many)) == 12
    assert (np.diff(log_q[many]) > 0).all()
    some = rows[log_q > 0]
    assert set(varied(z, log_q, some, 12)) <= set(some)


def test_where_there_are_few_all_are_shown() -> None:
    log_q = np.array([5.0, 1.0, 4.0, 0.0])
    z = np.zeros((4, 2))
    assert varied(z, log_q, np.array([0, 1, 3]), 10).tolist() == [3, 1, 0]
    assert varied(z, log_q, np.array([], np.int64), 10).tolist() == []
    assert len(set(varied(z, log_q, np.arange(4), 3))) == 3  # all at one place


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(VaeError, match="at least 40 images; there are 39"):
        coverage(np.zeros((39, 2)), np.zeros((39, 2)))
    with pytest.raises(VaeError, match=r"in \(0, 0.5\)"):
        holes(measured(np.zeros((50, 2)), 1.0), 0.5)


def test_it_stops() -> None:
    mu = np.zeros((50, 2))
    assert coverage(mu, mu, report=lambda share: True) is None
