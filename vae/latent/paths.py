"""Paths between two codes: straight lines and great circles."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from vae.errors import VaeError

PathKind = Literal["lerp", "slerp"]


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """The straight line (1 - t) a + t b: codes (d,), t a scalar or (n,) -> (d,) or (n, d)."""
    t = np.asarray(t, np.float64)[..., None]
    return ((1 - t) * a + t * b).astype(np.float32)


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Spherical interpolation (Shoemake, 1985; for latent spaces White, 2016).

    sin((1-t) w) / sin w · a + sin(t w) / sin w · b, with w the angle between a and b. In many
    dimensions draws from N(0, I) lie near a shell of radius sqrt(d), which a straight line
    leaves and this path follows. Where the angle is undefined or the ends are (anti)parallel
    it is the straight line.
    """
    norms = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    if norms == 0.0:
        return lerp(a, b, t)
    omega = np.arccos(np.clip(float(np.dot(a, b)) / norms, -1.0, 1.0))
    if np.sin(omega) < 1e-4:
        return lerp(a, b, t)
    t = np.asarray(t, np.float64)[..., None]
    mixed = (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)
    return mixed.astype(np.float32)


def path(a: np.ndarray, b: np.ndarray, n: int, kind: PathKind = "slerp") -> np.ndarray:
    """``n`` codes from ``a`` to ``b``, ends included: (n, d) float32.

    Raises:
        VaeError: for an unknown kind, or fewer than 2 codes.
    """
    if kind not in get_args(PathKind):
        raise VaeError(f"Unknown path {kind!r}; allowed are {', '.join(get_args(PathKind))}.")
    if n < 2:
        raise VaeError(f"A path of {n} codes was asked for; it needs at least 2.")
    t = np.linspace(0.0, 1.0, n)
    return lerp(a, b, t) if kind == "lerp" else slerp(a, b, t)
