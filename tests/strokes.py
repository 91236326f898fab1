"""Pictures of handwriting as pen strokes: the thinned ink, followed from end to end."""

from __future__ import annotations

import numpy as np

Point = tuple[int, int]  # row, column
# clockwise from the top: P2 … P9 of Zhang and Suen
_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def thin(ink: np.ndarray) -> np.ndarray:
    """The one-pixel skeleton of a bool image (Zhang & Suen, 1984)."""
    ink = np.pad(ink, 1)
    while True:
        before = int(ink.sum())
        for step in (0, 1):
            ring = [np.roll(ink, (-dy, -dx), (0, 1)) for dy, dx in _RING]
            n, e, s, w = ring[0], ring[2], ring[4], ring[6]
            neighbours = sum(part.astype(int) for part in ring)
            begins = sum(
                (~a & b).astype(int) for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)
            )
            free = ~(n & e & s) & ~(e & s & w) if step == 0 else ~(n & e & w) & ~(n & s & w)
            ink = ink & ~((neighbours >= 2) & (neighbours <= 6) & (begins == 1) & free)
        if int(ink.sum()) == before:
            return ink[1:-1, 1:-1]


def follow(skeleton: np.ndarray) -> list[list[Point]]:
    """Paths that pass over every link between neighbouring pixels once, longest runs first kept."""
    pixels = {(int(y), int(x)) for y, x in np.argwhere(skeleton)}
    links = {pixel: _neighbours(pixel, pixels) for pixel in pixels}
    paths = []
    for want_end in (True, False):  # from loose ends first; what is left are rings
        for start in sorted(pixels):
            while links[start] and (not want_end or len(links[start]) == 1):
                path = [start]
                while links[path[-1]]:
                    here = path[-1]
                    there = _straightest(path, links[here])
                    links[here].remove(there)
                    links[there].remove(here)
                    path.append(there)
                paths.append(path)
    return paths or [[pixel] for pixel in sorted(pixels)]


def _neighbours(pixel: Point, pixels: set[Point]) -> list[Point]:
    """Linked pixels: straight neighbours, and diagonal ones that no straight one leads to."""
    y, x = pixel
    straight = [(y + dy, x + dx) for dy, dx in _RING[::2] if (y + dy, x + dx) in pixels]
    diagonal = [
        (y + dy, x + dx)
        for dy, dx in _RING[1::2]
        if (y + dy, x + dx) in pixels and (y + dy, x) not in pixels and (y, x + dx) not in pixels
    ]
    return straight + diagonal


def _straightest(path: list[Point], choices: list[Point]) -> Point:
    """The neighbour that goes on in the direction of the last few steps, as a hand would."""
    here, back = np.array(path[-1]), np.array(path[-min(len(path), 6)])
    return max(choices, key=lambda there: float(np.dot(np.array(there) - here, here - back)))
