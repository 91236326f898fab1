"""Maps of the latent space: codes (n, d) in, places in the plane (n, 2) out. Pure numerics.

Two kinds. *Raw* draws two latent dimensions as they are and *PCA* the two directions of largest
variance; both are linear, exact, and place any z. *Arranged* maps, by t-SNE (``vae.tsne``) or UMAP
(``vae.umap_projection``), keep neighbours together and nothing else: distances between clusters,
and their sizes, mean little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from vae.errors import VaeError

MIN_DISTINCT = 8  # below this many different codes there are no neighbourhoods to keep
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
    """Where a fit stands: handed to its callback. The first is the start, the last the map."""

    iteration: int
    total: int
    kl: float  # KL(P || Q), the t-SNE objective, in nats; NaN where it is not computed
    coords: np.ndarray  # (n, 2) places now


Callback = Callable[[Step], bool]


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


def arrange(
    codes: np.ndarray,
    metric: str,
    optimise: Callable[[np.ndarray, Callback], np.ndarray | None],
    callback: Callback | None,
) -> np.ndarray | None:
    """Places (n, 2) by a method that wants many different codes, as ``optimise`` finds them.

    Args:
        optimise: distinct codes (m, d), 8 or more, on the scale 1, and what to call with each step
            -> their places (m, 2), or None if that answered true.

    Raises:
        VaeError: for codes that are no finite (n, d) array, or an unknown metric.
    """
    codes = check_codes(codes)
    if metric not in METRICS:
        raise VaeError(f"The metric must be one of {', '.join(METRICS)}, not {metric!r}.")
    distinct, _, inverse = distinct_codes(codes)
    if len(distinct) < MIN_DISTINCT:
        return pca(codes)(codes)
    # These methods ignore position and scale; their solvers do not (codes 1e-9 apart lose their
    # distances).
    if metric != "cosine":
        distinct = distinct - distinct.mean(axis=0)
        distinct /= distinct.std()

    def on_step(step: Step) -> bool:
        return callback is not None and bool(callback(replace(step, coords=step.coords[inverse])))

    places = optimise(distinct, on_step)
    return None if places is None else places[inverse].astype(np.float32)


def distinct_codes(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different ones of codes (n, d), in the order in which they come first.

    Returns:
        them (m, d), their rows (m,), and for each code its position among them (n,).
    """
    _, first, inverse = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)  # not as unique sorts: the map depends on their order
    position = np.empty(len(first), dtype=np.int64)
    position[order] = np.arange(len(first))
    return codes[first[order]], first[order], position[inverse.reshape(len(codes))]


def pca_start(codes: np.ndarray, seed: int, spread: float) -> np.ndarray:
    """Where an arrangement begins: PCA, its first axis of standard deviation ``spread``, (n, 2)."""
    start = pca(codes)(codes).astype(np.float64)
    start *= spread / start[:, 0].std()
    # A tie in the start would hold in every step: the second axis of a one-dimensional space.
    start += np.random.default_rng(seed).normal(scale=spread / 100, size=start.shape)
    return start
