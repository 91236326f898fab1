"""Strays and omissions: 1 % where a way draws as the data do, more where it does not."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from vae.errors import VaeError
from vae.latent.fidelity import Comparison, Drawn, compare, compare_mixture, left_out, off_data
from vae.latent.holes import Coverage, coverage, holes
from vae.latent.sampling import Mixture

RNG = np.random.default_rng(0)
CENTRES = np.array([[3, 3], [-3, 3], [3, -3], [-3, -3]])
MEASURES = (off_data, left_out)


def covered_by(mu: np.ndarray, logvar: np.ndarray) -> tuple[Coverage, Comparison]:
    covered = coverage(mu, logvar)
    assert covered is not None
    found = compare(mu, logvar, covered)
    assert found is not None
    return covered, found


def mixture_of(
    mu: np.ndarray, logvar: np.ndarray, found: Comparison, k: int, noise: bool = True
) -> tuple[Mixture, Drawn]:
    fitted = compare_mixture(mu, logvar, found, k, noise)
    assert fitted is not None
    return fitted


@pytest.fixture(scope="module")
def matching() -> tuple[np.ndarray, np.ndarray, Coverage, Comparison]:
    """A model whose q(z) is the prior: means N(0, 0.6²) and posteriors of variance 0.64."""
    mu = RNG.normal(0, 0.6, (4000, 2))
    logvar = np.full_like(mu, np.log(0.64))
    return mu, logvar, *covered_by(mu, logvar)


@pytest.fixture(scope="module")
def clusters() -> tuple[np.ndarray, np.ndarray, Comparison]:
    """A model whose codes are four far clusters."""
    mu = CENTRES[RNG.integers(4, size=1000)] + RNG.normal(0, 0.3, (1000, 2))
    logvar = np.full_like(mu, np.log(0.02))
    return mu, logvar, covered_by(mu, logvar)[1]


@pytest.mark.parametrize("level", [0.01, 0.05])
@pytest.mark.parametrize("measure", MEASURES)
def test_where_q_is_the_prior_all_but_the_uniform_are_right(matching, measure, level) -> None:
    mu, logvar, _, found = matching
    for drawn in (found.prior, found.aggregate, mixture_of(mu, logvar, found, 1)[1]):
        share = measure(found, drawn, level)
        assert share.share == pytest.approx(level, abs=4 * share.error)
        assert 0 < share.error < 0.02


def test_the_cube_strays_nowhere_and_leaves_half_of_it_out(matching) -> None:
    """In two dimensions 0.6827² = 47 % of the prior are within, so about 53 % are left out."""
    found = matching[3]
    assert off_data(found, found.uniform).share < 0.002
    assert 0.3 < left_out(found, found.uniform).share < 0.534


def test_the_prior_s_strays_are_its_holes(matching) -> None:
    _, _, covered, found = matching
    for level in (0.01, 0.05):
        hole, share = holes(covered, level), off_data(found, found.prior, level)
        assert share.share == pytest.approx(hole.share, abs=1e-3)
        assert share.error == pytest.approx(hole.error, rel=0.05)


def test_codes_that_are_all_noise_are_as_far_from_one_another_as_from_the_prior() -> None:
    """A collapsed model: were two of the draws made of equal noise, they would be equal codes."""
    mu = np.zeros((2000, 24))
    found = covered_by(mu, mu)[1]
    for drawn in (found.aggregate, found.prior):
        share = left_out(found, drawn)
        assert share.share == pytest.approx(0.01, abs=0.007)


def test_clusters_are_hit_by_those_who_learned_of_them(clusters) -> None:
    mu, logvar, found = clusters
    for drawn in (found.aggregate, mixture_of(mu, logvar, found, 4)[1]):
        for measure in MEASURES:
            share = measure(found, drawn)
            assert share.share == pytest.approx(0.01, abs=4 * share.error)
    for drawn in (found.prior, found.uniform):
        assert off_data(found, drawn).share > 0.9
        assert left_out(found, drawn).share > 0.5


def test_too_few_components_stray(clusters) -> None:
    mu, logvar, found = clusters
    one, four = (off_data(found, mixture_of(mu, logvar, found, k)[1]).share for k in (1, 4))
    assert one > 0.8 > 0.05 > four


def test_the_halves_stay_apart_and_draws_are_in_random_order() -> None:
    mu = RNG.normal(size=(301, 3))
    logvar = np.full_like(mu, np.log(0.3))
    covered, found = covered_by(mu, logvar)
    assert sorted([*found.seen, *found.others]) == list(range(301))
    assert (found.judges, found.unseen) == (150, 151)
    assert mixture_of(mu, logvar, found, 2)[0].points == 10_000 // 151 * 151
    mixed = found.aggregate.z
    np.testing.assert_array_equal(np.unique(mixed, axis=0), np.unique(covered.real, axis=0))
    assert (mixed[:50] != covered.real[:50]).any()


def test_codes_without_noise_are_judged_by_their_distances() -> None:
    """A plain autoencoder: log q_A is only how far the nearest code is, and that is enough."""
    mu = RNG.normal(3, 0.5, (400, 2))
    logvar = np.full_like(mu, -30.0)
    found = covered_by(mu, logvar)[1]
    mixture, drawn = mixture_of(mu, logvar, found, 2, noise=False)
    assert (mixture.points, mixture.each) == (200, 1)
    assert off_data(found, drawn).share < 0.06
    assert off_data(found, found.prior).share > 0.9
    assert np.isfinite(found.prior.log_q).all()


def test_both_can_be_stopped_at_every_report(clusters) -> None:
    mu, logvar, found = clusters
    covered = coverage(mu, logvar)
    assert covered is not None
    heard: list[float] = []

    def report(share: float, until: float = 2.0) -> bool:
        heard.append(share)
        return share >= until

    assert compare_mixture(mu, logvar, found, 2, report=report) is not None
    parts = heard.copy()
    assert parts == sorted(parts)
    assert 0 < parts[0] < parts[-1] <= 1
    for until in (parts[0], parts[-1]):
        assert compare_mixture(mu, logvar, found, 2, report=partial(report, until=until)) is None
    assert compare(mu, logvar, covered, report=lambda share: True) is None


def test_too_many_components_for_the_codes_are_told() -> None:
    mu = RNG.normal(size=(60, 2))
    logvar = np.full_like(mu, -30.0)
    found = covered_by(mu, logvar)[1]
    with pytest.raises(VaeError, match="at least as many different codes; there are 30"):
        compare_mixture(mu, logvar, found, 31, noise=False)
