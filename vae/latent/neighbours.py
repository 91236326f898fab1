"""The nearest codes of held-out images: which they are, how far, and how far is usual."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MOST = 64  # neighbours that can be asked for
# More than that are looked at closely: the first look, in float32, may confuse the last few.
_SPARE = 16
_NUMBERS_AT_ONCE = 8_000_000  # distances held at a time: 32 MB
_MOST_DISTANCES = 200_000_000  # that a look at the usual distance may cost: seconds

Nearest = Callable[[np.ndarray], np.ndarray]


def nearest_codes(codes: np.ndarray) -> Nearest:
    """A search among ``codes`` (m, d): every distance is computed, so the answer is exact.

    Returns:
        z (n, d) -> (n, K, 2) float32 with K the smaller of m and :data:`MOST`: the row of a code
        and its Euclidean distance, nearest first; of equally near ones the lower row first.
    """
    codes = np.ascontiguousarray(codes, dtype=np.float32)
    nearness_to = _nearness_to(codes)
    k = min(MOST, len(codes))
    looked_at = min(MOST + _SPARE, len(codes))
    at_once = _rows_at_once(len(codes))

    def some(z: np.ndarray) -> np.ndarray:
        nearness = nearness_to(z)
        if looked_at < len(codes):
            rows = np.argpartition(nearness, looked_at - 1, axis=1)[:, :looked_at]
            rows.sort(axis=1)
        else:
            rows = np.broadcast_to(np.arange(looked_at), (len(z), looked_at))
        # Differences, not squares, and in float64: exactly 0 where z is a code.
        distances = _distances(z, codes[rows])
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        pairs = [np.take_along_axis(values, order, axis=1) for values in (rows, distances)]
        return np.stack(pairs, axis=2).astype(np.float32)  # whole numbers are exact to 2^24

    def nearest(z: np.ndarray) -> np.ndarray:
        z = np.asarray(z, dtype=np.float32)
        parts = [some(z[i : i + at_once]) for i in range(0, len(z), at_once)]
        return np.concatenate(parts) if parts else np.zeros((0, k, 2), np.float32)

    return nearest


def neighbour_distances(codes: np.ndarray, sample: int = 1000, seed: int = 0) -> np.ndarray:
    """How far a code's nearest other code is: (m, d) -> (n,) float64, for n of the m codes.

    n is the smaller of m and ``sample``, drawn from ``seed`` (among more than 200,000 codes fewer:
    each is compared with all); 0 where there is no other code.
    """
    codes = np.ascontiguousarray(codes, dtype=np.float32)
    if len(codes) < 2:
        return np.zeros(0)
    sample = min(sample, max(100, _MOST_DISTANCES // len(codes)))
    chosen = np.random.default_rng(seed).permutation(len(codes))[:sample]
    nearness_to = _nearness_to(codes)
    parts = []
    at_once = _rows_at_once(len(codes))
    for start in range(0, len(chosen), at_once):
        own = chosen[start : start + at_once]
        nearness = nearness_to(codes[own])
        nearness[np.arange(len(own)), own] = np.inf
        parts.append(_distances(codes[own], codes[nearness.argmin(axis=1)][:, None])[:, 0])
    return np.concatenate(parts)


def _rows_at_once(codes: int) -> int:
    return max(1, min(128, _NUMBERS_AT_ONCE // codes))


def _nearness_to(codes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """z (n, d) -> (n, m): squared distances from ``codes``, less a term that all codes share.

    About the codes' mean, because float32 squares of what lies far out would drown differences.
    """
    centre = codes.mean(axis=0, dtype=np.float64)
    centred = (codes - centre).astype(np.float32)
    squares = (centred**2).sum(axis=1)
    doubled = np.ascontiguousarray(-2.0 * centred.T)

    def nearness(z: np.ndarray) -> np.ndarray:
        found = (z - centre).astype(np.float32) @ doubled
        found += squares
        return found

    return nearness


def _distances(z: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Euclidean distances of z (n, d) from its own codes (n, k, d), in float64."""
    differences = codes.astype(np.float64) - z[:, None, :]
    return np.sqrt(np.einsum("nkd,nkd->nk", differences, differences))
