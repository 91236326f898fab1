"""Handwriting as pen strokes: the ink of a picture thinned to lines, and the lines followed."""

from __future__ import annotations

import numpy as np

Point = tuple[int, int]  # row, column
Stroke = list[tuple[float, float]]  # x, y

_FINER = 4  # the picture is enlarged before it is thinned
_INK = 110  # grey level of 255
_STEP = 3  # points of the finer picture between two that the pen is given
# clockwise from above: the neighbours P2 … P9 of Zhang and Suen
_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def strokes_of(image: np.ndarray) -> list[Stroke]:
    """The strokes of a grey image (H, W) uint8, in its pixels; pixel i covers [i, i + 1)."""
    lines = follow(thin(_enlarged(image) > _INK))
    kept = [line[::_STEP] + ([line[-1]] if (len(line) - 1) % _STEP else []) for line in lines]
    return [[((x + 0.5) / _FINER, (y + 0.5) / _FINER) for y, x in line] for line in kept]


def thin(ink: np.ndarray) -> np.ndarray:
    """The skeleton of a bool image, one pixel wide (Zhang & Suen, 1984)."""
    ink = np.pad(ink, 1)
    while True:
        before = int(ink.sum())
        for step in (0, 1):
            ring = [np.roll(ink, (-dy, -dx), (0, 1)) for dy, dx in _RING]
            n, e, s, w = ring[0], ring[2], ring[4], ring[6]
            neighbours = sum(part.astype(int) for part in ring)
            rises = sum(
                (~a & b).astype(int) for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)
            )
            free = ~(n & e & s) & ~(e & s & w) if step == 0 else ~(n & e & w) & ~(n & s & w)
            ink = ink & ~((neighbours >= 2) & (neighbours <= 6) & (rises == 1) & free)
        if int(ink.sum()) == before:
            return ink[1:-1, 1:-1]


def follow(skeleton: np.ndarray) -> list[list[Point]]:
    """Paths that together pass once over every link between neighbouring pixels."""
    pixels = {(int(y), int(x)) for y, x in np.argwhere(skeleton)}
    links = {pixel: _links(pixel, pixels) for pixel in pixels}
    paths = [[pixel] for pixel in sorted(pixels) if not links[pixel]]
    for most in (1, 8):  # from loose ends first; rings are left
        for start in sorted(pixels):
            while 0 < len(links[start]) <= most:
                path = [start]
                while links[path[-1]]:
                    here = path[-1]
                    there = _straightest(path, links[here])
                    links[here].remove(there)
                    links[there].remove(here)
                    path.append(there)
                paths.append(path)
    return paths


def _links(pixel: Point, pixels: set[Point]) -> list[Point]:
    """Straight neighbours, and diagonal ones that no straight one leads to."""
    y, x = pixel
    straight = [(y + dy, x + dx) for dy, dx in _RING[::2] if (y + dy, x + dx) in pixels]
    diagonal = [
        (y + dy, x + dx)
        for dy, dx in _RING[1::2]
        if (y + dy, x + dx) in pixels and not {(y + dy, x), (y, x + dx)} & pixels
    ]
    return straight + diagonal


def _straightest(path: list[Point], choices: list[Point]) -> Point:
    """Which way goes on in the direction of the last few steps, as a hand does."""
    here, back = np.array(path[-1]), np.array(path[-min(len(path), 6)])
    return max(choices, key=lambda there: float(np.dot(np.array(there) - here, here - back)))


def _enlarged(image: np.ndarray) -> np.ndarray:
    """Bilinear, :data:`_FINER` times."""
    side = np.arange(len(image) * _FINER)
    across = (side + 0.5) / _FINER - 0.5
    low = np.clip(np.floor(across).astype(int), 0, len(image) - 2)
    part = np.clip(across - low, 0, 1)
    rows = image[low] * (1 - part)[:, None] + image[low + 1] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, low + 1] * part
