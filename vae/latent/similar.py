"""More like these: the images nearest to a selection, by their codes or by their pixels."""

from __future__ import annotations

import numpy as np

QUERIES = 64  # of a larger selection so many are compared, evenly thinned
MOST = 64  # images that can be asked for
# More than asked for are looked at closely: the first look, in float32, may confuse the last few.
_SPARE = 16
_NUMBERS_AT_ONCE = 2**22  # held at a time, of features and of distances: 16 MB each


def thinned(rows: np.ndarray, most: int = QUERIES) -> np.ndarray:
    """``rows`` (n,), or ``most`` of them at even steps from the first to the last."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]


def similar_codes(mu: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Nearest by the Euclidean distance of codes: see :func:`similar`. ``mu`` is (m, d)."""
    return similar(mu, rows, k)


def similar_pixels(images: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Nearest by the root mean square difference of pixel values in 0–1: see :func:`similar`.

    Args:
        images: uint8 (m, H, W, C).
    """
    found = similar(images.reshape(len(images), -1), rows, k)
    found[:, 1] /= 255.0 * np.sqrt(images[0].size)
    return found


def similar(features: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """The rows not among ``rows`` that are nearest to any of them; every distance is computed.

    Args:
        features: (m, p), float32 or uint8.
        rows: (n,) of them, n at least 1; more than :data:`QUERIES` are thinned evenly.
        k: how many to find.

    Returns:
        (K, 2) float64 with K the smaller of k and the number of other rows: a row and its
        Euclidean distance, nearest first; of equally near ones the lower row first.
    """
    others = np.ones(len(features), bool)
    others[rows] = False
    k = min(k, int(others.sum()))
    queries = features[thinned(np.unique(rows))].astype(np.float64)  # (q, p)
    nearness = _nearness(features, queries)
    nearness[~others] = np.inf
    looked_at = min(k + _SPARE, int(others.sum()))
    if not looked_at:
        return np.zeros((0, 2))
    found = np.sort(np.argpartition(nearness, looked_at - 1)[:looked_at])
    # Differences, not squares, and in float64: exactly 0 for an equal image.
    distances = np.array(
        [np.sqrt(((queries - features[row].astype(np.float64)) ** 2).sum(1).min()) for row in found]
    )
    order = np.argsort(distances, kind="stable")[:k]
    return np.stack([found[order].astype(np.float64), distances[order]], axis=1)


def _nearness(features: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The squared distance of each row (m, p) from the nearest query (q, p), float32 (m,)."""
    # About the queries' mean: squares of what lies far out would drown differences.
    centre = queries.mean(axis=0)
    centred, centre = (queries - centre).astype(np.float32), centre.astype(np.float32)
    doubled = np.ascontiguousarray(-2.0 * centred.T)  # (p, q)
    squares = (centred**2).sum(axis=1)
    nearness = np.empty(len(features), np.float32)
    step = max(1, _NUMBERS_AT_ONCE // max(doubled.shape))
    for start in range(0, len(features), step):
        part = features[start : start + step].astype(np.float32) - centre
        found = part @ doubled  # (step, q)
        found += squares
        nearness[start : start + step] = found.min(axis=1) + np.einsum("ij,ij->i", part, part)
    return nearness
