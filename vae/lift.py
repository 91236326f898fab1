"""Back from a place on a linear map to a code: each of its places stands for one, on one plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vae.projection import Linear


@dataclass(frozen=True)
class Lift:
    """The plane of codes (x, y) -> origin + axes @ (x, y).

    Attributes:
        origin: (d,), the code at (0, 0).
        axes: (d, 2), the map's own.
    """

    origin: np.ndarray
    axes: np.ndarray

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Codes (n, d) float32 of places (n, 2)."""
        return (self.origin + np.asarray(places, np.float64) @ self.axes.T).astype(np.float32)


def lift(projection: Linear, through: np.ndarray | None = None) -> Lift:
    """The right inverse of a linear map z -> (z - mean) @ axes whose axes are orthonormal.

    Every plane parallel to the axes has the same places; they differ in the part of z that the map
    leaves out. That part is ``through``'s, or the mean's:

        origin = mean + (I - axes axesᵀ)(through - mean)

    so that projecting the lifted place gives the place back. (In one latent dimension the map has
    one axis: y means nothing, and comes back as 0.)

    Args:
        through: (d,), a code on the plane; without it the plane goes through the mean.
    """
    if through is None:
        return Lift(projection.mean, projection.axes)
    offset = np.asarray(through, np.float64) - projection.mean
    within = projection.axes @ (projection.axes.T @ offset)
    return Lift(projection.mean + offset - within, projection.axes)
