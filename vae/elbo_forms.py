"""The ELBO written in two ways that agree: reconstruction and KL, or joint and entropy.

    ELBO(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z))      (Kingma & Welling, 2014, equation 3)
            = E_q[log p(x, z)] + H(q(z|x))              (their equation 2, with the entropy named)

log p(x, z) = log p(x|z) + log p(z), so the reconstruction is the same in both, and the KL is the
difference of two terms that both have a closed form:
KL(q(z|x) || p(z)) = -E_q[log p(z)] - H(q(z|x)).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor

from vae.objectives import Terms

_LOG_2PI = math.log(2 * math.pi)


class JointForm(NamedTuple):
    """The ELBO's second form per image, each of shape (N,), in nats.

    Attributes:
        log_likelihood: E_q[log p(x|z)], the reconstruction with its sign turned.
        log_prior: E_q[log p(z)].
        entropy: H(q(z|x)), which may be negative: it is that of a density.
    """

    log_likelihood: Tensor
    log_prior: Tensor
    entropy: Tensor

    @property
    def log_joint(self) -> Tensor:
        """E_q[log p(x, z)], (N,)."""
        return self.log_likelihood + self.log_prior

    @property
    def elbo(self) -> Tensor:
        """E_q[log p(x, z)] + H(q(z|x)), (N,)."""
        return self.log_joint + self.entropy


def expected_log_prior(mu: Tensor, logvar: Tensor) -> Tensor:
    """E_q[log p(z)] of q = N(mu, diag(exp(logvar))) under p = N(0, I): (N, d) -> (N,), in nats.

    Formula: - Σ_j (mu_j² + sigma_j²) / 2 - d/2 · log 2 pi.
    """
    return -0.5 * (mu.square() + logvar.exp() + _LOG_2PI).sum(-1)


def posterior_entropy(logvar: Tensor) -> Tensor:
    """H(q) of q = N(mu, diag(exp(logvar))), whatever its mean: (N, d) -> (N,), in nats.

    Formula: Σ_j (1 + log 2 pi sigma_j²) / 2.
    """
    return 0.5 * (1.0 + _LOG_2PI + logvar).sum(-1)


def joint_form(reconstruction: Tensor, mu: Tensor, logvar: Tensor) -> JointForm:
    """The second form, of the same reconstruction -E_q[log p(x|z)], (N,), as the first."""
    return JointForm(-reconstruction, expected_log_prior(mu, logvar), posterior_entropy(logvar))


def elbo_of(terms: Terms) -> Tensor:
    """The first form: -reconstruction - KL, (N,), in nats."""
    return -terms.reconstruction - terms.kl
