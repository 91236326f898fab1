"""What the codes of held-out images say about a latent space."""

from __future__ import annotations

from typing import Any

import numpy as np

from vae.config import Posterior
from vae.latent.neighbours import neighbour_distances
from vae.runs import Run

QUANTILE_LEVELS = (1, 5, 25, 50, 75, 95, 99)  # percent
ACTIVE_VARIANCE = 0.01  # of a posterior's mean, beside the prior's variance of 1
ACTIVE_SHARE = 0.01  # of a point code: of the largest variance, as its scale is the encoder's own


def kl_per_dimension(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Mean over images of KL(q(z_j|x) || N(0, 1)), (n, d) twice -> (d,), in nats."""
    mu, logvar = mu.astype(np.float64), logvar.astype(np.float64)
    return 0.5 * (mu**2 + np.exp(logvar) - 1.0 - logvar).mean(0)


def active_units(mu: np.ndarray, posterior: Posterior = "gaussian") -> np.ndarray:
    """Which dimensions carry information: Var_x(E[z_j|x]) > 0.01, (n, d) -> bool (d,).

    The criterion of Burda, Grosse & Salakhutdinov (2016), "Importance weighted autoencoders". No
    prior gives point codes a scale: of these, Var_x(z_j) above 1 % of the largest such variance.
    """
    variances = mu.astype(np.float64).var(0)
    if posterior == "point":
        return variances > ACTIVE_SHARE * variances.max()
    return variances > ACTIVE_VARIANCE


def quantiles(mu: np.ndarray, logvar: np.ndarray | None, seed: int = 0) -> np.ndarray:
    """Quantiles of the aggregated posterior q(z) = E_x[q(z|x)] per dimension, (7, d).

    Estimated from one draw of each image's posterior, at :data:`QUANTILE_LEVELS` percent; without
    ``logvar``, where codes are points, those of the codes.
    """
    if logvar is None:
        return np.percentile(mu, QUANTILE_LEVELS, axis=0)
    eps = np.random.default_rng(seed).standard_normal(mu.shape, dtype=np.float32)
    return np.percentile(mu + np.exp(0.5 * logvar) * eps, QUANTILE_LEVELS, axis=0)


def summary(run: Run) -> dict[str, Any]:
    """What a list of models says of each, as JSON values; reads nothing but the configuration."""
    model, objective = run.config.model, run.config.objective
    weighted = objective.objective == "elbo" and objective.beta != 1
    return {
        "name": run.name,
        "dataset": run.config.training.dataset,
        "objective": f"beta-vae (beta = {objective.beta:g})" if weighted else objective.objective,
        "latent_dim": model.latent_dim,
        "image_shape": list(model.image_shape),
        "bundled": run.bundled,
    }


def facts(run: Run) -> dict[str, Any]:
    """What the live channel and the pages say of a model, as JSON values.

    ``name``, ``dataset``, ``objective``, ``likelihood``, ``latent_dim``, ``image_shape``
    [H, W, C], ``bundled``; ``posterior``: ``"gaussian"``, or ``"point"`` in an autoencoder; per
    dimension ``kl`` (nats; ``None`` where codes are points), ``variances`` (of the posterior means,
    between images), ``active`` and ``quantiles`` (of q(z), at ``quantile_levels`` percent);
    ``neighbour_distances``: at the same levels, how far a code's nearest other code is (of up to
    1,000 codes; empty where there is no other).

    Raises:
        VaeError: if the run's codes are missing or damaged.
    """
    codes, posterior = run.codes(), run.config.model.posterior
    distances = neighbour_distances(codes.mu)
    point = posterior == "point"
    kl = None if point else kl_per_dimension(codes.mu, codes.logvar).round(6).tolist()
    spread = quantiles(codes.mu, None if point else codes.logvar)
    return summary(run) | {
        "likelihood": run.config.model.likelihood,
        "posterior": posterior,
        "kl": kl,
        "variances": codes.mu.astype(np.float64).var(0).round(9).tolist(),
        "active": active_units(codes.mu, posterior).tolist(),
        "quantile_levels": list(QUANTILE_LEVELS),
        "quantiles": spread.T.round(7).tolist(),
        "neighbour_distances": (
            np.percentile(distances, QUANTILE_LEVELS).round(5).tolist() if len(distances) else []
        ),
    }
