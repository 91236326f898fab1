"""How the ways to draw codes agree with where real codes lie: strays and omissions, calibrated.

The images are in two halves, as for :mod:`vae.latent.holes`. A way may learn from half B; half A
judges. *Off the data* is a draw where q_A is thinner than at all but 1 % of the draws of B's own
posteriors. *Left out* is a code of A that lies farther from the nearest draw than all but 1 % do
from as many draws of B's posteriors. So a way that draws as the data do gets 1 % of each. In the
manner of precision and recall for generative models (Kynkäänniemi et al., 2019, "Improved precision
and recall metric for assessing generative models"), with thresholds that are measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vae.latent.aggregate import Report, draw, log_density
from vae.latent.holes import Coverage
from vae.latent.neighbours import nearest_codes
from vae.latent.sampling import COMPONENTS, Mixture, fit_mixture, from_mixture, from_uniform

_TARGETS = 2000  # codes of half A that are looked for among the draws
_FIT = 0.7  # share of the work on a mixture that its fit is


@dataclass(frozen=True)
class Drawn:
    """Draws in one way, and what was measured of them.

    Attributes:
        z: (m, d) float32, in random order.
        log_q: log q_A(z) of those, (m,), in nats.
        distances: how far each target is from the nearest of the first r of them, (t,).
    """

    z: np.ndarray
    log_q: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """The ways that need no fit, measured alike, and what they are measured against.

    Attributes:
        seen: rows of the images of half A.
        others: rows of all other images: half B.
        targets: draws of posteriors of half A, (t, d).
        judges: how many images those are of.
        usual: how far the targets are from the nearest of r draws of B's posteriors, (t,).
        unseen: how many images of B the draws of its posteriors are of.
        prior: draws of N(0, I).
        uniform: draws of U(-1, 1).
        aggregate: r draws of B's posteriors, others than those of ``usual``.
    """

    seen: np.ndarray
    others: np.ndarray
    targets: np.ndarray
    judges: int
    usual: np.ndarray
    unseen: int
    prior: Drawn
    uniform: Drawn
    aggregate: Drawn


@dataclass(frozen=True)
class Share:
    """A share of 0–1 with its standard error: of what was drawn, and of the threshold."""

    share: float
    error: float


def compare(
    mu: np.ndarray,
    logvar: np.ndarray,
    covered: Coverage,
    seed: int = 0,
    report: Report | None = None,
) -> Comparison | None:
    """Measure the prior, the uniform and the aggregated posterior: means and log-variances (n, d).

    Args:
        covered: what :func:`vae.latent.holes.coverage` measured of the same codes.

    Returns:
        What was measured, or ``None`` if ``report`` stopped it.
    """
    # Not the seeds of `covered`: in dimensions that are all noise, equal noise is an equal code.
    rng = np.random.default_rng([seed, 1])
    seeds = rng.integers(2**32, size=3).tolist()
    a, r = covered.seen, len(covered.real)
    b = np.setdiff1d(np.arange(len(mu)), a)
    judges = rng.permutation(a)[:_TARGETS]
    targets = draw(mu[judges], logvar[judges], max(1, _TARGETS // len(judges)), seeds[0])
    some = rng.permutation(b)[: covered.unseen]
    again = draw(mu[some], logvar[some], max(1, r // len(some)), seeds[1])
    uniform = from_uniform(len(covered.prior), mu.shape[1], seeds[2])
    log_q = log_density(mu[a], logvar[a], uniform, report)
    if log_q is None:
        return None

    def drawn(z: np.ndarray, log_q: np.ndarray) -> Drawn:
        return Drawn(z, log_q, _distances(z[:r], targets))

    mixed = rng.permutation(r)  # they come image by image
    return Comparison(
        a,
        b,
        targets,
        len(judges),
        _distances(again, targets),
        covered.unseen,
        prior=drawn(covered.prior, covered.prior_log_q),
        uniform=drawn(uniform, log_q),
        aggregate=drawn(covered.real[mixed], covered.real_log_q[mixed]),
    )


def compare_mixture(
    mu: np.ndarray,
    logvar: np.ndarray,
    found: Comparison,
    components: int = COMPONENTS,
    noise: bool = True,
    seed: int = 0,
    report: Report | None = None,
) -> tuple[Mixture, Drawn] | None:
    """A mixture fitted to half B of the same codes, and draws of it, measured as the others are.

    Args:
        noise: whether codes have their posterior's noise; not in a plain autoencoder.

    Returns:
        Both, or ``None`` if ``report`` stopped it.

    Raises:
        VaeError: as :func:`vae.latent.sampling.fit_mixture` does.
    """

    def part(done: float, share: float) -> Report | None:
        return None if report is None else lambda some: report(done + share * some)

    a, b = found.seen, found.others
    mixture = fit_mixture(mu[b], logvar[b] if noise else None, components, seed, part(0.0, _FIT))
    if mixture is None:
        return None
    z = from_mixture(mixture, len(found.prior.z), seed)
    log_q = log_density(mu[a], logvar[a], z, part(_FIT, 1 - _FIT))
    if log_q is None:
        return None
    r = len(found.aggregate.z)
    return mixture, Drawn(z, log_q, _distances(z[:r], found.targets))


def off_data(found: Comparison, drawn: Drawn, level: float = 0.01) -> Share:
    """How many draws lie where q_A is thinner than at all but ``level`` of real codes."""
    return _beyond(-drawn.log_q, -found.aggregate.log_q, level, found.unseen)


def left_out(found: Comparison, drawn: Drawn, level: float = 0.01) -> Share:
    """How many real codes lie farther from the draws than all but ``level`` do from real ones."""
    return _beyond(drawn.distances, found.usual, level, found.judges)


def _distances(draws: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """From each target to the nearest draw: (r, d), (t, d) -> (t,)."""
    return nearest_codes(draws)(targets)[:, 0, 1]


def _beyond(values: np.ndarray, usual: np.ndarray, level: float, images: int) -> Share:
    """How many values are larger than all but ``level`` of the usual ones, which are of images."""
    # How many images happen to lie beyond a threshold is binomial, as in vae.latent.holes.
    doubt = np.sqrt(level * (1 - level) / images)
    levels = [level, max(0.0, level - doubt), min(1.0, level + doubt)]
    thresholds = np.quantile(usual, 1 - np.array(levels))
    share, less, more = ((values > threshold).mean() for threshold in thresholds)
    drawn = share * (1 - share) / len(values)
    return Share(float(share), float(np.sqrt(drawn + ((more - less) / 2) ** 2)))
