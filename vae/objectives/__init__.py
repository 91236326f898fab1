"""What is minimised: the negative ELBO and its relatives, as named terms in nats per image.

Each objective is a weighted sum of its terms: :func:`objective_terms` computes them for a batch,
:func:`vae.schedules.term_weights` says what each weighs. Terms of weight 0 are there to be watched.

| objective | loss | source |
|---|---|---|
| ``elbo`` | reconstruction + β·KL | Kingma & Welling 2014; β: Higgins et al. 2017 |
| ``capacity`` | reconstruction + γ·abs(KL − C) | Burgess et al. 2018 |
| ``beta-tcvae`` | reconstruction + MI + β·TC + dimension-wise KL | Chen et al. 2018 |
| ``wae-mmd`` | reconstruction + λ·MMD | Tolstikhin et al. 2018 |
| ``info-vae`` | reconstruction + (1 − α)·KL + (α + λ − 1)·MMD | Zhao et al. 2019 |
| ``iwae`` | − log 1/k Σ p(x, z)/q(z∣x) | Burda et al. 2016 |
| ``aevb`` | reconstruction + β·KL − γ·log q(z∣x) | Kingma & Welling 2014, weighted |
| ``autoencoder`` | reconstruction + λ·abs(z) | Hinton & Salakhutdinov 2006; Ng 2011 |
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from vae.config import Objective, ObjectiveConfig
from vae.model import VAE
from vae.objectives.elbo import Terms, elbo_terms, gaussian_kl, reconstruction_nll, single
from vae.objectives.mmd import mmd
from vae.objectives.total_correlation import KLParts, kl_parts, log_normal

__all__ = [
    "TERMS",
    "KLParts",
    "Terms",
    "elbo_terms",
    "gaussian_kl",
    "importance_bound",
    "itself",
    "kl_parts",
    "log_normal",
    "mmd",
    "noise_shape",
    "objective_terms",
    "reconstruction_nll",
]

TERMS: dict[Objective, tuple[str, ...]] = {
    "elbo": ("reconstruction", "kl"),
    "capacity": ("reconstruction", "kl", "capacity_gap"),
    "beta-tcvae": ("reconstruction", "kl", "index_code_mi", "total_correlation", "dimension_kl"),
    "wae-mmd": ("reconstruction", "kl", "mmd"),
    "info-vae": ("reconstruction", "kl", "mmd"),
    "iwae": ("reconstruction", "kl", "importance_bound"),
    "aevb": ("reconstruction", "kl", "neg_log_q"),
    "autoencoder": ("reconstruction", "l1"),
}


def noise_shape(objective: ObjectiveConfig, n: int, latent_dim: int) -> tuple[int, ...]:
    """The shape of the N(0, I) draws that a batch of n images takes: those of the posteriors, and
    behind them those of the prior where the codes are compared with it.
    """
    if objective.objective == "autoencoder":
        return (0,)
    if objective.objective == "iwae":
        return (objective.samples, n, latent_dim)
    if objective.objective in ("wae-mmd", "info-vae"):
        return (2, n, latent_dim)
    return (n, latent_dim)


def itself(rows: Tensor) -> Tensor:
    """All rows of a batch, where one process has them all."""
    return rows


def objective_terms(
    model: VAE,
    x: Tensor,
    target: Tensor,
    eps: Tensor,
    objective: ObjectiveConfig,
    capacity: Tensor,
    size: int,
    whole: Callable[[Tensor], Tensor] = itself,
) -> tuple[Tensor, ...]:
    """The terms of a batch, in the order of :data:`TERMS`, each (N,) or, of the batch, ().

    Args:
        x: what the encoder sees, (N, C, H, W) in 0–1.
        target: what is to be reconstructed, of the same shape; ``x`` itself but for denoising.
        eps: draws from N(0, I) of the shape of :func:`noise_shape`.
        capacity: C in nats, shape () (``capacity`` alone reads it).
        size: images in the training set (``beta-tcvae`` alone reads it).
        whole: of rows (N, …), those of the whole batch, where other processes have more of it
            (:meth:`vae.team.Team.whole`): a term that compares images looks at all of them.
    """
    kind, likelihood = objective.objective, model.config.likelihood
    # The draws in single precision: log q(z|x) divides by sigma² what was multiplied by it.
    mu, logvar = map(single, model.encode(x))
    if kind == "autoencoder":
        logits = model.decode_logits(mu)
        with _no_autocast(x):
            return reconstruction_nll(single(logits), target, likelihood), mu.abs().sum(1)
    z = mu + torch.exp(0.5 * logvar) * (eps[0] if kind in ("wae-mmd", "info-vae") else eps)
    if kind == "iwae":
        logits = model.decode_logits(z.flatten(0, 1))
        with _no_autocast(x):
            return _importance_terms(single(logits), target, z, mu, logvar, likelihood)
    logits = model.decode_logits(z)
    terms = elbo_terms(logits, target, mu, logvar, likelihood)
    if kind == "elbo":
        return terms
    with _no_autocast(x):
        if kind == "capacity":
            return *terms, (whole(terms.kl).mean() - capacity).abs()
        if kind == "beta-tcvae":
            parts = kl_parts(whole(z), whole(mu), whole(logvar), size)
            # Of a batch that others share: the means over all of it, which count for each image.
            return *terms, *(part if len(part) == len(x) else part.mean() for part in parts)
        if kind == "aevb":
            return *terms, -log_normal(z, mu, logvar).sum(1)
        return *terms, mmd(whole(z), whole(eps[1]))


def importance_bound(log_weights: Tensor) -> Tensor:
    """log 1/k sum_k w, (k, N) -> (N,), in nats, with log w = log p(x, z) - log q(z|x).

    A bound on log p(x) that tightens with k; k = 1 is the ELBO (Burda et al., 2016, equation 8).
    """
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))


def _importance_terms(
    logits: Tensor, target: Tensor, z: Tensor, mu: Tensor, logvar: Tensor, likelihood: str
) -> tuple[Tensor, Tensor, Tensor]:
    k, n, _ = z.shape
    repeated = target.expand(k, *target.shape).flatten(0, 1)  # (k·N, C, H, W)
    nll = reconstruction_nll(logits, repeated, likelihood).view(k, n)  # type: ignore[arg-type]
    log_prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(2)
    log_weights = -nll + log_prior - log_normal(z, mu, logvar).sum(2)
    return nll.mean(0), gaussian_kl(mu, logvar).sum(1), -importance_bound(log_weights)


def _no_autocast(x: Tensor) -> torch.autocast:
    """Sums over many pixels in single precision, whatever the networks compute in."""
    return torch.autocast(device_type=x.device.type, enabled=False)
