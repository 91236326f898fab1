"""Maximum mean discrepancy between codes and the prior: WAE-MMD and InfoVAE."""

from __future__ import annotations

import torch
from torch import Tensor

_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """Inverse multiquadratics summed over seven scales, (N, d) and (M, d) -> (N, M).

    k(a, b) = sum_s C_s / (C_s + ||a - b||²) with C_s = 2·d·s: 2d is the expected squared distance
    of two draws from N(0, I) (Tolstikhin et al., 2018, section 4 and their code).
    """
    # Not torch.cdist: its square root has no gradient where two codes coincide.
    squared = a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T
    squared = squared.clamp_min(0.0)
    total = torch.zeros_like(squared)
    for scale in _SCALES:
        c = 2.0 * a.shape[1] * scale
        total = total + c / (c + squared)
    return total


def mmd(z: Tensor, prior: Tensor) -> Tensor:
    """The squared maximum mean discrepancy of two samples (N, d), unbiased: a number of no unit.

    1/(N(N-1)) sum_{i≠j} [k(z_i, z_j) + k(p_i, p_j)] - 2/N² sum_{ij} k(z_i, p_j)  (Gretton et al.,
    2012, equation 3). It may be below 0; 0 of one image alone.
    """
    n = len(z)
    if n < 2:
        return z.sum() * 0.0
    same = kernel(z, z) + kernel(prior, prior)
    # k(a, a) is the number of scales, twice for each image
    within = (same.sum() - 2 * len(_SCALES) * n) / (n * (n - 1))
    return within - 2 * kernel(z, prior).mean()
