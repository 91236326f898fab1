"""Four ways to draw codes: each has the law that it names."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from vae.codes import Codes
from vae.errors import VaeError
from vae.latent import sampling
from vae.latent.sampling import (
    WAYS,
    cube_mass,
    draw_codes,
    fit_mixture,
    from_aggregate,
    from_mixture,
    from_prior,
    from_uniform,
    uniform_length,
)

RNG = np.random.default_rng(0)
N = 40_000


def codes_of(mu: np.ndarray, variance: float = 0.5) -> Codes:
    rows = np.arange(len(mu))
    logvar = np.full(mu.shape, np.log(variance), np.float32)
    return Codes(mu.astype(np.float32), logvar, rows % 2, rows)


def two_clusters(n: int) -> np.ndarray:
    """3/4 about (-3, 0), narrow and slanted; 1/4 about (3, 1), round. The mixture is known."""
    first = RNG.normal(size=(3 * n // 4, 2)) @ np.array([[1.0, 0.0], [0.8, 0.3]]).T
    return np.concatenate([first - [3, 0], RNG.normal([3, 1], 0.5, (n // 4, 2))])


def test_the_prior_is_standard_normal() -> None:
    z = from_prior(N, 3, seed=1)
    assert (z.shape, z.dtype) == ((N, 3), np.float32)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=4 / math.sqrt(N))
    np.testing.assert_allclose(np.cov(z.T), np.eye(3), atol=0.03)
    assert stats.kstest(z[:, 0], "norm").pvalue > 1e-3


def test_the_uniform_fills_the_cube_and_nothing_else() -> None:
    z = from_uniform(N, 3, seed=1)
    assert z.dtype == np.float32
    assert np.abs(z).max() <= 1
    assert stats.kstest(z.ravel(), stats.uniform(-1, 2).cdf).pvalue > 1e-3
    np.testing.assert_allclose(np.cov(z.T), np.eye(3) / 3, atol=0.01)


@pytest.mark.parametrize("d", [1, 2, 16])
def test_what_the_cube_leaves_out_of_the_prior(d: int) -> None:
    prior, uniform = from_prior(N, d), from_uniform(N, d).astype(float)
    inside = (np.abs(prior) < 1).all(axis=1).mean()
    mass = cube_mass(d)
    assert inside == pytest.approx(mass, abs=4 * math.sqrt(mass * (1 - mass) / N))
    length = math.sqrt((uniform**2).sum(axis=1).mean())
    assert length == pytest.approx(uniform_length(d), rel=0.01)


def test_the_aggregate_is_its_law_on_a_tiny_set() -> None:
    mu = np.array([[-2.0, 1.0], [3.0, 1.0]], np.float32)
    logvar = np.log(np.array([[0.25, 1e-4], [1.0, 4.0]], np.float32))
    z = from_aggregate(mu, logvar, N, seed=2).astype(float)
    law = [stats.norm(m, s) for m, s in zip(mu[:, 0], np.exp(0.5 * logvar[:, 0]), strict=True)]
    assert stats.kstest(z[:, 0], lambda x: (law[0].cdf(x) + law[1].cdf(x)) / 2).pvalue > 1e-3
    # noise and image stay together: what is near -2 is narrow in the second dimension
    assert z[z[:, 0] < -1.5, 1].std() < 0.2
    np.testing.assert_allclose(z[z[:, 0] > 1, 1].std(), 2, rtol=0.05)


def test_without_noise_the_aggregate_draws_the_codes_themselves() -> None:
    mu = RNG.normal(size=(5, 3)).astype(np.float32)
    z = from_aggregate(mu, None, 1000)
    np.testing.assert_array_equal(np.unique(z, axis=0), np.unique(mu, axis=0))


def test_a_mixture_finds_a_known_one_and_draws_like_it() -> None:
    mu = two_clusters(4000)
    fitted = fit_mixture(mu, np.full(mu.shape, np.log(0.04)), components=2)
    assert fitted is not None
    assert (fitted.points, fitted.each) == (8000, 2)
    order = np.argsort(fitted.means[:, 0])
    np.testing.assert_allclose(fitted.weights[order], [0.75, 0.25], atol=0.01)
    np.testing.assert_allclose(fitted.means[order], [[-3, 0], [3, 1]], atol=0.1)
    found = [fitted.factors[k] @ fitted.factors[k].T for k in order]
    # of the means, and the posteriors' own 0.04: a fit to the means alone would lack that
    np.testing.assert_allclose(found[0], [[1.04, 0.8], [0.8, 0.77]], atol=0.06)
    np.testing.assert_allclose(found[1], [[0.29, 0], [0, 0.29]], atol=0.04)
    z = from_mixture(fitted, N).astype(float)
    left = z[:, 0] < 0.5
    assert left.mean() == pytest.approx(0.75, abs=0.02)
    np.testing.assert_allclose(np.cov(z[left].T), [[1.04, 0.8], [0.8, 0.77]], atol=0.06)


def test_one_component_is_the_gaussian_of_the_same_moments() -> None:
    mu = RNG.normal(size=(500, 4)) * [1e-3, 1.0, 50.0, 0.0] + [0, 5, -100, 7]
    fitted = fit_mixture(mu, None, components=1)
    assert fitted is not None
    np.testing.assert_allclose(fitted.means[0], mu.mean(axis=0), rtol=1e-6)
    expected = np.cov(mu.T, bias=True)
    scale = np.sqrt(np.diag(expected) + 1e-12)
    found = fitted.factors[0] @ fitted.factors[0].T
    np.testing.assert_allclose(
        found / np.outer(scale, scale), expected / np.outer(scale, scale), atol=1e-4
    )
    assert (from_mixture(fitted, 100)[:, 3] == 7).all()  # what never varied does not begin to


def test_many_dimensions_have_diagonal_covariances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "FULL_COVARIANCE", 1)
    mu = np.concatenate([RNG.normal(-3, [1.0, 0.2], (900, 2)), RNG.normal(3, 0.5, (300, 2))])
    fitted = fit_mixture(mu, None, components=2)
    assert fitted is not None
    assert fitted.factors.shape == (2, 2)
    order = np.argsort(fitted.means[:, 0])
    np.testing.assert_allclose(fitted.factors[order], [[1, 0.2], [0.5, 0.5]], rtol=0.1)
    z, left = from_mixture(fitted, N), [-5, -3.4]
    share = ((z[:, 0] < left[0]) & (z[:, 1] < left[1])).mean()
    cells = [stats.norm.cdf(left, *at) for at in ((-3, [1, 0.2]), (3, 0.5))]
    expected = 0.75 * cells[0].prod() + 0.25 * cells[1].prod()
    assert share == pytest.approx(expected, abs=0.15 * expected + 2e-3)


def test_of_many_codes_a_sample_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_CODES", 300)
    mu = two_clusters(2000)
    fitted = fit_mixture(mu, None, components=2)
    assert fitted is not None
    assert (fitted.points, fitted.each) == (300, 1)
    np.testing.assert_allclose(np.sort(fitted.weights), [0.25, 0.75], atol=0.1)


def test_a_fit_can_be_stopped_and_says_how_far_it_is() -> None:
    shares: list[float] = []

    def report(share: float) -> bool:
        shares.append(share)
        return True

    assert fit_mixture(RNG.normal(size=(300, 2)), None, 3, report=report) is None
    assert len(shares) == 1
    assert 0 < shares[0] < 1


@pytest.mark.parametrize("way", WAYS)
def test_every_way_repeats_by_seed(way: str) -> None:
    codes = codes_of(two_clusters(400))
    one, again, other = (draw_codes(codes, way, 7, seed, 3) for seed in (3, 3, 4))  # type: ignore
    assert (one.shape, one.dtype) == ((7, 2), np.float32)
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert draw_codes(codes, way, 0).shape == (0, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mu", "components", "words"),
    [
        (np.zeros((9, 2)), 0, "mixture of 0 components was asked for; it can have 1 to 50"),
        (np.zeros((9, 2)), 51, "1 to 50"),
        (np.zeros((9, 2)), 2, "there are 1"),
        (RNG.normal(size=(9, 2)), 10, "there are 9"),
        (np.zeros((0, 2)), 1, "there are 0"),
        (np.array([[0.0, np.nan], [1.0, 2.0]]), 1, "NaN"),
    ],
)
def test_what_cannot_be_fitted_is_told(mu: np.ndarray, components: int, words: str) -> None:
    with pytest.raises(VaeError, match=words):
        fit_mixture(mu, None, components)


def test_an_unknown_way_is_told() -> None:
    with pytest.raises(VaeError, match="no way 'luck' to draw codes; there are: prior, uniform"):
        draw_codes(codes_of(np.zeros((3, 2))), "luck", 4)  # type: ignore[arg-type]
