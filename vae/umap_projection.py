"""UMAP, where it is installed: codes (n, d) in, places in the plane (n, 2) out."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from vae.errors import VaeError
from vae.projection import Callback, Step, arrange, pca_start

HOW_TO_GET = "pip install umap-learn"
_EXTENT = 10.0  # UMAP's own starts span ten units
_SMALL, _EPOCHS_SMALL, _EPOCHS = 10_000, 500, 200  # umap-learn's defaults


def umap_available() -> bool:
    """Whether ``umap-learn`` is installed. It is not imported: that takes seconds."""
    return find_spec("umap") is not None


def usable_neighbours(n: int, neighbours: int) -> int:
    """``neighbours``, or n where there are fewer codes; a code counts as one of its own."""
    return min(neighbours, n)


def umap(
    codes: np.ndarray,
    *,
    neighbours: int = 15,
    min_dist: float = 0.1,
    seed: int = 0,
    metric: str = "euclidean",
    callback: Callback | None = None,
    every: int = 25,
) -> np.ndarray | None:
    """UMAP places (n, 2) of the codes (n, d), or None if the callback asked to stop.

    McInnes, Healy & Melville (2018), by umap-learn, from exact neighbours and a start by PCA. On
    one thread, so that the same codes and seed give the same map. Identical codes share one place;
    fewer than 8 different ones are drawn by PCA.

    Args:
        callback: called at the start and every ``every`` epochs, with a KL of NaN (UMAP minimises
            another quantity, which it does not compute); a true answer stops the fit.

    Raises:
        VaeError: if umap-learn is not installed, or as :func:`vae.projection.arrange`.
    """
    if not umap_available():
        raise VaeError(f"UMAP is not installed here; it comes with: {HOW_TO_GET}.")
    options = (neighbours, min_dist, seed, metric, every)
    return arrange(codes, metric, lambda distinct, on: _optimise(distinct, *options, on), callback)


class _Stopped(Exception):
    """The callback asked to stop."""


class _Watch:
    """A file for UMAP's progress bar, which it writes the number of finished epochs to.

    It is the one hook into the loop, and comes between two epochs, with the places at rest.
    """

    def __init__(self, places: np.ndarray, total: int, every: int, callback: Callback) -> None:
        self._places, self._total = places, total
        self._every, self._callback = every, callback
        self._told = -every

    def write(self, text: str) -> None:
        words = text.strip()
        if not words.isdecimal() or int(words) < self._told + self._every:
            return
        self.tell(int(words))

    def tell(self, epoch: int) -> None:
        self._told = epoch
        if self._callback(Step(epoch, self._total, float("nan"), self._places.copy())):
            self._told = self._total  # the bar writes once more as it closes
            raise _Stopped

    def flush(self) -> None:
        """Nothing is kept back."""


def _optimise(
    codes: np.ndarray,
    neighbours: int,
    min_dist: float,
    seed: int,
    metric: str,
    every: int,
    callback: Callback,
) -> np.ndarray | None:
    from sklearn.neighbors import NearestNeighbors
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, make_epochs_per_sample

    n, k = len(codes), usable_neighbours(len(codes), neighbours)
    total = _EPOCHS_SMALL if n <= _SMALL else _EPOCHS
    random = np.random.RandomState(seed)  # umap-learn takes no other
    distances, rows = NearestNeighbors(n_neighbors=k, metric=metric).fit(codes).kneighbors(codes)
    graph, _, _ = fuzzy_simplicial_set(
        codes, k, random, metric, knn_indices=rows, knn_dists=distances
    )
    graph = graph.tocoo()
    graph.sum_duplicates()
    graph.data[graph.data < graph.data.max() / total] = 0  # edges that no epoch would visit
    graph.eliminate_zeros()
    places = pca_start(codes, seed, 1.0)
    places = (places - places.min(axis=0)) * (_EXTENT / np.ptp(places, axis=0).max())
    places = np.ascontiguousarray(places, np.float32)
    a, b = find_ab_params(1.0, min_dist)
    watch = _Watch(places, total, every, callback)
    bar = {"disable": False, "file": watch, "bar_format": "{n}", "mininterval": 0}
    try:
        optimize_layout_euclidean(
            places,
            places,
            graph.row,
            graph.col,
            total,
            n,
            make_epochs_per_sample(graph.data, total),
            a,
            b,
            random.randint(-(2**31) + 1, 2**31 - 2, 3).astype(np.int64),
            tqdm_kwds=bar | {"miniters": every},
            move_other=True,
        )
    except _Stopped:
        return None
    return places
