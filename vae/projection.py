"""Maps of the latent space: codes (n, d) in, places in the plane (n, 2) out. Pure numerics.

Three kinds. *Raw* draws two latent dimensions as they are and *PCA* the two directions of largest
variance; both are linear, exact, and place any z. *t-SNE* keeps neighbours together and nothing
else: distances between clusters, and their sizes, mean little.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vae.errors import VaeError

MIN_DISTINCT = 8  # below this many different codes t-SNE has no neighbourhoods to keep
EXAGGERATED_ITERATIONS, FREE_ITERATIONS = 250, 500  # openTSNE's own defaults
TOTAL_ITERATIONS = EXAGGERATED_ITERATIONS + FREE_ITERATIONS
METRICS = ("euclidean", "cosine", "manhattan")


@dataclass(frozen=True)
class Linear:
    """The map z -> (z - mean) @ axes, with axes (d, 2); exact for every z."""

    mean: np.ndarray  # (d,)
    axes: np.ndarray  # (d, 2)
    explained: tuple[float, float]  # share of the codes' variance along each axis, 0–1

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Places of z (n, d), float32 (n, 2)."""
        return ((np.asarray(z, np.float64) - self.mean) @ self.axes).astype(np.float32)


@dataclass(frozen=True)
class Step:
    """Where a t-SNE fit stands: handed to its callback."""

    iteration: int
    total: int
    kl: float  # KL(P || Q), the t-SNE objective, in nats
    coords: np.ndarray  # (n, 2) places now


def check_codes(codes: np.ndarray) -> np.ndarray:
    """``codes`` as a finite float64 array (n, d), n and d at least 1.

    Raises:
        VaeError: for any other shape, or NaN or infinity.
    """
    codes = np.asarray(codes, dtype=np.float64)
    if codes.ndim != 2 or 0 in codes.shape:
        raise VaeError(
            f"A map needs codes of shape (n, d) with n and d at least 1, not {codes.shape}."
        )
    if broken := int((~np.isfinite(codes)).any(axis=1).sum()):
        raise VaeError(
            f"{broken} of the {len(codes)} codes hold NaN or infinity, so no map can be drawn: "
            "the model's training has diverged."
        )
    return codes


def raw(codes: np.ndarray, dims: tuple[int, int] = (0, 1)) -> Linear:
    """Two latent dimensions as they are. A one-dimensional space lies on the line y = 0."""
    codes = check_codes(codes)
    d = codes.shape[1]
    axes = np.zeros((d, 2))
    if d == 1:
        axes[0, 0] = 1.0
    elif not all(0 <= j < d for j in dims) or dims[0] == dims[1]:
        raise VaeError(
            f"A raw map needs two different dimensions between 0 and {d - 1}, not {dims}."
        )
    else:
        axes[dims[0], 0] = axes[dims[1], 1] = 1.0
    return Linear(np.zeros(d), axes, _explained(codes, axes))


def pca(codes: np.ndarray) -> Linear:
    """The two principal axes (Pearson, 1901), signed so that each axis' largest weight is positive.

    Exact, from the eigenvectors of the (d, d) covariance. A one-dimensional space, or codes that
    vary along one direction only, lie on the line y = 0.
    """
    codes = check_codes(codes)
    mean = codes.mean(axis=0)
    centred = codes - mean
    d = codes.shape[1]
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = np.zeros((d, 2))
    axes[:, : min(d, 2)] = vectors[:, ::-1][:, :2]  # eigh sorts from small to large
    largest = np.abs(axes).argmax(axis=0)
    axes *= np.where(axes[largest, [0, 1]] < 0, -1.0, 1.0)
    return Linear(mean, axes, _explained(codes, axes))


def _explained(codes: np.ndarray, axes: np.ndarray) -> tuple[float, float]:
    total = codes.var(axis=0).sum()
    along = (codes @ axes).var(axis=0) / total if total > 0 else np.zeros(2)
    return float(along[0]), float(along[1])


def usable_perplexity(n: int, perplexity: float) -> float:
    """``perplexity``, or (n - 1) / 3 where n codes have too few neighbours for it.

    A perplexity P looks at the 3 P nearest neighbours (van der Maaten, 2014).
    """
    return min(float(perplexity), (n - 1) / 3)


def tsne(
    codes: np.ndarray,
    *,
    perplexity: float = 30,
    early_exaggeration: float = 12,
    seed: int = 0,
    metric: str = "euclidean",
    n_jobs: int | None = None,
    callback: Callable[[Step], bool] | None = None,
    every: int = 25,
) -> np.ndarray | None:
    """t-SNE places (n, 2) of the codes (n, d), or None if the callback asked to stop.

    van der Maaten & Hinton (2008), by openTSNE: Barnes–Hut below 10,000 codes and FFT
    interpolation (Linderman et al., 2019) from there on, started from PCA. The same codes, seed and
    ``n_jobs`` give the same map. Identical codes share one place: they are fitted once. Fewer than
    8 different codes are drawn by PCA, for want of neighbourhoods.

    Args:
        callback: called every ``every`` iterations; a true answer stops the fit.

    Raises:
        VaeError: for codes that are no finite (n, d) array, or parameters outside their range.
    """
    codes = check_codes(codes)
    if not (np.isfinite(perplexity) and perplexity >= 2):
        raise VaeError(f"The perplexity must be a number of at least 2, not {perplexity}.")
    if not (np.isfinite(early_exaggeration) and early_exaggeration >= 1):
        raise VaeError(f"The early exaggeration must be at least 1, not {early_exaggeration}.")
    if metric not in METRICS:
        raise VaeError(f"The metric must be one of {', '.join(METRICS)}, not {metric!r}.")
    _, first, inverse = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    first.sort()  # the codes' own order, so that the map does not depend on how unique sorts
    distinct = codes[first]
    if len(distinct) < MIN_DISTINCT:
        return pca(codes)(codes)
    # t-SNE ignores position and scale; its solver does not (codes 1e-9 apart lose their distances).
    if metric != "cosine":
        distinct = distinct - distinct.mean(axis=0)
        distinct /= distinct.std()
    places = _optimise(
        distinct, perplexity, early_exaggeration, seed, metric, n_jobs, callback, every
    )
    if places is None:
        return None
    return places[_positions(codes, distinct_rows=first, inverse=inverse)]


def _positions(codes: np.ndarray, distinct_rows: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """For each code, its position among the distinct ones in their first-seen order, (n,)."""
    group = inverse.reshape(len(codes))
    position_of_group = np.empty(len(distinct_rows), dtype=np.int64)
    position_of_group[group[distinct_rows]] = np.arange(len(distinct_rows))
    return position_of_group[group]


def _optimise(
    codes: np.ndarray,
    perplexity: float,
    early_exaggeration: float,
    seed: int,
    metric: str,
    n_jobs: int | None,
    callback: Callable[[Step], bool] | None,
    every: int,
) -> np.ndarray | None:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    n_jobs = n_jobs or os.cpu_count() or 1
    raised: list[Exception] = []
    stopped = False
    done = 0

    def on_step(iteration: int, kl: float, embedding: np.ndarray) -> bool:
        nonlocal stopped
        if callback is not None:
            step = Step(done + iteration, TOTAL_ITERATIONS, float(kl), np.array(embedding))
            try:
                stopped = bool(callback(step))
            except Exception as error:  # openTSNE may not survive one: kept, and raised below
                raised.append(error)
                stopped = True
        return stopped

    affinities = PerplexityBasedNN(
        codes,
        perplexity=usable_perplexity(len(codes), perplexity),
        metric=metric,
        n_jobs=n_jobs,
        random_state=seed,
    )
    start = pca(codes)(codes).astype(np.float64)
    start *= 1e-4 / start[:, 0].std()
    # A tie in the start would hold in every step: the second axis of a one-dimensional space.
    start += np.random.default_rng(seed).normal(scale=1e-6, size=start.shape)
    embedding = TSNEEmbedding(
        start,
        affinities,
        random_state=seed,
        n_jobs=n_jobs,
        callbacks=on_step,
        callbacks_every_iters=every,
    )
    embedding.optimize(
        EXAGGERATED_ITERATIONS, exaggeration=early_exaggeration, momentum=0.5, inplace=True
    )
    if not stopped:
        done = EXAGGERATED_ITERATIONS
        embedding.optimize(FREE_ITERATIONS, momentum=0.8, inplace=True)
    if raised:
        raise raised[0]
    return None if stopped else np.array(embedding, dtype=np.float32)
