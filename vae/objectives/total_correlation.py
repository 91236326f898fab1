"""beta-TCVAE: the KL taken apart within a batch, its total correlation weighted.

Chen et al., 2018:

E_x[KL(q(z|x) || p(z))] = index-code mutual information + total correlation + dimension-wise KL
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class KLParts(NamedTuple):
    """One-sample estimates per image, each of shape (N,), in nats; their means sum to the KL's."""

    index_code_mi: Tensor
    total_correlation: Tensor
    dimension_kl: Tensor


def log_normal(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log N(z; mu, exp(logvar)) per dimension, in nats; the shapes broadcast."""
    return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu).square() * torch.exp(-logvar))


def kl_parts(z: Tensor, mu: Tensor, logvar: Tensor, size: int) -> KLParts:
    """The three parts by minibatch-weighted sampling, from one batch alone.

    log q(z_i) ≈ log sum_j q(z_i|x_j) - log(N·size), and each dimension's likewise (their
    equation 5). Biased for small batches; the sum of the three is exact for every batch: it is
    log q(z|x) - log p(z).

    Args:
        z: one draw from each posterior, (N, d).
        mu, logvar: the posteriors, (N, d).
        size: images in the training set.
    """
    # of each draw under each posterior, dimension by dimension: (N, N, d)
    pairs = log_normal(z[:, None], mu[None], logvar[None])
    outside = math.log(len(z) * size)
    log_q = torch.logsumexp(pairs.sum(2), dim=1) - outside  # (N,)
    log_product = (torch.logsumexp(pairs, dim=1) - outside).sum(1)  # (N,)
    log_conditional = log_normal(z, mu, logvar).sum(1)
    log_prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)
    return KLParts(
        index_code_mi=log_conditional - log_q,
        total_correlation=log_q - log_product,
        dimension_kl=log_product - log_prior,
    )
