"""Densities of q(z) against PyTorch's mixtures, naive sums and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from vae.latent import aggregate
from vae.latent.aggregate import correlations, draw, log_density, marginal, negentropies, plane
from vae.model import POINT_LOGVAR

RNG = np.random.default_rng(0)
MU = RNG.normal(0, 1, (50, 3))
LOGVAR = RNG.normal(-1, 0.7, (50, 3))
GAUSSIAN = -0.5 * (1 + np.log(2 * np.pi))  # ∫ q log q of N(0, 1)


def mixture(mu: np.ndarray, logvar: np.ndarray) -> MixtureSameFamily:
    parts = Normal(torch.tensor(mu), torch.tensor(logvar).mul(0.5).exp())
    return MixtureSameFamily(Categorical(torch.ones(len(mu))), Independent(parts, 1))


@pytest.mark.parametrize("rows_at_once", [1, 7, 1000])
def test_the_log_density_is_the_mixture_s(
    rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregate, "_CELLS", rows_at_once * len(MU))
    z = RNG.normal(0, 2, (40, 3))
    expected = mixture(MU, LOGVAR).log_prob(torch.tensor(z)).numpy()
    np.testing.assert_allclose(log_density(MU, LOGVAR, z), expected, atol=1e-6)


def test_tiny_and_huge_variances_keep_their_digits() -> None:
    """The form by matrix products alone would be off by hundreds of nats here."""
    logvar = np.stack([np.full(50, -40.0), np.full(50, 40.0), LOGVAR[:, 2]], axis=1)
    z = draw(MU, logvar, 1)
    expected = mixture(MU, logvar).log_prob(torch.tensor(z)).numpy()
    np.testing.assert_allclose(log_density(MU, logvar, z), expected, atol=1e-6)


def test_marginal_and_plane_are_densities_of_the_same_mixture() -> None:
    x, y = np.linspace(-6, 6, 121), np.linspace(-7, 7, 141)
    both = plane(MU[:, :2], LOGVAR[:, :2], x, y)
    assert both.shape == (141, 121)
    points = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
    expected = mixture(MU[:, :2], LOGVAR[:, :2]).log_prob(torch.tensor(points)).exp().numpy()
    np.testing.assert_allclose(both.ravel(), expected, rtol=1e-6, atol=1e-12)
    # the trapezoidal rule is exact to many digits here
    np.testing.assert_allclose(both.sum(axis=0) * 0.1, marginal(MU[:, 0], LOGVAR[:, 0], x), 1e-3)
    assert marginal(MU[:, 1], LOGVAR[:, 1], y).sum() * 0.1 == pytest.approx(1, abs=1e-4)


def test_negentropies_of_known_densities() -> None:
    """One Gaussian; the same many times; 64 Gaussians far apart: log 64 less; widths e^±10."""
    width = np.array([1.0, 1e-4, 300.0])
    columns = np.tile(2 * np.log(width), (64, 1))
    values, errors = negentropies(np.full((64, 3), 5.0), columns)
    np.testing.assert_allclose(values, GAUSSIAN - np.log(width), atol=1e-7)
    far = np.tile(np.arange(64.0)[:, None] * 100 * width, 1)
    apart, apart_errors = negentropies(far, columns)
    np.testing.assert_allclose(apart, GAUSSIAN - np.log(width) - np.log(64), atol=1e-7)
    assert max(errors.max(), apart_errors.max()) < 1e-6


def test_the_error_of_a_quadrature_is_not_smaller_than_it_says() -> None:
    values, errors = negentropies(MU, LOGVAR)
    for j in range(3):
        z = np.linspace(-20, 20, 400_001)
        q = marginal(MU[:, j], LOGVAR[:, j], z)
        reference = (q * np.log(np.maximum(q, 1e-300))).sum() * 1e-4
        assert abs(values[j] - reference) <= errors[j] + 1e-9
        assert errors[j] < 1e-4


def test_widths_that_no_grid_bears_are_sampled() -> None:
    logvar = np.array([-20.0, 20.0])[:, None].repeat(500, axis=0)
    mu = np.zeros_like(logvar)
    values, errors = negentropies(mu, logvar)
    # they hardly overlap: a half each, so log 2 less than the mean of both
    assert values[0] == pytest.approx(GAUSSIAN - np.log(2), abs=4 * errors[0])
    assert 0 < errors[0] < 0.3


def test_one_image_is_its_own_aggregate() -> None:
    values, _ = negentropies(MU[:1], LOGVAR[:1])
    np.testing.assert_allclose(values, GAUSSIAN - LOGVAR[0] / 2, atol=1e-7)


def test_draws_are_image_by_image_from_their_posteriors() -> None:
    z = draw(MU[:2], LOGVAR[:2], 20_000, seed=1).reshape(2, 20_000, 3)
    np.testing.assert_allclose(z.mean(axis=1), MU[:2], atol=0.05)
    np.testing.assert_allclose(z.var(axis=1), np.exp(LOGVAR[:2]), rtol=0.05)
    np.testing.assert_array_equal(z.reshape(-1, 3), draw(MU[:2], LOGVAR[:2], 20_000, seed=1))


def test_correlations_count_the_posteriors_own_variance() -> None:
    z = draw(MU, LOGVAR, 20_000)
    np.testing.assert_allclose(correlations(MU, LOGVAR), np.corrcoef(z.T), atol=0.01)


def test_a_report_hears_all_and_stops() -> None:
    heard: list[float] = []
    z = RNG.normal(size=(100, 3))
    assert log_density(MU, LOGVAR, z, lambda share: bool(heard.append(share))) is not None
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert log_density(MU, LOGVAR, z, lambda share: True) is None
    assert negentropies(MU, LOGVAR, lambda share: True) is None


def test_of_points_the_nearest_one_alone_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short way of points and the long way of narrow Gaussians agree, piece by piece too."""
    z, logvar = RNG.normal(0, 1, (40, 3)), np.full_like(MU, POINT_LOGVAR)
    found = log_density(MU, logvar, z)
    monkeypatch.setattr(aggregate, "_POINTS", 7)
    np.testing.assert_array_equal(log_density(MU, logvar, z), found)
    monkeypatch.setattr(aggregate, "POINT_LOGVAR", 0.0)  # nobody is a point any more
    slow = log_density(MU, logvar, z)
    np.testing.assert_allclose(found, slow, rtol=1e-5)
    nearest = np.linalg.norm(z[:, None] - MU, axis=2).min(axis=1)
    np.testing.assert_array_equal(np.argsort(-nearest), np.argsort(found))


def test_the_density_of_points_can_be_stopped() -> None:
    assert log_density(MU, np.full_like(MU, POINT_LOGVAR), MU, report=lambda share: True) is None
