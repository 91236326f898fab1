"""The test ELBO, split into its terms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vae.inference import image_terms
from vae.latent.statistics import active_units, kl_per_dimension
from vae.model import VAE


def evaluate(model: VAE, images: np.ndarray, dataset: str, seed: int = 0) -> dict[str, Any]:
    """The ELBO of held-out images, one posterior sample each, and what the code uses.

    Args:
        model: in evaluation mode.
        images: uint8 (n, H, W, C).
        dataset: their name, repeated in the answer.
        seed: of the posterior samples; the same seed gives the same figures.

    Returns:
        ``elbo`` = -(``reconstruction`` + ``kl``), means in nats per image; its
        ``standard_error``; ``bits_per_dimension`` = -elbo / (pixels · ln 2);
        ``active_units`` (see :func:`vae.latent.statistics.active_units`), ``latent_dim``,
        ``kl_per_dimension`` (nats), ``dataset``, ``n``. Where codes are points, ``elbo``,
        ``kl``, ``bits_per_dimension`` and ``kl_per_dimension`` are ``None``: there is no posterior.
    """
    terms = image_terms(model, images, seed)
    negative = terms["reconstruction"].astype(np.float64)
    point = model.config.posterior == "point"
    if not point:
        negative += terms["kl"]
    pixels = math.prod(model.config.image_shape)
    per_dimension = kl_per_dimension(terms["mu"], terms["logvar"])
    return {
        "dataset": dataset,
        "n": len(images),
        "elbo": None if point else -float(negative.mean()),
        "reconstruction": float(terms["reconstruction"].mean(dtype=np.float64)),
        "kl": None if point else float(terms["kl"].mean(dtype=np.float64)),
        "standard_error": float(negative.std(ddof=1) / math.sqrt(len(images))),
        "bits_per_dimension": (None if point else float(negative.mean() / (pixels * math.log(2)))),
        "active_units": int(active_units(terms["mu"], model.config.posterior).sum()),
        "latent_dim": model.config.latent_dim,
        "kl_per_dimension": (
            None if point else [round(float(value), 6) for value in per_dimension]
        ),
    }
