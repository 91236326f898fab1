"""What the KL of the posteriors is spent on: information, correlation, and shape of q(z).

Hoffman & Johnson (2016), "ELBO surgery"; Chen et al. (2018), "Isolating sources of
disentanglement in variational autoencoders":

    E_x KL(q(z|x) || p(z)) = I_q(x; z) + KL(q(z) || Π_j q(z_j)) + Σ_j KL(q(z_j) || p(z_j))
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from vae.latent.aggregate import (
    LOG_2PI,
    Report,
    correlations,
    draw,
    log_density,
    negentropies,
)
from vae.latent.statistics import kl_per_dimension

MOST_IMAGES = 10_000  # of more, a seeded sample is taken
_DRAWS = 10_000  # about as many in all, and one of each image at least
_MARGINALS = 0.2  # share of the work


@dataclass(frozen=True)
class KlParts:
    """The KL taken apart, for the images given. All in nats.

    Attributes:
        kl: E_x KL(q(z|x) || p(z)), in closed form; the three parts add up to it.
        information: I_q(x; z), between the image's number and z; at most :attr:`ceiling`.
        correlation: total correlation, KL(q(z) || Π_j q(z_j)).
        marginals: KL(q(z_j) || N(0, 1)) of each dimension, (d,).
        error: one standard error of ``information``, from the draws; ``correlation`` has the
            same with the opposite sign, so their sum does not have it.
        marginals_error: numerical error of ``marginals``, (d,).
        sampled_kl: the KL once more, from the draws alone: a check of them.
        sampled_error: its standard error.
        gaussian: -½ log det Corr(q(z)): the total correlation of a Gaussian correlated alike.
        images: how many images the parts are of.
        known: how many there were to choose from.
        draws: how many draws of z.
        seconds: how long it took.
    """

    kl: float
    information: float
    correlation: float
    marginals: np.ndarray
    error: float
    marginals_error: np.ndarray
    sampled_kl: float
    sampled_error: float
    gaussian: float
    images: int
    known: int
    draws: int
    seconds: float

    @property
    def ceiling(self) -> float:
        """log n: the number of one of n images holds no more information."""
        return float(np.log(self.images))


def kl_parts(
    mu: np.ndarray, logvar: np.ndarray, seed: int = 0, report: Report | None = None
) -> KlParts | None:
    """Take the KL apart: posterior means and log-variances (n, d).

    I = E[log q(z|x) - log q(z)] is the mean over draws z ~ q(z|x_i) of every image i, with log q(z)
    over all n components. E[log q(z|x)] is known, so E[log q(z)] is that less I, with an error as
    small as that of I; the marginal terms are integrals. In one dimension nothing is drawn.

    Returns:
        The parts, or ``None`` if ``report`` stopped it.
    """
    began, known = time.perf_counter(), len(mu)
    if known > MOST_IMAGES:
        rows = np.random.default_rng(seed).permutation(known)[:MOST_IMAGES]
        mu, logvar = mu[rows], logvar[rows]
    mu, logvar = mu.astype(np.float64), logvar.astype(np.float64)
    n, d = mu.shape

    def part(start: float, end: float) -> Report | None:
        return report and (lambda share: report(start + (end - start) * share))

    found = negentropies(mu, logvar, part(0.0, _MARGINALS))
    if found is None:
        return None
    plain, plain_error = found
    negentropy = -0.5 * (logvar.sum(axis=1).mean() + d * (1.0 + LOG_2PI))  # E[log q(z|x)]
    each = max(1, _DRAWS // n)
    z = draw(mu, logvar, each, seed)
    log_q = log_density(mu, logvar, z, part(_MARGINALS, 1.0))
    if log_q is None:
        return None
    owner = np.repeat(np.arange(n), each)
    log_own = -0.5 * ((z - mu[owner]) ** 2 * np.exp(-logvar[owner]) + logvar[owner] + LOG_2PI)
    log_own = log_own.sum(axis=1)
    log_p = -0.5 * (z**2 + LOG_2PI).sum(axis=1)
    information, error = _stratified(log_own - log_q, each)
    if d == 1:
        information, error = negentropy - plain[0], plain_error[0]
    sampled_kl, sampled_error = _stratified(log_own - log_p, each)
    second_moments = (mu**2 + np.exp(logvar)).mean(axis=0)
    return KlParts(
        kl=float(kl_per_dimension(mu, logvar).sum()),
        information=float(information),
        correlation=float(negentropy - information - plain.sum()),
        marginals=plain + 0.5 * (second_moments + LOG_2PI),
        error=float(error),
        marginals_error=plain_error,
        sampled_kl=sampled_kl,
        sampled_error=sampled_error,
        gaussian=float(-0.5 * np.linalg.slogdet(correlations(mu, logvar))[1]),
        images=n,
        known=known,
        draws=len(z),
        seconds=time.perf_counter() - began,
    )


def _stratified(values: np.ndarray, each: int) -> tuple[float, float]:
    """Mean of values, ``each`` of every image, and its standard error.

    With one draw of each the differences between images count as noise too: an error that is
    rather too large.
    """
    groups = values.reshape(-1, each)
    if each > 1:
        variance = groups.var(axis=1, ddof=1).mean()
    else:
        variance = values.var(ddof=1) if len(values) > 1 else 0.0
    return float(values.mean()), float(np.sqrt(variance / len(values)))
