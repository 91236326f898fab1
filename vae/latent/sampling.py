"""Codes to decode, drawn in four ways: prior, uniform, aggregated posterior, fitted mixture.

Each way is a seeded function that returns codes z, (n, d) float32. An image is drawn from p(x|z) at
such a code; which codes are fair to ask the decoder for is what the four ways differ in.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from vae.codes import Codes
from vae.errors import VaeError
from vae.latent.aggregate import Report

Way = Literal["prior", "uniform", "aggregate", "mixture"]
WAYS: tuple[Way, ...] = get_args(Way)
COMPONENTS = 10
MOST_COMPONENTS = 50
MOST_CODES = 10_000  # that a mixture is fitted to; of more, a seeded sample is taken
FULL_COVARIANCE = 128  # dimensions; of more, each component's covariance is diagonal
_ITERATIONS, _AT_ONCE = 100, 2  # of EM: at most, and between two reports
_MORE = 8  # iterations that are still to come, for all that anyone knows
_TOLERANCE = 1e-3  # nats per code and dimension that an iteration must gain to be worth another
_RIDGE = 1e-6  # added to variances of codes that were scaled to variance 1


@dataclass(frozen=True)
class Mixture:
    """A mixture of k Gaussians in d dimensions.

    Attributes:
        weights: of the components, (k,); they add up to 1.
        means: (k, d) float64.
        factors: lower triangular L with covariance L Lᵀ, (k, d, d); or, where covariances are
            diagonal, standard deviations, (k, d).
        points: how many codes it was fitted to.
        each: how many of them are draws of one image's posterior.
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray
    points: int
    each: int


def from_prior(n: int, d: int, seed: int = 0) -> np.ndarray:
    """``n`` draws of the prior N(0, I), (n, d) float32: what the KL term pulls codes towards."""
    return np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)


def from_uniform(n: int, d: int, seed: int = 0) -> np.ndarray:
    """``n`` draws of U(-1, 1) in every dimension, (n, d) float32.

    Many course notebooks do this. It leaves most of the prior out: see :func:`cube_mass` and
    :func:`uniform_length`.
    """
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (n, d)).astype(np.float32)


def from_aggregate(mu: np.ndarray, logvar: np.ndarray | None, n: int, seed: int = 0) -> np.ndarray:
    """``n`` draws of the aggregated posterior q(z) = E_x[q(z|x)], (n, d) float32, exactly.

    A random image's code, and its own noise: z = mu + sigma · eps. Images may come again.

    Args:
        mu: posterior means, (m, d).
        logvar: their log-variances; ``None`` in a plain autoencoder, whose codes have no noise.
    """
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(mu), size=n)
    z = mu[rows].astype(np.float64)
    if logvar is not None:
        z += np.exp(0.5 * logvar[rows].astype(np.float64)) * rng.standard_normal(z.shape)
    return z.astype(np.float32)


def from_mixture(mixture: Mixture, n: int, seed: int = 0) -> np.ndarray:
    """``n`` draws of a fitted mixture, (n, d) float32."""
    rng = np.random.default_rng(seed)
    of = rng.choice(len(mixture.weights), size=n, p=mixture.weights)
    eps = rng.standard_normal((n, mixture.means.shape[1]))
    z = mixture.means[of]
    for k in range(len(mixture.weights)):
        mine, factor = of == k, mixture.factors[k]
        z[mine] += eps[mine] @ factor.T if factor.ndim == 2 else eps[mine] * factor
    return z.astype(np.float32)


def cube_mass(d: int) -> float:
    """Share of N(0, I)'s mass within the cube (-1, 1)^d: erf(1/√2)^d = 0.6827^d."""
    return math.erf(math.sqrt(0.5)) ** d


def uniform_length(d: int) -> float:
    """Root of the mean squared length of U(-1, 1) draws: √(d/3). The prior's is √d."""
    return math.sqrt(d / 3)


def fit_mixture(
    mu: np.ndarray,
    logvar: np.ndarray | None,
    components: int = COMPONENTS,
    seed: int = 0,
    report: Report | None = None,
) -> Mixture | None:
    """Fit a mixture of Gaussians by EM (scikit-learn's ``GaussianMixture``) to draws of q(z).

    To draws of the posteriors, not to their means alone, whose spread lacks the posteriors' own.
    At most :data:`MOST_CODES`: one of each image, or several of each where images are few. Full
    covariances up to :data:`FULL_COVARIANCE` dimensions, diagonal ones beyond.

    Args:
        mu: posterior means, (m, d).
        logvar: their log-variances; ``None`` in a plain autoencoder: the codes themselves then.
        components: 1 to :data:`MOST_COMPONENTS`.

    Returns:
        The mixture, or ``None`` if ``report`` stopped the fit.

    Raises:
        VaeError: if the number of components is not allowed, if there are fewer different codes
            than that, or if a code is not finite.
    """
    if not 1 <= components <= MOST_COMPONENTS:
        raise VaeError(
            f"A mixture of {components} components was asked for; it can have 1 to "
            f"{MOST_COMPONENTS}."
        )
    z, each = _to_fit(mu, logvar, seed)
    if not np.isfinite(z).all():
        raise VaeError("A mixture needs finite codes; there are NaN or infinite values in these.")
    different = len(np.unique(z, axis=0))
    if different < components:
        raise VaeError(
            f"A mixture of {components} components needs at least as many different codes; there "
            f"are {different}."
        )
    # Scaled, so that the ridge is small in every dimension; a constant one stays constant.
    centre, scale = z.mean(axis=0), z.std(axis=0)
    fitted = _fit((z - centre) / np.where(scale > 0, scale, 1.0), components, seed, report)
    if fitted is None:
        return None
    weights, means, factors = fitted
    factors *= scale[:, None] if factors.ndim == 3 else scale
    return Mixture(weights, centre + scale * means, factors, len(z), each)


def draw_codes(
    codes: Codes,
    way: Way,
    n: int,
    seed: int = 0,
    components: int = COMPONENTS,
    noise: bool = True,
) -> np.ndarray:
    """``n`` codes in one of the four ways, (n, d) float32.

    Args:
        codes: a model's held-out codes: what ``aggregate`` and ``mixture`` draw like.
        noise: whether codes have their posterior's noise; not in a plain autoencoder.

    Raises:
        VaeError: if there is no such way, and as :func:`fit_mixture` does.
    """
    logvar, d = codes.logvar if noise else None, codes.mu.shape[1]
    if way == "prior":
        return from_prior(n, d, seed)
    if way == "uniform":
        return from_uniform(n, d, seed)
    if way == "aggregate":
        return from_aggregate(codes.mu, logvar, n, seed)
    if way == "mixture":
        fitted = fit_mixture(codes.mu, logvar, components, seed)
        assert fitted is not None  # nobody stops it
        return from_mixture(fitted, n, seed)
    raise VaeError(f"There is no way {way!r} to draw codes; there are: {', '.join(WAYS)}.")


def _to_fit(mu: np.ndarray, logvar: np.ndarray | None, seed: int) -> tuple[np.ndarray, int]:
    """The codes that a mixture is fitted to, (points, d) float64, and how many are of one image."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(mu))[:MOST_CODES]
    if logvar is None or not len(rows):
        return mu[rows].astype(np.float64), 1
    each = MOST_CODES // len(rows)
    rows = np.repeat(rows, each)
    z = mu[rows].astype(np.float64)
    return z + np.exp(0.5 * logvar[rows].astype(np.float64)) * rng.standard_normal(z.shape), each


def _fit(
    z: np.ndarray, components: int, seed: int, report: Report | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Weights (k,), means (k, d) and factors (see :class:`Mixture`); ``None`` if stopped."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    full = z.shape[1] <= FULL_COVARIANCE
    # A few iterations at a time, each from where the last ones ended, so that it can be stopped.
    model = GaussianMixture(
        components,
        covariance_type="full" if full else "diag",
        reg_covar=_RIDGE,
        tol=_TOLERANCE * z.shape[1],
        max_iter=_AT_ONCE,
        random_state=seed,
        warm_start=True,
    )
    # One thread for the k-means it begins with: in a server the decoder needs the others.
    with threadpool_limits(1, user_api="openmp"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # not yet: that is what the loop is for
        for done in range(_AT_ONCE, _ITERATIONS + 1, _AT_ONCE):
            model.fit(z)
            if report is not None and report(done / (done + _MORE)):
                return None
            if model.converged_:
                break
    found = model.covariances_
    factors = np.linalg.cholesky(found) if full else np.sqrt(found)
    return model.weights_ / model.weights_.sum(), model.means_, factors
