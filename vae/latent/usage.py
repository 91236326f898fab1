"""What a model uses its code for while it learns: KL by dimension, active units, I(x; z)."""

from __future__ import annotations

from typing import Any

import numpy as np

from vae.latent.aggregate import LOG_2PI, log_density
from vae.latent.statistics import active_units, kl_per_dimension

# For log n to be above what most models say of an image, and the sums over all pairs to be quick.
MOST_IMAGES = 1000
_NARROWEST = -28.0  # a log-variance: sigma = 8e-7, what single precision tells apart from 1


def mutual_information(mu: np.ndarray, logvar: np.ndarray, seed: int = 0) -> float:
    """I(x; z) in nats between the number of one of n images and z, (n, d) twice: at most log n.

    E[log q(z|x) - log q(z)] over one draw z ~ q(z|x) of each image, with q(z) the mean of the n
    posteriors: that of a minibatch, of all its images or of the first 1,000 (Hoffman & Johnson,
    2016, "ELBO surgery"). An estimate: from other draws it is a little different.
    """
    mu = mu[:MOST_IMAGES].astype(np.float64)
    logvar = np.clip(logvar[:MOST_IMAGES].astype(np.float64), _NARROWEST, -_NARROWEST)
    eps = np.random.default_rng(seed).standard_normal(mu.shape)
    z = mu + np.exp(0.5 * logvar) * eps
    # not eps: where sigma is tiny, z is rounded to what can be told apart beside mu
    log_own = -0.5 * ((z - mu) ** 2 * np.exp(-logvar) + logvar + LOG_2PI).sum(axis=1)
    log_all = log_density(mu, logvar, z)
    assert log_all is not None  # nobody stops it
    return float((log_own - log_all).mean())


def usage(mu: np.ndarray, logvar: np.ndarray) -> dict[str, Any]:
    """What a point of the validation images says beside its terms: posteriors, (n, d) twice.

    Returns:
        ``kl_dims``: mean KL(q(z_j|x) || N(0, 1)) of each dimension in nats, d numbers;
        ``active_units`` (see :func:`vae.latent.statistics.active_units`);
        ``mutual_information``: see :func:`mutual_information`.
    """
    return {
        "kl_dims": kl_per_dimension(mu, logvar).tolist(),
        "active_units": int(active_units(mu).sum()),
        "mutual_information": mutual_information(mu, logvar),
    }
