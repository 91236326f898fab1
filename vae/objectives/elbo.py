"""The evidence lower bound and its terms, in nats.

ELBO(x) = E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z))     (Kingma & Welling, 2014)
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from vae.config import Likelihood


class Terms(NamedTuple):
    """Terms of the negative ELBO per image, each of shape (N,), in nats.

    The ELBO's loss is the mean of their sum; beta-VAE's weighs ``kl`` (Higgins et al., 2017).
    """

    reconstruction: Tensor
    kl: Tensor


def gaussian_kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, diag(exp(logvar))) || N(0, I)) per dimension, (N, d), in nats.

    Formula: (mu² + sigma² - 1 - log sigma²) / 2.
    """
    return 0.5 * (mu.square() + logvar.exp() - 1.0 - logvar)


def reconstruction_nll(logits: Tensor, x: Tensor, likelihood: Likelihood) -> Tensor:
    """-log p(x|z) summed over pixels, (N,), in nats, for logits and images (N, C, H, W).

    bernoulli: binary cross-entropy of pixels in 0–1 taken as probabilities. For grey pixels it
    never reaches 0: at best it equals the pixels' own entropy.
    gaussian: squared error / 2 + log(2 pi) / 2 per pixel, that is, unit variance.
    """
    if likelihood == "bernoulli":
        per_pixel = _CrossEntropy.apply(logits, x)
    else:
        per_pixel = 0.5 * (logits - x).square() + 0.5 * math.log(2 * math.pi)
    return per_pixel.flatten(1).sum(1)


class _CrossEntropy(torch.autograd.Function):
    """Binary cross-entropy per pixel: the seventh part of the time of PyTorch's own, which takes
    its logarithm of 1 + exp(-abs(l)) one by one.

    With p = sigmoid(l): max(l, 0) - l·x - log max(p, 1 - p), and its gradient p - x.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, x: Tensor) -> Tensor:
        p = torch.sigmoid(logits)
        ctx.save_for_backward(logits, p, x)
        per_pixel = logits.clamp_min(0.0).addcmul_(logits, x, value=-1.0)
        return per_pixel.sub_(torch.maximum(p, 1.0 - p).log_())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor | None]:
        logits, p, x = ctx.saved_tensors
        of_x = -logits * gradient if ctx.needs_input_grad[1] else None
        return (p - x).mul_(gradient), of_x


def single(tensor: Tensor) -> Tensor:
    """Half precision as single; what is more precise stays so."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def elbo_terms(
    logits: Tensor, x: Tensor, mu: Tensor, logvar: Tensor, likelihood: Likelihood
) -> Terms:
    """The two terms of the negative ELBO, in single precision whatever autocast chose."""
    with torch.autocast(device_type=x.device.type, enabled=False):
        return Terms(
            reconstruction=reconstruction_nll(single(logits), single(x), likelihood),
            kl=gaussian_kl(single(mu), single(logvar)).sum(1),
        )
