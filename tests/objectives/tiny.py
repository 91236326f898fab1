"""A model small enough for brute force, in double precision, and its terms by name."""

from __future__ import annotations

import torch
from torch import Tensor

from vae.config import Likelihood, ModelConfig, Objective, ObjectiveConfig
from vae.model import VAE
from vae.objectives import TERMS, noise_shape, objective_terms

SIZE = 100  # images in the pretended training set


def tiny_model(likelihood: Likelihood = "bernoulli", point: bool = False) -> VAE:
    """4 pixels, 3 hidden units, 2 latent dimensions; weights from a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        posterior = "point" if point else "gaussian"
        return VAE(ModelConfig("mlp", (3,), 2, (2, 2, 1), likelihood, posterior=posterior)).double()


def draws(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    """Double-precision draws from N(0, 1)."""
    return torch.randn(shape, dtype=torch.double, generator=torch.Generator().manual_seed(seed))


def images(n: int = 6, seed: int = 1) -> Tensor:
    """Grey images (n, 1, 2, 2) in 0–1."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((n, 1, 2, 2), dtype=torch.double, generator=generator)


def named_terms(
    model: VAE,
    x: Tensor,
    kind: Objective,
    eps: Tensor | None = None,
    target: Tensor | None = None,
    capacity: float = 0.0,
    **settings: float,
) -> dict[str, Tensor]:
    """The terms of an objective for a batch."""
    objective = ObjectiveConfig(kind, **settings)
    if eps is None:
        eps = draws(noise_shape(objective, len(x), model.config.latent_dim))
    c = torch.tensor(capacity, dtype=x.dtype)
    terms = objective_terms(model, x, x if target is None else target, eps, objective, c, SIZE)
    return dict(zip(TERMS[kind], terms, strict=True))
