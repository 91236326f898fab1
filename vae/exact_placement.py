"""Where t-SNE itself puts a new z on its map: slower than a formula, and not continuous."""

from __future__ import annotations

import numpy as np

from vae.errors import VaeError
from vae.latent.neighbours import nearest_codes
from vae.placement import Place, map_span
from vae.projection import METRICS, MIN_DISTINCT, check_codes, distinct_codes

_SMALLEST = 1e-3  # the span of a map on which points are still apart; others are some 10 to 300
_CELLS = 300  # a side of the grid of the forces: of 1 each, larger on a larger map


def exact_placement(
    codes: np.ndarray,
    coords: np.ndarray,
    otherwise: Place,
    *,
    metric: str = "euclidean",
    seed: int = 0,
) -> Place:
    """Places on a t-SNE map that lower t-SNE's own objective, the map's points held still.

    Policar, Strazar & Zupan (2023), "Embedding to reference t-SNE space addresses batch effects in
    single-cell classification", by openTSNE: a new point starts at the median of its neighbours'
    places and descends 250 steps along the gradient of KL(P || Q), P from its 15 nearest codes
    (perplexity 5), the repulsion of all points by FFT interpolation. The same z has the same
    place, whatever it is asked together with; from one z to the next the place may jump, where
    the descent finds another valley.

    Args:
        codes: (m, d) that the map was fitted to.
        coords: (m, 2), their places.
        otherwise: a placement of the same map. It answers the spreads, and the places too where
            t-SNE has none: with fewer than 8 different codes, on a map that shrank to a point, and
            for a z of length 0 where the metric compares directions.
        metric: the map's, as ``seed``. Its perplexity plays no part.

    Returns:
        z (n, d) -> (n, 3) float32: x, y in the frame of ``coords``, and the spread.

    Raises:
        VaeError: for codes that are no finite (n, d) array, or an unknown metric.
    """
    if metric not in METRICS:
        raise VaeError(f"The metric must be one of {', '.join(METRICS)}, not {metric!r}.")
    distinct, first, _ = distinct_codes(check_codes(codes))
    span = map_span(coords)
    if len(distinct) < MIN_DISTINCT or span < _SMALLEST:
        return otherwise
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    # As the map was fitted: see vae.projection.arrange.
    angular = metric == "cosine"
    centre = 0.0 if angular else distinct.mean(axis=0)
    scale = 1.0 if angular else (distinct - centre).std()
    reference_codes = (distinct - centre) / scale
    if metric == "euclidean":
        affinities = PerplexityBasedNN(perplexity=1, knn_index=_Search(reference_codes))
    else:
        # Of one thread: the same index whatever the machine. The perplexity is of affinities among
        # the codes, that nobody asks for.
        affinities = PerplexityBasedNN(
            reference_codes, perplexity=2, metric=metric, n_jobs=1, random_state=seed
        )
    places = np.asarray(coords, dtype=np.float64)[first]
    # `transform` moves the reference so that its box is about the origin: it is there already.
    # "fft" at once: by its default, Barnes-Hut, a point takes 270 ms.
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    reference = TSNEEmbedding(
        places - middle,
        affinities,
        negative_gradient_method="fft",
        ints_in_interval=max(1.0, span / _CELLS),
    )
    reference.transform(reference_codes[:1])  # the grid is made once, by one thread

    def place(z: np.ndarray) -> np.ndarray:
        z = np.asarray(z, dtype=np.float32)
        placed = otherwise(z)
        # Directions of what has a length; points do not see each other, so many go at once.
        able = np.abs(z).max(axis=1, initial=0.0) > 0 if angular else np.ones(len(z), bool)
        if able.any():
            query = (z[able].astype(np.float64) - centre) / scale
            placed[able, :2] = middle + np.asarray(reference.transform(query))
        return placed

    return place


class _Search:
    """The nearest of all codes (m, d), in the form that openTSNE asks for (its ``KNNIndex``).

    Its own, by scikit-learn or Annoy's trees, first finds the neighbours of all codes, 10 seconds
    among 60,000, which placing new points has no use for.
    """

    def __init__(self, codes: np.ndarray) -> None:
        self.n_samples, self.k = len(codes), 1
        self._nearest = nearest_codes(codes)

    def build(self) -> tuple[np.ndarray, np.ndarray]:
        """Neighbours of the codes themselves, rows and distances (m, 1): anyone."""
        return np.roll(np.arange(self.n_samples), 1)[:, None], np.ones((self.n_samples, 1))

    def query(self, z: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k codes nearest to z (n, d): rows and distances, (n, k)."""
        found = self._nearest(z)[:, :k]
        return found[..., 0].astype(int), found[..., 1].astype(np.float64)
