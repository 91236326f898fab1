"""Where a new z belongs on a map that was fitted to other codes: continuous, and with its doubt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vae.projection import Linear

LANDMARKS = 2000  # codes that the wide part is built on: 32,000 numbers in 16 dimensions
FITTED_TO = 20_000  # codes that its weights are fitted to
WIDE, NARROW, NARROWEST = 0.75, 0.35, 0.1  # kernel widths: see smooth_placement
_RIDGE = 0.01
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
    """Places on a map that has no formula, such as t-SNE: kernel regression at two widths.

        f(z) = ȳ + Σ_j a_j K(z, x_j) + Σ_i r_i k_i(z) / max(1, Σ_i k_i(z))

    The first sum bends no faster than its wide kernel, Hardy's (1971) inverse multiquadric
    K = (1 + |z - x_j|² / H²)^(-1/2) over up to 2,000 of the codes; a is the ridge regression of
    the places on it. What it leaves of code i, r_i = y_i - (ȳ + Σ_j a_j K(x_i, x_j)), the second
    sum adds near x_i by a narrow Gaussian k_i = exp(-|z - x_i|² / 2 h²), so that a code's place is
    nearly its own point. H is 0.75 of the codes' root mean square distance D from each other, h is
    0.35 of their median distance from the nearest other, and no less than 0.1 D. A weighted mean
    of neighbours (Shepard, 1968; Nadaraya & Watson, 1964) is steep between two clusters instead:
    there all weight changes sides within h² / |x_A - x_B|.

    On {MEASURED}

    Args:
        codes: (m, d), finite.
        coords: their places, (m, 2).
        seed: draws the codes of the first sum.

    Returns:
        z (n, d) -> (n, 3) float32: x, y and the spread, the root mean square distance from (x, y)
        of the places of the nearest codes, weighted by k, as a fraction of the map's span, in
        [0, 1]. Places lie within the map's box: far from all codes, near its middle.
    """
    coords = np.ascontiguousarray(coords, dtype=np.float64)
    centre = codes.mean(axis=0, dtype=np.float64)
    # In units of D, about the mean: float32 squares lose no digits there.
    unit = np.sqrt(2.0 * np.var(codes, axis=0, dtype=np.float64).sum()) or 1.0
    points = ((codes - centre) / unit).astype(np.float32)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(points))
    landmarks = np.unique(points[np.sort(order[:LANDMARKS])], axis=0)
    width = max(NARROW * _usual_nearness(points, order[:1000]), NARROWEST)
    middle = coords.mean(axis=0)
    weights = _fit(points, coords - middle, landmarks, np.sort(order[:FITTED_TO]))

    def wide(z: np.ndarray) -> np.ndarray:
        return (middle + _multiquadric(z, landmarks) @ weights).astype(np.float32)

    blocks = range(0, len(points), _CODES_AT_ONCE)
    residuals = coords - np.concatenate([wide(points[i : i + _CODES_AT_ONCE]) for i in blocks])
    box = coords.min(axis=0), coords.max(axis=0)
    span = map_span(coords) or 1.0
    # Columns that one product with k sums: residuals, places, squared lengths of places.
    about = coords - middle
    columns = np.column_stack([residuals, about, (about**2).sum(axis=1)]).astype(np.float32)
    narrow = points / np.float32(width)
    squares = 0.5 * (narrow**2).sum(axis=1)
    transposed = np.ascontiguousarray(narrow.T)

    def some(z: np.ndarray) -> np.ndarray:
        z = ((z - centre) / unit).astype(np.float32)
        scaled = z / np.float32(width)
        exponent = scaled @ transposed
        exponent -= squares  # -|z - x_i|² / 2 h², but for |z|² / 2 h²
        most = exponent.max(axis=1, keepdims=True)
        # In float64, and only of the nearest: how far even that is.
        least = np.maximum(0.5 * (scaled.astype(np.float64) ** 2).sum(axis=1) - most[:, 0], 0.0)
        kernel = np.exp(exponent - most, out=exponent)  # the nearest code's is 1
        total = kernel.sum(axis=1, dtype=np.float64)
        sums = (kernel @ columns).astype(np.float64)
        nearest = np.exp(-least)
        correction = sums[:, :2] * (nearest / np.maximum(1.0, nearest * total))[:, None]
        placed = np.clip(wide(z) + correction, *box)
        mean, square = sums[:, 2:4] / total[:, None], sums[:, 4] / total
        offset = placed - middle
        variance = square - 2.0 * (mean * offset).sum(axis=1) + (offset**2).sum(axis=1)
        spread = np.sqrt(np.clip(variance, 0.0, None)) / span
        return np.column_stack([placed, np.clip(spread, 0.0, 1.0)]).astype(np.float32)

    def place(z: np.ndarray) -> np.ndarray:
        z = np.asarray(z, dtype=np.float32)
        parts = [some(z[i : i + _ROWS_AT_ONCE]) for i in range(0, len(z), _ROWS_AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, 3), np.float32)

    return place


def _multiquadric(z: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """K(z, x_j) of z (n, d) in units of D, (n, m), in the precision of z."""
    squared = (z**2).sum(axis=1)[:, None] + (landmarks**2).sum(axis=1) - 2.0 * (z @ landmarks.T)
    return (1.0 + np.maximum(squared, 0.0) / WIDE**2) ** -0.5


def _fit(points: np.ndarray, places: np.ndarray, landmarks: np.ndarray, rows: np.ndarray):
    """The a that minimise Σ_i |y_i - Σ_j a_j K(x_i, x_j)|² + λ aᵀ K a over some rows, (m, 2)."""
    points, landmarks = points.astype(np.float64), landmarks.astype(np.float64)
    m = len(landmarks)
    system = _RIDGE * len(rows) / m * _multiquadric(landmarks, landmarks)
    system[np.diag_indices(m)] += 1e-7 * len(rows)
    target = np.zeros((m, 2))
    for start in range(0, len(rows), _CODES_AT_ONCE):
        block = rows[start : start + _CODES_AT_ONCE]
        kernel = _multiquadric(points[block], landmarks)
        system += kernel.T @ kernel
        target += kernel.T @ places[block]
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
