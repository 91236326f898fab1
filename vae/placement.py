"""Where a new z belongs on a map that was fitted to other codes: continuous, and with its doubt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vae.projection import Linear

LANDMARKS, FITTED_TO = 2000, 20_000  # codes that kernels stand on, codes that they are fitted to
GRID, REGION, POWER = 8, 0.08, 1.5  # the map's regions, and how much the likely ones are favoured
NARROW, NARROWEST, MOST_MISSING = 0.4, 0.1, 0.15  # of the correction
_RIDGE = 0.01
_LEAST_SHARE = 0.003
_ROWS_AT_ONCE = 64  # rows × codes distances are held at a time: 15 MB on a map of 60,000
_CODES_AT_ONCE = 4096

Place = Callable[[np.ndarray], np.ndarray]


def map_span(coords: np.ndarray) -> float:
    """The longer side of the map's bounding box, the unit of spreads."""
    return float(np.ptp(coords, axis=0).max())


def linear_placement(projection: Linear) -> Place:
    """Exact places on a linear map: z (n, d) -> (n, 3) of x, y and a spread of 0."""

    def place(z: np.ndarray) -> np.ndarray:
        return np.column_stack([projection(z), np.zeros(len(z), np.float32)])

    return place


def smooth_placement(codes: np.ndarray, coords: np.ndarray, seed: int = 0) -> Place:
    """Places on a map that has no formula, such as t-SNE: which regions z's place may lie in, and
    where in them.

    The map is cut into regions g by a grid of 8 × 8, c_g the mean of the points in one. Kernel
    ridge regression on up to 2,000 of the codes estimates the share q_g(z) of each region in what
    lies about z; the place is their mean, with large shares favoured, and a correction r:

        q_g(z) = b_g + Σ_j a_jg K(z, x_j),   K = (1 + |z - x_j|² / H²)^(-1/2)
        f(z) = Σ_g q_g^p c_g / Σ_g q_g^p + Σ_i r_i k_i(z) / max(1, Σ_i k_i(z)),   p = 1.5

    It is fitted to shares q_g(x_i) ∝ exp(-|y_i - c_g|² / 2 s²) with s = 0.08 of the map's span. K,
    Hardy's (1971) inverse multiquadric, is as wide as the codes' root mean square distance H from
    each other, so f cannot turn fast. r_i is what the first part misses of code i's own point; it
    counts near that code only, k_i = exp(-|z - x_i|² / 2 h²), where h is 0.4 of the median
    distance of a code from the nearest other, and no less than 0.1 H. A weighted mean of neighbours
    (Shepard, 1968; Nadaraya, 1964) is steeper between two clusters: all its weight changes sides
    within the little that one cluster gets nearer than the other.

    Measured on t-SNE maps of 16-dimensional MNIST codes, as shares of the map's span: on 5,000
    straight paths of 200 steps between two of 10,000 codes the longest step was 1.2 % (usually
    0.4 %), where 200 neighbours weighted by distance took 3.6 %; on five other maps, among them
    Fashion-MNIST's and perplexities 5 and 50, at most 1.5 % of 2,000 paths each; in two dimensions,
    where t-SNE tears what hangs together, 2.0 %. New images lay next to a point of their own
    class in 88 % (the weighted neighbours: 91 %, t-SNE's own descent: 94 %), codes 0.2 % from their
    own points, 5 % of them 2.6 % and more. A code takes 0.1 ms.

    Args:
        codes: (m, d), finite.
        coords: their places, (m, 2).
        seed: draws the codes of the first sum.

    Returns:
        z (n, d) -> (n, 3) float32: x, y and the spread, the root mean square distance from (x, y)
        of the places of the nearest codes, weighted by k, as a fraction of the map's span, in
        [0, 1]. Places lie within the map's box; very far from all codes, near its middle.
    """
    centre = codes.mean(axis=0, dtype=np.float64)
    # In units of H, about the mean: float32 squares lose no digits there.
    unit = np.sqrt(2.0 * np.var(codes, axis=0, dtype=np.float64).sum()) or 1.0
    points = ((codes - centre) / unit).astype(np.float32)
    coords = np.ascontiguousarray(coords, dtype=np.float64)
    middle, span = coords.mean(axis=0), map_span(coords) or 1.0
    order = np.random.default_rng(seed).permutation(len(points))
    roughly = _rough_placement(points, (coords - middle) / span, order)
    blocks = range(0, len(points), _CODES_AT_ONCE)
    rough = np.concatenate([roughly(points[i : i + _CODES_AT_ONCE]) for i in blocks])
    places = (coords - middle) / span
    box = places.min(axis=0), places.max(axis=0)
    # What one product with k sums: corrections, places, their squared lengths.
    missing = places - rough
    missing *= np.minimum(1.0, MOST_MISSING / np.maximum(np.hypot(*missing.T), 1e-30))[:, None]
    columns = np.column_stack([missing, places, (places**2).sum(axis=1)]).astype(np.float32)
    narrow = max(NARROW * _usual_nearness(points, order[:1000]), NARROWEST)
    scaled_points = points / np.float32(narrow)
    halves = 0.5 * (scaled_points**2).sum(axis=1)
    transposed = np.ascontiguousarray(scaled_points.T)

    def some(z: np.ndarray) -> np.ndarray:
        z = ((z - centre) / unit).astype(np.float32)
        scaled = z / np.float32(narrow)
        exponent = scaled @ transposed
        exponent -= halves  # -|z - x_i|² / 2 h², but for |z|² / 2 h²
        most = exponent.max(axis=1, keepdims=True)
        least = 0.5 * (scaled.astype(np.float64) ** 2).sum(axis=1) - most[:, 0]
        nearest = np.exp(-np.maximum(least, 0.0))  # k of the nearest code; the others' over it:
        kernel = np.exp(np.subtract(exponent, most, out=exponent), out=exponent)
        total = kernel.sum(axis=1, dtype=np.float64)
        sums = (kernel @ columns).astype(np.float64)
        correction = sums[:, :2] * (nearest / np.maximum(1.0, nearest * total))[:, None]
        placed = np.clip(roughly(z) + correction, *box)
        mean, square = sums[:, 2:4] / total[:, None], sums[:, 4] / total
        variance = square - 2.0 * (mean * placed).sum(axis=1) + (placed**2).sum(axis=1)
        spread = np.sqrt(np.clip(variance, 0.0, 1.0))
        return np.column_stack([middle + span * placed, spread]).astype(np.float32)

    def place(z: np.ndarray) -> np.ndarray:
        z = np.asarray(z, dtype=np.float32)
        parts = [some(z[i : i + _ROWS_AT_ONCE]) for i in range(0, len(z), _ROWS_AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, 3), np.float32)

    return place


def _rough_placement(
    points: np.ndarray, places: np.ndarray, order: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """The first part of f: points (n, d), in units of H, to places (n, 2) in units of the span.

    Args:
        points: the codes in the same units, (m, d) float32, and their ``places``, (m, 2).
        order: rows of both at random; the first are the landmarks x_j and what is fitted to.
    """
    regions = _cell_means(places)
    squared = ((places[:, None, :] - regions) ** 2).sum(axis=2)  # (m, regions)
    shares = np.exp((squared.min(axis=1, keepdims=True) - squared) / (2 * REGION**2))
    shares /= shares.sum(axis=1, keepdims=True)
    usual = shares.mean(axis=0)
    landmarks = np.unique(points[np.sort(order[:LANDMARKS])], axis=0)
    weights = _fit(points, shares - usual, landmarks, np.sort(order[:FITTED_TO]))
    landmarks, weights = landmarks.astype(np.float32), weights.astype(np.float32)

    def roughly(z: np.ndarray) -> np.ndarray:
        share = usual + (_multiquadric(z, landmarks) @ weights).astype(np.float64)
        # Regression may go below 0: a positive part without a kink.
        favoured = (0.5 * (share + np.sqrt(share**2 + _LEAST_SHARE**2))) ** POWER
        return favoured @ regions / favoured.sum(axis=1, keepdims=True)

    return roughly


def _cell_means(places: np.ndarray) -> np.ndarray:
    """The means of the places in each cell of a grid in which there are any, (regions, 2)."""
    corner, side = places.min(axis=0), (map_span(places) or 1.0) / GRID
    cells = np.minimum(((places - corner) / side).astype(int), GRID - 1) @ [GRID, 1]
    counts = np.bincount(cells, minlength=GRID**2)
    sums = [np.bincount(cells, places[:, axis], GRID**2) for axis in (0, 1)]
    return np.column_stack(sums)[counts > 0] / counts[counts > 0, None]


def _multiquadric(z: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """K(z, x_j) of z (n, d) in units of H, (n, m), in the precision of z."""
    squared = -2.0 * (z @ landmarks.T)
    squared += (z**2).sum(axis=1)[:, None]
    squared += (landmarks**2).sum(axis=1)
    return 1.0 / np.sqrt(1.0 + np.maximum(squared, 0.0, out=squared))


def _fit(
    points: np.ndarray, shares: np.ndarray, landmarks: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Over some rows i, the a (m, regions) least in Σ_i |s_i - Σ_j a_j K(x_i, x_j)|² + λ aᵀ K a."""
    points, landmarks = points.astype(np.float64), landmarks.astype(np.float64)
    m = len(landmarks)
    system = _RIDGE * len(rows) / m * _multiquadric(landmarks, landmarks)
    system[np.diag_indices(m)] += 1e-7 * len(rows)
    target = np.zeros((m, shares.shape[1]))
    for start in range(0, len(rows), _CODES_AT_ONCE):
        block = rows[start : start + _CODES_AT_ONCE]
        kernel = _multiquadric(points[block], landmarks)
        system += kernel.T @ kernel
        target += kernel.T @ shares[block]
    return np.linalg.solve(system, target)


def _usual_nearness(points: np.ndarray, rows: np.ndarray) -> float:
    """The median distance of some of the points from the nearest other one."""
    if len(points) < 2:
        return 0.0
    squares = (points**2).sum(axis=1)
    nearest = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        own = rows[start : start + _ROWS_AT_ONCE]
        squared = squares[own, None] + squares - 2.0 * (points[own] @ points.T)
        squared[np.arange(len(own)), own] = np.inf
        nearest.append(np.sqrt(np.maximum(squared.min(axis=1), 0.0)))
    return float(np.median(np.concatenate(nearest)))
