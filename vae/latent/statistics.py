"""What the codes of held-out images say about a latent space."""

from __future__ import annotations

import numpy as np

QUANTILE_LEVELS = (1, 5, 25, 50, 75, 95, 99)  # percent
ACTIVE_VARIANCE = 0.01


def kl_per_dimension(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Mean over images of KL(q(z_j|x) || N(0, 1)), (n, d) twice -> (d,), in nats."""
    mu, logvar = mu.astype(np.float64), logvar.astype(np.float64)
    return 0.5 * (mu**2 + np.exp(logvar) - 1.0 - logvar).mean(0)


def active_units(mu: np.ndarray) -> np.ndarray:
    """Which dimensions carry information: Var_x(E[z_j|x]) > 0.01, (n, d) -> bool (d,).

    The criterion of Burda, Grosse & Salakhutdinov (2016), "Importance weighted autoencoders".
    """
    return mu.astype(np.float64).var(0) > ACTIVE_VARIANCE


def quantiles(mu: np.ndarray, logvar: np.ndarray, seed: int = 0) -> np.ndarray:
    """Quantiles of the aggregated posterior q(z) = E_x[q(z|x)] per dimension, (7, d).

    Estimated from one draw of each image's posterior, at :data:`QUANTILE_LEVELS` percent.
    """
    eps = np.random.default_rng(seed).standard_normal(mu.shape, dtype=np.float32)
    return np.percentile(mu + np.exp(0.5 * logvar) * eps, QUANTILE_LEVELS, axis=0)
