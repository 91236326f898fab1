"""What decides a fitted map, t-SNE or UMAP, and the name it is stored under."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from vae.errors import VaeError

MIN_POINTS, MAX_POINTS = 3, 100_000
# A grid of maps that differ in perplexity only, small enough to stand side by side.
GRID_PERPLEXITIES, GRID_POINTS = (5.0, 15.0, 30.0, 50.0, 100.0), 2000

Method = Literal["tsne", "umap"]
Metric = Literal["euclidean", "cosine", "manhattan"]

# The letter in the map's name, and what it stands for, in the name's order.
LETTERS = {
    "tsne": {
        "p": "perplexity",
        "n": "points",
        "e": "early_exaggeration",
        "s": "seed",
        "": "metric",
    },
    "umap": {"k": "neighbours", "d": "min_dist", "n": "points", "s": "seed", "": "metric"},
}
_DECIMALS = 4
_RANGES = {
    "perplexity": ("perplexity", 2, 1000),
    "early_exaggeration": ("early exaggeration", 1, 1000),
    "neighbours": ("number of neighbours", 2, 500),
    "min_dist": ("minimal distance", 0, 1),
}


@dataclass(frozen=True)
class MapParams:
    """What decides a fitted map, beside the codes and the number of threads.

    ``perplexity`` and ``early_exaggeration`` are t-SNE's (van der Maaten & Hinton, 2008),
    ``neighbours`` and ``min_dist`` UMAP's (McInnes, Healy & Melville, 2018); each method takes no
    notice of the other's.

    Raises:
        VaeError: for a value outside its range, or with more than four decimals.
    """

    points: int = 5000
    perplexity: float = 30.0
    seed: int = 0
    early_exaggeration: float = 12.0
    metric: Metric = "euclidean"
    method: Method = "tsne"
    neighbours: int = 15
    min_dist: float = 0.1

    def __post_init__(self) -> None:
        if not MIN_POINTS <= self.points <= MAX_POINTS:
            raise VaeError(f"A map has {MIN_POINTS} to {MAX_POINTS:,} points, not {self.points:,}.")
        for name, (words, low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise VaeError(f"The {words} must lie between {low} and {high}, not {value:g}.")
            if round(value, _DECIMALS) != value:  # it stands in the map's name
                raise VaeError(f"The {words} may have {_DECIMALS} decimals, not {value!r}.")
        if not 0 <= self.seed < 2**31:
            raise VaeError(f"The seed must lie between 0 and 2³¹ - 1, not {self.seed}.")


def map_id(params: MapParams) -> str:
    """``tsne`` or ``umap`` for the default parameters, else with those that differ, as in
    ``tsne-p50-s1``."""
    default = MapParams()
    parts = [
        f"{letter}{getattr(params, name)}".removesuffix(".0")
        for letter, name in LETTERS[params.method].items()
        if getattr(params, name) != getattr(default, name)
    ]
    return "-".join([params.method, *parts])


def used_by(params: MapParams) -> dict[str, Any]:
    """The parameters that the method heeds, by name."""
    names = set(LETTERS[params.method].values())
    return {name: value for name, value in vars(params).items() if name in names}


def usual(params: MapParams, available: int) -> MapParams:
    """The same map of ``available`` codes by its usual name: who asks for all of them, or for more
    than there are, asks for the default where that takes them all."""
    if params.points < available:
        return params
    return replace(params, points=max(MapParams().points, min(available, MAX_POINTS)))


def perplexity_grid(
    available: int,
    perplexities: tuple[float, ...] = GRID_PERPLEXITIES,
    base: MapParams | None = None,
) -> tuple[MapParams, ...]:
    """Maps of the same codes that differ in perplexity only, smallest first.

    Args:
        available: how many codes the model has.
        base: all other parameters; 2,000 points and the defaults if not given.
    """
    base = base or MapParams(points=GRID_POINTS)
    grid = (replace(base, perplexity=float(value)) for value in sorted(set(perplexities)))
    return tuple(usual(params, available) for params in grid)
