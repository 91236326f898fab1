"""The maps of a model: which there are, their files, fitting a new one, placing a z on one.

A t-SNE map is two files in the model's ``maps`` folder: ``<id>.npz`` with ``coords`` (m, 2) float32
and ``rows`` (m,) int32 of ``codes.npz`` (the first m), and ``<id>.json`` with its parameters,
quality, seconds and versions. Raw and PCA maps are computed at once and never stored.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, Literal

import numpy as np

from vae.errors import VaeError
from vae.files import load_npz, make_folder, read_json, save_npz, write_json
from vae.map_quality import quality
from vae.placement import Place, linear_placement, neighbour_placement
from vae.projection import Linear, Step, pca, raw, tsne, usable_perplexity
from vae.runs import Run
from vae.status import now, versions

MIN_POINTS, MAX_POINTS = 3, 100_000


@dataclass(frozen=True)
class MapParams:
    """What decides a t-SNE map, beside the codes and the number of threads."""

    points: int = 5000
    perplexity: float = 30.0
    seed: int = 0
    early_exaggeration: float = 12.0
    metric: Literal["euclidean", "cosine", "manhattan"] = "euclidean"

    def __post_init__(self) -> None:
        if not MIN_POINTS <= self.points <= MAX_POINTS:
            raise VaeError(f"A map has {MIN_POINTS} to {MAX_POINTS:,} points, not {self.points:,}.")
        if not 2 <= self.perplexity <= 1000:
            raise VaeError(f"The perplexity must lie between 2 and 1000, not {self.perplexity:g}.")
        if not 0 <= self.seed < 2**31:
            raise VaeError(f"The seed must lie between 0 and 2³¹ - 1, not {self.seed}.")


@dataclass(frozen=True)
class Map:
    """Places of the first m codes of a model.

    Attributes:
        id: its name, as in the URL of the live protocol.
        coords: (m, 2) float32.
        facts: ``method`` (raw, pca or tsne), ``n`` (m), and what else is known of it.
    """

    id: str
    coords: np.ndarray
    facts: dict[str, Any]


def map_id(params: MapParams) -> str:
    """``tsne`` for the default parameters, else with those that differ, as in ``tsne-p50-s1``."""
    default = MapParams()
    parts = [
        f"{letter}{getattr(params, name)}".removesuffix(".0")
        for letter, name in (
            ("p", "perplexity"),
            ("n", "points"),
            ("e", "early_exaggeration"),
            ("s", "seed"),
            ("", "metric"),
        )
        if getattr(params, name) != getattr(default, name)
    ]
    return "-".join(["tsne", *parts])


def usual(params: MapParams, available: int) -> MapParams:
    """The same map of ``available`` codes by its usual name: who asks for all of them, or for more
    than there are, asks for the default where that takes them all."""
    if params.points < available:
        return params
    return replace(params, points=max(MapParams().points, min(available, MAX_POINTS)))


def list_maps(run: Run) -> list[str]:
    """The ids of all maps that can be drawn now: ``raw`` and ``pca``, then stored t-SNE maps."""
    return ["raw", "pca", *stored_maps(run)]


def stored_maps(run: Run) -> list[str]:
    """The ids of the stored maps of the model's present codes, the default one first."""
    found = {
        path.stem
        for folder in (run.path / "maps", run.maps_dir)
        for path in folder.glob("tsne*.npz")
        if _fits(path.with_suffix(".json"), run)
    }
    return sorted(found, key=lambda name: (len(name), name))


def load_map(run: Run, map_id: str) -> Map:
    """A map by its id: ``raw``, ``raw-I-J`` (dimensions from 0), ``pca``, or a stored one.

    Raises:
        VaeError: if the model has no such map (saying which it has), or its files are damaged.
    """
    if (linear := linear_map(run, map_id)) is not None:
        coords = linear(run.codes().mu)
        method = "pca" if map_id == "pca" else "raw"
        return Map(
            map_id, coords, {"method": method, "n": len(coords), "explained": linear.explained}
        )
    if map_id not in stored_maps(run):
        known = ", ".join(list_maps(run))
        raise VaeError(f"{run.name!r} has no map {shortened(map_id)}; it has: {known}.")
    path = _map_path(run, map_id)
    return _read_map(path, path.stat().st_mtime_ns, len(run.codes().mu))


def placement(run: Run, map_id: str) -> Place:
    """Where any z belongs on a map: z (n, d) -> (n, 3) float32 of x, y, spread (0–1).

    Exact, with spread 0, on raw and PCA maps; see :mod:`vae.placement` for t-SNE. Cached.

    Raises:
        VaeError: if the model has no such map.
    """
    if (linear := linear_map(run, map_id)) is not None:
        return linear_placement(linear)
    found = load_map(run, map_id)
    return _neighbours(run, map_id, found.facts["fingerprint"], found.facts["date"])


@lru_cache(maxsize=8)
def _neighbours(run: Run, map_id: str, _fingerprint: str, _date: str) -> Place:
    coords = load_map(run, map_id).coords
    return neighbour_placement(run.codes().mu[: len(coords)], coords)


def fit_map(
    run: Run, params: MapParams, progress: Callable[[Step], bool] | None = None
) -> Map | None:
    """Fit a t-SNE map of the first ``params.points`` codes and store it.

    Args:
        progress: called every 25 iterations; a true answer stops the fit.

    Returns:
        The map, or ``None`` if it was stopped: then nothing is stored.

    Raises:
        VaeError: if the codes are missing or not finite, or the map cannot be written.
    """
    codes = run.codes()
    params = usual(params, len(codes.mu))
    mu, labels = codes.mu[: params.points], codes.labels[: params.points]
    n_jobs = (os.cpu_count() or 1) if len(mu) >= 2000 else 1  # threads cost small maps more
    begun, cpu_begun = time.monotonic(), time.process_time()
    coords = tsne(
        mu,
        perplexity=params.perplexity,
        early_exaggeration=params.early_exaggeration,
        seed=params.seed,
        metric=params.metric,
        n_jobs=n_jobs,
        callback=progress,
    )
    if coords is None:
        return None
    facts = {
        "method": "tsne",
        **asdict(params),
        "n": len(mu),
        "perplexity_used": usable_perplexity(len(np.unique(mu, axis=0)), params.perplexity),
        "n_jobs": n_jobs,
        "seconds": round(time.monotonic() - begun, 2),
        "cpu_seconds": round(time.process_time() - cpu_begun, 2),
        "date": now(),
        "versions": versions(),
        "fingerprint": _fingerprint(mu),
        "quality": quality(mu, coords, labels, queries=5000),
    }
    found = Map(map_id(params), coords, facts)
    make_folder(run.maps_dir)
    path = run.maps_dir / f"{found.id}.npz"
    # Facts first: a map is there from the moment its coordinates are.
    write_json(path.with_suffix(".json"), facts)
    save_npz(path, coords=coords, rows=np.arange(len(coords), dtype=np.int32))
    return found


def linear_map(run: Run, map_id: str) -> Linear | None:
    """The map as a formula, for ``raw``, ``raw-I-J`` and ``pca``; ``None`` for all others.

    Raises:
        VaeError: if the model has not these dimensions.
    """
    if map_id == "pca":
        return pca(run.codes().mu)
    if map_id == "raw":
        return raw(run.codes().mu)
    if match := re.fullmatch(r"raw-(\d{1,6})-(\d{1,6})", map_id):
        return raw(run.codes().mu, (int(match[1]), int(match[2])))
    return None


def _map_path(run: Run, map_id: str) -> Path:
    """A map fitted here wins over one that came with a bundled model."""
    own = run.maps_dir / f"{map_id}.npz"
    return own if own.is_file() else run.path / "maps" / f"{map_id}.npz"


def _fits(path: Path, run: Run) -> bool:
    """Whether the map with these facts was made from the codes that the model has now.

    Training may go on after a map was made: its points then stand for codes that are no more.
    """
    try:
        facts = read_json(path)
        return facts["fingerprint"] == _fingerprint(run.codes().mu[: facts["n"]])
    except (VaeError, KeyError, TypeError):
        return False


def _fingerprint(mu: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(mu, dtype="<f4").tobytes()).hexdigest()[:16]


@lru_cache(maxsize=16)
def _read_map(path: Path, _changed: int, limit: int) -> Map:
    arrays = load_npz(path)
    coords = arrays.get("coords", np.zeros(0)).astype(np.float32)
    if coords.ndim != 2 or coords.shape[1] != 2 or not 0 < len(coords) <= limit:
        raise VaeError(f"{path} holds no map of up to {limit} points in the plane.")
    if not np.isfinite(coords).all():
        raise VaeError(f"{path} holds places that are not finite numbers.")
    return Map(path.stem, coords, read_json(path.with_suffix(".json")))
