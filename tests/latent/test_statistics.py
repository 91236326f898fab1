"""Statistics of codes against closed forms."""

from __future__ import annotations

import numpy as np
import torch

from vae.latent.statistics import active_units, facts, kl_per_dimension, quantiles
from vae.objectives import gaussian_kl
from vae.runs import Run

RNG = np.random.default_rng(0)


def test_kl_per_dimension_is_the_mean_of_the_objective_s() -> None:
    mu, logvar = RNG.standard_normal((2, 50, 4)).astype(np.float32)
    expected = gaussian_kl(torch.tensor(mu), torch.tensor(logvar)).mean(0).numpy()
    np.testing.assert_allclose(kl_per_dimension(mu, logvar), expected, rtol=1e-5)


def test_active_units_by_the_variance_of_the_mean() -> None:
    mu = np.stack([RNG.normal(5, 0.2, 5000), RNG.normal(5, 0.05, 5000)], axis=1)
    assert active_units(mu).tolist() == [True, False]


def test_quantiles_of_a_known_aggregated_posterior() -> None:
    """Means N(0, 0.6²) and posteriors of variance 0.64 make q(z) = N(0, 1) exactly."""
    mu = RNG.normal(0, 0.6, (200_000, 1)).astype(np.float32)
    logvar = np.full_like(mu, np.log(0.64))
    expected = [-2.326, -1.645, -0.674, 0, 0.674, 1.645, 2.326]
    np.testing.assert_allclose(quantiles(mu, logvar)[:, 0], expected, atol=0.03)


def test_facts_of_a_run(tiny_run: Run) -> None:
    found = facts(tiny_run)
    assert found["latent_dim"] == len(found["kl"]) == len(found["active"]) == 2
    assert found["image_shape"] == [8, 8, 1]
    assert np.shape(found["quantiles"]) == (2, 7)  # a list of levels for each dimension
    assert np.all(np.diff(found["quantiles"], axis=1) > 0)
    codes = tiny_run.codes().mu.astype(float)
    distances = np.linalg.norm(codes[:, None] - codes, axis=2)
    np.fill_diagonal(distances, np.inf)
    expected = np.percentile(distances.min(axis=1), found["quantile_levels"])
    np.testing.assert_allclose(found["neighbour_distances"], expected, atol=1e-5)
    evaluation = tiny_run.evaluation
    assert evaluation is not None
    # codes are kept in half precision; the evaluation is not
    np.testing.assert_allclose(found["kl"], evaluation["kl_per_dimension"], atol=2e-3)


def test_active_point_codes_by_their_share_of_the_largest_variance() -> None:
    """Scaled as one likes, the same dimensions are active."""
    mu = RNG.normal(0, 1, (5000, 3)) * [1.0, 0.2, 0.05]
    for scale in (1e-3, 1.0, 50.0):
        assert active_units(scale * mu, "point").tolist() == [True, True, False]


def test_facts_of_points_have_no_kl(tiny_ae: Run) -> None:
    found, mu = facts(tiny_ae), tiny_ae.codes().mu
    assert (found["posterior"], found["kl"], found["objective"]) == ("point", None, "autoencoder")
    np.testing.assert_allclose(found["variances"], mu.astype(float).var(0), atol=1e-8)
    np.testing.assert_allclose(
        found["quantiles"], np.percentile(mu, found["quantile_levels"], axis=0).T, atol=1e-6
    )
