"""Maps of pure noise, to be seen beside those of codes: low perplexities find clumps in nothing.

They come with the project; ``python -m vae.map_noise`` fits them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from vae.files import load_npz, save_npz
from vae.map_params import GRID_PERPLEXITIES, GRID_POINTS
from vae.map_quality import quality
from vae.tsne import tsne

DIMENSIONS = 16
_FILE = Path(__file__).parent / "map_noise.npz"


@dataclass(frozen=True)
class NoiseMap:
    """A t-SNE map of 2,000 draws from N(0, I) in 16 dimensions.

    Attributes:
        coords: (2000, 2) float32.
        trustworthiness, knn_recall: 0–1, see :func:`vae.map_quality.quality`.
    """

    perplexity: float
    coords: np.ndarray
    trustworthiness: float
    knn_recall: float


def noise() -> np.ndarray:
    """The draws, (2000, 16): the same on every machine."""
    return np.random.default_rng(0).standard_normal((GRID_POINTS, DIMENSIONS))


@cache
def noise_maps() -> tuple[NoiseMap, ...]:
    """The bundled maps of them, with the grid's perplexities, smallest first.

    Raises:
        VaeError: if their file is missing or damaged.
    """
    arrays = load_npz(_FILE)
    rows = zip(arrays["perplexities"], arrays["coords"], arrays["quality"], strict=True)
    return tuple(
        NoiseMap(float(perplexity), coords.astype(np.float32), *map(float, measured))
        for perplexity, coords, measured in rows
    )


def fit_noise_maps() -> None:
    """Fit the bundled maps anew, with the defaults of :class:`vae.map_params.MapParams`."""
    codes = noise()
    fitted = [tsne(codes, perplexity=p, seed=0, n_jobs=1) for p in GRID_PERPLEXITIES]
    places = [coords for coords in fitted if coords is not None]
    measured = [quality(codes, coords) for coords in places]
    save_npz(
        _FILE,
        perplexities=np.array(GRID_PERPLEXITIES, np.float32),
        coords=np.array(places, np.float16),  # a thousandth of the map: half a pixel of a small map
        quality=np.array([[q["trustworthiness"], q["knn_recall"]] for q in measured], np.float32),
    )


if __name__ == "__main__":
    fit_noise_maps()
