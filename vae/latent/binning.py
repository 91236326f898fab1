"""A map of many points, in small: how many lie in each bin, of which class, and a fair sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EMPTY = 65535  # the label of a bin that no point lies in
_TABLE = 2**22  # bins × classes that are counted in one table; with more, points are sorted


@dataclass(frozen=True)
class Box:
    """A part of a map, its borders included: x from ``x0`` to ``x1``, y from ``y0`` to ``y1``."""

    x0: float
    x1: float
    y0: float
    y1: float


@dataclass(frozen=True)
class Cloud:
    """The m points of a map in a random order, so that the first of any part are a fair sample.

    Attributes:
        rows: (m,) int64, which codes they are.
        x, y: (m,) float64 places.
        labels: (m,) int64, 0 to 65535.
    """

    rows: np.ndarray
    x: np.ndarray
    y: np.ndarray
    labels: np.ndarray


def cloud(coords: np.ndarray, labels: np.ndarray, seed: int = 0) -> Cloud:
    """Places (m, 2) and labels of codes (n,), of which the first m are on the map, as a cloud."""
    rows = np.random.default_rng(seed).permutation(len(coords))
    x, y = (np.ascontiguousarray(axis[rows], np.float64) for axis in coords.T)
    # as 16 bits, the size in which the browser has them
    return Cloud(rows, x, y, labels[rows].astype(np.uint16).astype(np.int64))


def sample(points: Cloud, box: Box, most: int) -> tuple[int, np.ndarray]:
    """How many points lie in a box, and which of them to draw: at most ``most``.

    They are drawn evenly and always the same: of two boxes, one inside the other, a point that is
    drawn in the larger one is drawn in the smaller one too.

    Returns:
        The number, and positions in the cloud, ascending by the points' rows.
    """
    found = np.flatnonzero(_inside(points, box))
    chosen = found[:most]
    return len(found), chosen[np.argsort(points.rows[chosen])]


def density(points: Cloud, box: Box, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """How many points lie in each bin of a box, and the label that most of them have.

    Of labels that equally many have it is the lowest; in an empty bin it is :data:`EMPTY`.

    Returns:
        counts (height, width) int64 and labels (height, width) int64, the top row (of the largest
        y) first.
    """
    inside = np.flatnonzero(_inside(points, box))
    bins = _bins(points, inside, box, width, height)
    counts = np.bincount(bins, minlength=width * height)
    majority = _majority(bins, points.labels[inside], counts)
    return counts.reshape(height, width), majority.reshape(height, width)


def mean_values(
    points: Cloud, values: np.ndarray, box: Box, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """How many points lie in each bin of a box, and the mean of their values.

    Args:
        values: (n,) by row of the codes; NaN where there is none, which no mean counts.

    Returns:
        counts (height, width) int64 and means (height, width) float64, NaN where no point has a
        value; the top row first.
    """
    inside = np.flatnonzero(_inside(points, box))
    bins = _bins(points, inside, box, width, height)
    counts = np.bincount(bins, minlength=width * height)
    known = values[points.rows[inside]].astype(np.float64)
    there = np.isfinite(known)
    if there.all():
        shares = counts
    else:
        bins, known = bins[there], known[there]
        shares = np.bincount(bins, minlength=width * height)
    sums = np.bincount(bins, weights=known, minlength=width * height)
    means = np.divide(sums, shares, out=np.full(len(sums), np.nan), where=shares > 0)
    return counts.reshape(height, width), means.reshape(height, width)


def _inside(points: Cloud, box: Box) -> np.ndarray:
    x, y = points.x, points.y
    return (x >= box.x0) & (x <= box.x1) & (y >= box.y0) & (y <= box.y1)


def _bins(points: Cloud, inside: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    """The bin of each point inside, row by row from the top; borders belong to the bin within."""
    # First the share of the box, which lies in 0–1 however small the box is.
    across = (points.x[inside] - box.x0) / (box.x1 - box.x0)
    down = (box.y1 - points.y[inside]) / (box.y1 - box.y0)
    column = np.minimum((across * width).astype(np.int64), width - 1)
    return np.minimum((down * height).astype(np.int64), height - 1) * width + column


def _majority(bins: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The most frequent label of each bin, (len(counts),)."""
    majority = np.full(len(counts), EMPTY)
    if not len(bins):
        return majority
    kinds = int(labels.max()) + 1
    keys = bins * kinds + labels
    if len(counts) * kinds <= _TABLE:
        table = np.bincount(keys, minlength=len(counts) * kinds).reshape(len(counts), kinds)
        return np.where(counts > 0, table.argmax(axis=1), EMPTY)
    keys.sort()
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))  # of each bin and label
    many = np.diff(np.append(first, len(keys)))
    where, which = np.divmod(keys[first], kinds)
    begin = np.flatnonzero(np.concatenate(([True], where[1:] != where[:-1])))  # of each bin
    # The largest of (how many, lowest label), as one number.
    best = np.maximum.reduceat(many * kinds + (kinds - 1 - which), begin)
    majority[where[begin]] = kinds - 1 - best % kinds
    return majority
