"""Bins against counting point by point; samples that are even, and the same wherever one looks."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from vae.latent import binning
from vae.latent.binning import EMPTY, Box, Cloud, cloud, density, mean_values, sample

RNG = np.random.default_rng(0)
COORDS = RNG.standard_normal((3000, 2)).astype(np.float32)
LABELS = RNG.integers(0, 4, 3500)
VALUES = RNG.standard_normal(3500).astype(np.float32)
POINTS = cloud(COORDS, LABELS)
BOX = Box(-1.5, 1.0, -0.7, 2.0)


def by_hand(points: Cloud, box: Box, width: int, height: int) -> dict[tuple[int, int], list[int]]:
    """Rows of the points in each bin (from the top, from the left)."""
    bins: dict[tuple[int, int], list[int]] = {}
    for row, x, y in zip(points.rows, points.x, points.y, strict=True):
        if box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1:
            column = min(width - 1, int((x - box.x0) / (box.x1 - box.x0) * width))
            down = min(height - 1, int((box.y1 - y) / (box.y1 - box.y0) * height))
            bins.setdefault((down, column), []).append(int(row))
    return bins


def test_a_cloud_is_the_map_in_another_order() -> None:
    assert sorted(POINTS.rows) == list(range(3000))
    assert np.array_equal(np.stack([POINTS.x, POINTS.y], 1), COORDS[POINTS.rows])
    assert np.array_equal(POINTS.labels, LABELS[POINTS.rows])


@pytest.mark.parametrize("table", [2**22, 0])
def test_counts_and_majorities(table: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binning, "_TABLE", table)  # by a table, and by sorting
    counts, labels = density(POINTS, BOX, 23, 11)
    assert counts.shape == labels.shape == (11, 23)
    expected = by_hand(POINTS, BOX, 23, 11)
    assert counts.sum() == sum(map(len, expected.values())) > 500
    for place in np.ndindex(11, 23):
        tally = Counter(LABELS[row] for row in expected.get(place, []))
        assert counts[place] == sum(tally.values())
        lowest_first = sorted(tally, key=lambda label: (-tally[label], label))
        assert labels[place] == (lowest_first[0] if tally else EMPTY)


def test_means_of_a_number_leave_out_what_has_none() -> None:
    values = VALUES.copy()
    values[::3] = np.nan
    counts, means = mean_values(POINTS, values, BOX, 9, 7)
    assert np.array_equal(counts, density(POINTS, BOX, 9, 7)[0])
    for place, rows in by_hand(POINTS, BOX, 9, 7).items():
        known = [float(values[row]) for row in rows if np.isfinite(values[row])]
        assert means[place] == pytest.approx(
            np.mean(known) if known else np.nan, nan_ok=True, abs=1e-12
        )
    everywhere = mean_values(POINTS, VALUES, BOX, 1, 1)[1]
    inside = (COORDS >= [-1.5, -0.7]).all(1) & (COORDS <= [1.0, 2.0]).all(1)
    assert everywhere[0, 0] == pytest.approx(VALUES[:3000][inside].mean(), rel=1e-5)


def test_the_top_row_is_that_of_the_largest_y_and_borders_are_inside() -> None:
    corners = np.array([[0, 0], [2, 0], [0, 3], [2, 3], [2, 3.001]])
    counts, labels = density(cloud(corners, np.arange(5)), Box(0, 2, 0, 3), 2, 3)
    assert counts.tolist() == [[1, 1], [0, 0], [1, 1]]
    assert labels.tolist() == [[2, 3], [EMPTY, EMPTY], [0, 1]]


def test_all_of_a_map_is_in_its_own_extent() -> None:
    (x0, y0), (x1, y1) = COORDS.min(axis=0), COORDS.max(axis=0)
    box = Box(float(x0), float(x1), float(y0), float(y1))
    assert density(POINTS, box, 64, 48)[0].sum() == 3000


def test_a_box_of_almost_no_size_and_one_without_points() -> None:
    x, y = map(float, COORDS[5])
    counts, labels = density(POINTS, Box(x, np.nextafter(x, 9), y, np.nextafter(y, 9)), 1024, 7)
    assert counts.sum() == 1
    assert labels[counts > 0] == LABELS[5]
    counts, labels = density(POINTS, Box(50, 51, 50, 51), 3, 2)
    assert counts.sum() == 0
    assert (labels == EMPTY).all()
    assert np.isnan(mean_values(POINTS, VALUES, Box(50, 51, 50, 51), 3, 2)[1]).all()
    assert sample(POINTS, Box(50, 51, 50, 51), 5)[0] == 0


def test_a_sample_is_all_or_even_and_keeps_its_points() -> None:
    whole = Box(-9, 9, -9, 9)
    total, chosen = sample(POINTS, whole, 5000)
    assert total == 3000
    assert np.array_equal(POINTS.rows[chosen], np.arange(3000))
    total, chosen = sample(POINTS, whole, 600)
    assert (total, len(chosen)) == (3000, 600)
    rows = POINTS.rows[chosen]
    assert (np.diff(rows) > 0).all()
    # Even: about a fifth of every quarter of the map.
    for quarter in ((x, y) for x in (-1, 1) for y in (-1, 1)):
        here = (COORDS * quarter > 0).all(axis=1)
        share = here[rows].sum() / here.sum()
        assert share == pytest.approx(0.2, abs=0.06)
    # Nested: what is drawn of the whole is drawn of each part.
    part = Box(-1, 0.5, -1, 1)
    drawn = set(POINTS.rows[sample(POINTS, part, 600)[1]])
    inside = {int(r) for r in rows if -1 <= COORDS[r, 0] <= 0.5 and -1 <= COORDS[r, 1] <= 1}
    assert inside
    assert inside <= drawn
    again = cloud(COORDS, LABELS)
    assert np.array_equal(again.rows[sample(again, whole, 600)[1]], rows)


def test_labels_beyond_sixteen_bits_do_no_harm() -> None:
    strange = cloud(COORDS[:3], np.array([-1, 70_000, 2**40]))
    counts, labels = density(strange, Box(-9, 9, -9, 9), 1024, 1024)
    assert counts.sum() == 3
    assert ((labels >= 0) & (labels <= 65535)).all()
