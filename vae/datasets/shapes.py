"""A procedural data set with known factors: one white shape on black, 64×64, anti-aliased.

In the manner of dSprites (Matthey, Higgins, Hassabis, Lerchner 2017): the images are the full grid
of five factors, so the factors are exactly independent. Two choices differ, on purpose. The
three shapes have equal area at equal scale, so brightness does not betray the shape; and
orientation stays below 90°, where neither square nor ellipse repeats, so no two images are equal
and none can leak from one split into another.

=============  ======  =====================================================
factor         values  meaning
=============  ======  =====================================================
shape          3       0 square, 1 ellipse, 2 heart
scale          4       0.5 to 1; the area is ``AREA`` · scale², in pixels
orientation    8       radians, anticlockwise on screen, 0 to 7/16 π
x, y           9, 9    centroid, 0 to 1, rightwards and downwards
=============  ======  =====================================================
"""

from __future__ import annotations

import math

import numpy as np

from vae.errors import VaeError

SIZE = 64
AREA = 400.0  # square pixels at scale 1
FACTOR_NAMES = ("shape", "scale", "orientation", "x", "y")
FACTOR_VALUES: tuple[np.ndarray, ...] = (
    np.arange(3, dtype=np.float32),
    np.linspace(0.5, 1, 4, dtype=np.float32),
    np.arange(8, dtype=np.float32) * np.float32(math.pi / 16),
    np.linspace(0, 1, 9, dtype=np.float32),
    np.linspace(0, 1, 9, dtype=np.float32),
)

_WINDOW = 32  # no shape reaches 16 pixels from its centroid
_SUBSAMPLES = 8  # per pixel and axis: 64 levels of coverage
_CHUNK = 64  # sprites drawn at once: 4 million samples, some 100 MB


def grid() -> np.ndarray:
    """Every combination of `FACTOR_VALUES`, the last factor fastest: float32 (7776, 5)."""
    axes = np.meshgrid(*FACTOR_VALUES, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)


def pixel_centre(factors: np.ndarray) -> np.ndarray:
    """Centroids (n, 2) of ``factors`` (n, 5) as column and row, where pixel 0 spans 0 to 1."""
    margin = _WINDOW / 2
    return margin + (SIZE - 2 * margin) * np.asarray(factors, dtype=np.float64)[:, 3:5]


def render(factors: np.ndarray) -> np.ndarray:
    """Draw images from their factors; values between those of the grid are welcome.

    Args:
        factors: (n, 5) in the order of `FACTOR_NAMES`.

    Returns:
        uint8 (n, 64, 64, 1): each pixel's covered fraction × 255.

    Raises:
        VaeError: if the table has another shape or a factor leaves its range.
    """
    factors = np.asarray(factors, dtype=np.float64)
    _check(factors)
    # A sprite moved by whole pixels keeps its anti-aliasing: draw each distinct one once, then
    # paste. On the grid this means 96 drawings in place of 7,776.
    corner = pixel_centre(factors) - _WINDOW / 2
    whole = np.floor(corner).astype(np.int64)
    sprites, which = np.unique(
        np.concatenate([factors[:, :3], corner - whole], axis=1), axis=0, return_inverse=True
    )
    drawn = [_draw(sprites[i : i + _CHUNK]) for i in range(0, len(sprites), _CHUNK)]
    # One spare pixel: a centroid at the far edge has its window end there.
    canvas = np.zeros((len(factors), SIZE + 1, SIZE + 1), dtype=np.uint8)
    if drawn:
        span = np.arange(_WINDOW)
        rows = (whole[:, 1, None] + span)[:, :, None]  # (n, window, 1)
        columns = (whole[:, 0, None] + span)[:, None, :]  # (n, 1, window)
        canvas[np.arange(len(factors))[:, None, None], rows, columns] = np.concatenate(drawn)[
            which.reshape(-1)
        ]
    return np.ascontiguousarray(canvas[:, :SIZE, :SIZE, None])


def _check(factors: np.ndarray) -> None:
    if factors.ndim != 2 or factors.shape[1] != len(FACTOR_NAMES):
        raise VaeError(
            f"Factors came as an array of shape {factors.shape}; "
            f"they must be (n, 5): {', '.join(FACTOR_NAMES)}."
        )
    if not np.isfinite(factors).all():
        raise VaeError("A factor is not a finite number.")
    if not np.isin(factors[:, 0], FACTOR_VALUES[0]).all():
        raise VaeError("A shape is unknown: it must be 0 (square), 1 (ellipse) or 2 (heart).")
    for column in (1, 3, 4):
        values = factors[:, column]
        if len(values) and (values.min() < 0 or values.max() > 1):
            raise VaeError(
                f"{FACTOR_NAMES[column]} came as {values.min():g} to {values.max():g}; "
                "it must lie between 0 and 1."
            )


def _draw(sprites: np.ndarray) -> np.ndarray:
    """Sprites (k, 5) of shape, scale, orientation and offset right, down → uint8 (k, 32, 32)."""
    count = _WINDOW * _SUBSAMPLES
    ticks = (np.arange(count) + 0.5) / _SUBSAMPLES - _WINDOW / 2
    shape, scale, angle, right, down = (column[:, None, None] for column in sprites.T)
    across = ticks[None, None, :] - right
    up = down - ticks[None, :, None]
    # Turn the paper back by the angle, so that each shape is tested upright.
    cos, sin = np.cos(angle), np.sin(angle)
    u = (cos * across + sin * up).astype(np.float32)
    v = (cos * up - sin * across).astype(np.float32)
    side = (math.sqrt(AREA) * scale).astype(np.float32)
    inside = np.zeros(u.shape, dtype=bool)
    for value, test in enumerate((_in_square, _in_ellipse, _in_heart)):
        rows = shape.ravel() == value
        inside[rows] = test(u[rows], v[rows], side[rows])
    # (k, 32·8, 32·8) → (k, 32, 8, 32, 8) → mean over the subsamples (k, 32, 32)
    split = (len(sprites), _WINDOW, _SUBSAMPLES, _WINDOW, _SUBSAMPLES)
    coverage = inside.reshape(split).mean(axis=(2, 4), dtype=np.float32)
    return np.rint(coverage * 255).astype(np.uint8)


# Each test takes points (u right, v up) from the centroid, and the side of a square of equal area.


def _in_square(u: np.ndarray, v: np.ndarray, side: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v)) <= side / 2


def _in_ellipse(u: np.ndarray, v: np.ndarray, side: np.ndarray) -> np.ndarray:
    aspect = 1.6
    long = side * math.sqrt(aspect / math.pi)  # long · (long / aspect) · π = side²
    return u**2 + (aspect * v) ** 2 <= long**2


def _in_heart(u: np.ndarray, v: np.ndarray, side: np.ndarray) -> np.ndarray:
    """A square on its tip with a half disc on each upper edge."""
    edge = side / math.sqrt(1 + math.pi / 4)  # edge² + two half discs, π edge² / 4 = side²
    # The discs raise the centroid above the middle of that square by this much.
    rise = edge * (math.pi / 4) * (1 / 2 + 2 / (3 * math.pi)) / math.sqrt(2) / (1 + math.pi / 4)
    v = v + rise
    diamond = np.abs(u) + np.abs(v) <= edge / math.sqrt(2)
    middle = edge / math.sqrt(8)
    return diamond | ((np.abs(u) - middle) ** 2 + (v - middle) ** 2 <= (edge / 2) ** 2)
