"""Codes of successive snapshots on one plane, turned so that nothing jumps from one to the next.

PCA of each snapshot by itself would jump: it finds its axes anew each time, fixes neither their
signs nor, where two are about equally long, which comes first. Orthogonal Procrustes analysis
(Schönemann, 1966) takes out just that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def plane(codes: np.ndarray) -> np.ndarray:
    """Codes (n, d) in the plane, (n, 2) float64: of two dimensions as they are, of one on a line,
    of more by their own PCA, centred, the longer axis first.
    """
    codes = np.asarray(codes, np.float64)
    n, d = codes.shape
    if d == 2:
        return codes
    places = np.zeros((n, 2))
    if d == 1:
        places[:, :1] = codes
        return places
    centred = codes - codes.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]  # (2, d), of one code (1, d)
    # A sign that does not depend on the method: the largest loading of each is positive.
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    places[:, : len(axes)] = centred @ (axes * np.sign(largest)[:, None]).T
    return places


def align(codes: np.ndarray, target: np.ndarray) -> np.ndarray:
    """``codes`` (n, d) seen from where they look most like the places ``target`` (n, 2).

    They are moved so that the means agree and projected on the orthonormal W (d, 2) that maximises
    tr(Wᵀ (C − c̄)ᵀ (T − t̄)): W = U Vᵀ, where U S Vᵀ is the singular value decomposition of
    (C − c̄)ᵀ (T − t̄). In two dimensions W turns and mirrors, the orthogonal Procrustes solution.
    Nothing is scaled.
    """
    middle, aim = codes.mean(axis=0), target.mean(axis=0)
    u, _, vt = np.linalg.svd((codes - middle).T @ (target - aim), full_matrices=False)
    return (codes - middle) @ (u @ vt) + aim


def aligned_planes(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Snapshots of the same n codes, (n, d) each, on one plane: (m, n, 2) float32.

    Of one or two dimensions they are the dimensions themselves, which mean something: nothing is
    turned. Of more the last lies on its principal axes, and each before it is aligned to its
    successor, from the end backwards.
    """
    if not len(codes):
        return np.zeros((0, 0, 2), np.float32)
    film = [plane(codes[-1])]
    for earlier in reversed(codes[:-1]):
        exact = np.asarray(earlier, np.float64)
        film.append(align(exact, film[-1]) if exact.shape[1] > 2 else plane(exact))
    return np.asarray(film[::-1], np.float32)
