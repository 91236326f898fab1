"""How far a map can be believed: numbers that compare neighbours on the map and in the codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from vae.projection import check_codes

NEIGHBOURS = 15
QUERIES = 2000
AMONG = 100_000  # points: in a map of more, a random sample stands for all
_NUMBERS_AT_ONCE = 4_000_000  # distances held at a time: 32 MB


def quality(
    codes: np.ndarray,
    coords: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    queries: int = QUERIES,
    seed: int = 0,
) -> dict[str, Any]:
    """Faithfulness of a map, from up to ``queries`` of its points against all the others.

    - ``trustworthiness``, 0–1 (Venna & Kaski, 2001): 1 - (2 / (n k (2 n - 3 k - 1))) Σ (rank - k)
      over neighbours on the map that are none in the codes; high if what is near on the map is near
      in the codes. ``None`` for fewer than 4 points.
    - ``knn_recall``, 0–1: the share of a code's k nearest that are among the k nearest on the map.
    - ``accuracy``, 0–1: how often the nearest other point on the map has the same label (1-NN,
      leave one out), and ``accuracy_codes``: the same in the codes, which the map can hardly beat.
      ``None`` where there are fewer than two labels.

    Args:
        codes: (n, d), finite.
        coords: (n, 2).
        labels: (n,).

    Returns:
        The four, and what they were measured on: ``n`` points, the ``queries`` of them, ``k``; and
        ``among``: how many points neighbours were looked for among, less than n only in maps of
        more than 100,000 (which lowers recall and accuracy a little).
    """
    codes, coords = check_codes(codes), check_codes(coords)
    points, rng = len(codes), np.random.default_rng(seed)
    if points > AMONG:
        sample = np.sort(rng.permutation(points)[:AMONG])
        codes, coords = codes[sample], coords[sample]
        labels = None if labels is None else labels[sample]
    # Centred, so that the squares below lose no digits.
    codes, coords = codes - codes.mean(axis=0), coords - coords.mean(axis=0)
    n = len(codes)
    k = min(NEIGHBOURS, max(1, (n - 1) // 2))
    chosen = np.sort(rng.permutation(n)[:queries])
    facts: dict[str, Any] = {"n": points, "among": n, "queries": len(chosen), "k": k}
    if n < 4:
        unknown = ("trustworthiness", "knn_recall", "accuracy", "accuracy_codes")
        return facts | dict.fromkeys(unknown)
    penalty, shared = 0.0, 0
    hits = np.zeros(2)
    at_once = max(1, min(200, _NUMBERS_AT_ONCE // n))
    for start in range(0, len(chosen), at_once):
        rows = chosen[start : start + at_once]
        itself = (np.arange(len(rows)), rows)
        between_codes = _squared_distances(codes, rows)  # (rows, n)
        between_coords = _squared_distances(coords, rows)
        between_codes[itself] = between_coords[itself] = np.inf
        on_map = np.argpartition(between_coords, k - 1, axis=1)[:, :k]
        distances = np.take_along_axis(between_codes, on_map, axis=1)
        # A neighbour's rank in the codes: how many codes are nearer, and itself.
        ranks = (
            np.stack([(between_codes < d[:, None]).sum(axis=1) for d in distances.T], axis=1) + 1
        )
        penalty += np.clip(ranks - k, 0, None).sum()
        shared += (ranks <= k).sum()
        if labels is not None:
            nearest = (between_coords.argmin(axis=1), between_codes.argmin(axis=1))
            hits += [(labels[rows] == labels[other]).sum() for other in nearest]
    facts["trustworthiness"] = float(1 - 2 * penalty / (len(chosen) * k * (2 * n - 3 * k - 1)))
    facts["knn_recall"] = float(shared / (len(chosen) * k))
    known = labels is not None and len(np.unique(labels)) > 1
    facts["accuracy"] = float(hits[0] / len(chosen)) if known else None
    facts["accuracy_codes"] = float(hits[1] / len(chosen)) if known else None
    return facts


def _squared_distances(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances from some of the points to all, (len(rows), n)."""
    squares = (points**2).sum(axis=1)
    return squares[rows, None] + squares - 2.0 * (points[rows] @ points.T)
