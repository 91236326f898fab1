"""Holes: where the prior has mass and the aggregated posterior q(z) has none, calibrated.

What "none" means is measured, not chosen: half of the images, A, make a density q_A(z); the other
half, B, tell how low it is where codes of unseen images really lie. A draw from the prior is in a
hole if q_A is lower there than at all but 1 % of those. Were q(z) the prior, 1 % would be.

The mismatch: Rosca, Lakshminarayanan & Mohamed (2018), "Distribution matching in variational
inference"; Tomczak & Welling (2018), "VAE with a VampPrior".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vae.errors import VaeError
from vae.latent.aggregate import Report, draw, log_density

FEWEST_IMAGES = 40  # 20 in each half: with fewer a quantile of 5 % means nothing
MOST_IMAGES = 10_000  # of more, a seeded sample is taken
_CANDIDATES = 5  # for each code that is shown
DRAWS = 4000  # of the prior, and about as many of the unseen images' posteriors


@dataclass(frozen=True)
class Coverage:
    """How dense q_A is where the prior has mass, and where codes of unseen images lie.

    Attributes:
        seen: rows of the images of half A, (n // 2,) int64.
        unseen: how many images half B has.
        prior: draws z ~ N(0, I), (m, d) float32.
        prior_log_q: log q_A(z) of those, (m,), in nats.
        real: draws z ~ q(z|x) of half B, (r, d) float32.
        real_log_q: log q_A(z) of those, (r,).
        known: how many images there were to choose from.
    """

    seen: np.ndarray
    unseen: int
    prior: np.ndarray
    prior_log_q: np.ndarray
    real: np.ndarray
    real_log_q: np.ndarray
    known: int


@dataclass(frozen=True)
class Holes:
    """Which draws of the prior are in holes.

    Attributes:
        level: share of the unseen images' own draws that lie as low: the false alarms.
        threshold: log q_A(z) below which a z is in a hole, in nats.
        inside: which draws of the prior are, bool (m,).
        share: how much of the prior's mass that is, 0–1.
        error: its standard error: of the draws, and of the threshold.
    """

    level: float
    threshold: float
    inside: np.ndarray
    share: float
    error: float


def coverage(
    mu: np.ndarray,
    logvar: np.ndarray,
    seed: int = 0,
    draws: int = DRAWS,
    report: Report | None = None,
) -> Coverage | None:
    """Measure q_A at draws of the prior and of unseen images: means and log-variances (n, d).

    Returns:
        What was measured, or ``None`` if ``report`` stopped it.

    Raises:
        VaeError: with codes of fewer than :data:`FEWEST_IMAGES` images.
    """
    if len(mu) < FEWEST_IMAGES:
        raise VaeError(
            f"Holes need the codes of at least {FEWEST_IMAGES} images; there are {len(mu)}."
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(mu))[:MOST_IMAGES]
    seen, others = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    some = rng.permutation(others)[:draws]
    real = draw(mu[some], logvar[some], max(1, draws // len(some)), seed + 1)
    prior = rng.standard_normal((draws, mu.shape[1]))
    both = np.concatenate([real, prior])
    log_q = log_density(mu[seen], logvar[seen], both, report)
    if log_q is None:
        return None
    return Coverage(
        seen,
        len(some),
        prior.astype(np.float32),
        log_q[len(real) :],
        real.astype(np.float32),
        log_q[: len(real)],
        len(mu),
    )


def holes(found: Coverage, level: float = 0.01) -> Holes:
    """The holes at a rate of false alarms, ``level``.

    Raises:
        VaeError: if that is not between 0 and 0.5.
    """
    if not 0 < level < 0.5:
        raise VaeError(f"A false-alarm rate of {level} was asked for; it must be in (0, 0.5).")
    # How many unseen images happen to lie below a threshold is binomial: one standard error of
    # that in each direction moves the threshold.
    doubt = np.sqrt(level * (1 - level) / found.unseen)
    levels = [level, max(0.0, level - doubt), level + doubt]
    thresholds = np.quantile(found.real_log_q, levels)
    share, less, more = ((found.prior_log_q < threshold).mean() for threshold in thresholds)
    drawn = share * (1 - share) / len(found.prior_log_q)
    return Holes(
        level=level,
        threshold=float(thresholds[0]),
        inside=found.prior_log_q < thresholds[0],
        share=float(share),
        error=float(np.sqrt(drawn + ((more - less) / 2) ** 2)),
    )


def lower_share(found: Coverage) -> float:
    """How often a draw of the prior has a lower q_A(z) than a draw of an unseen image, 0–1.

    Over all pairs (Mann & Whitney, 1947): one half if q(z) is the prior, 1 if every draw of the
    prior lies where q(z) is thinner than at any real code.
    """
    real = np.sort(found.real_log_q)
    above = len(real) - np.searchsorted(real, found.prior_log_q, side="right")
    return float(above.mean() / len(real))


def varied(z: np.ndarray, log_q: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """``k`` of the rows, or all, unlike one another and of every depth; the lowest log q first.

    From candidates in even steps of rank, always the one farthest from those taken so far,
    beginning with the deepest (Gonzalez, 1985): else most would come from one large hole.

    Args:
        z: codes, (m, d).
        log_q: how dense q is at them, (m,).
        rows: which may be taken, (r,).
    """
    ordered = rows[np.argsort(log_q[rows], kind="stable")]
    if len(ordered) <= k:
        return ordered
    count = min(len(ordered), _CANDIDATES * k)
    candidates = ordered[((np.arange(count) + 0.5) * len(ordered) / count).astype(np.int64)]
    places = z[candidates].astype(np.float64)
    taken = [0]
    nearest = np.linalg.norm(places - places[0], axis=1)
    while len(taken) < k:
        nearest[taken] = -1.0
        taken.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(places - places[taken[-1]], axis=1))
    return candidates[np.sort(taken)]
