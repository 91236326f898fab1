"""The maps of a model: which there are, their files, placing a z on one.

A fitted map, by t-SNE or UMAP, is two files in the model's ``maps`` folder: ``<id>.npz`` with
``coords`` (m, 2) float32 and ``rows`` (m,) int32 of ``codes.npz`` (the first m), and ``<id>.json``
with its parameters, quality, seconds and versions; ``<id>.frames.npz`` shows it forming, where that
was kept (see ``vae.map_frames``). ``vae.map_fitting`` makes new ones. Raw and PCA maps are computed
at once and never stored.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

import numpy as np

from vae.checks import MAP_ID_PATTERN
from vae.errors import VaeError
from vae.exact_placement import exact_placement as descend
from vae.files import load_npz, read_json
from vae.map_frames import FRAMES_SUFFIX, Frames, load_frames
from vae.placement import Place, linear_placement, smooth_placement
from vae.projection import Linear, pca, raw
from vae.runs import Run


@dataclass(frozen=True)
class Map:
    """Places of the first m codes of a model.

    Attributes:
        id: its name, as in the URL of the live protocol.
        coords: (m, 2) float32.
        facts: ``method`` (raw, pca, tsne or umap), ``n`` (m), and what else is known of it.
    """

    id: str
    coords: np.ndarray
    facts: dict[str, Any]


def list_maps(run: Run) -> list[str]:
    """The ids of all maps that can be drawn now: ``raw`` and ``pca``, then the stored ones."""
    return ["raw", "pca", *stored_maps(run)]


def stored_maps(run: Run) -> list[str]:
    """The ids of the fitted maps of the model's present codes: t-SNE first, by length of name."""
    found = {
        path.stem
        for folder in (run.path / "maps", run.maps_dir)
        for path in folder.glob("*.npz")
        if is_stored(run, path.stem)
    }
    return sorted(found, key=lambda name: (name.split("-")[0], len(name), name))


def is_stored(run: Run, map_id: str) -> bool:
    """Whether there is a fitted map of the model's present codes by this id."""
    if not re.fullmatch(MAP_ID_PATTERN, map_id):  # it becomes a path
        return False
    path = map_path(run, map_id)
    return path.is_file() and fits_codes(path.with_suffix(".json"), run)


def load_map(run: Run, map_id: str) -> Map:
    """A map by its id: ``raw``, ``raw-I-J`` (dimensions from 0), ``pca``, or a stored one.

    Raises:
        VaeError: if the model has no such map (saying which it has), or its files are damaged.
    """
    if (linear := linear_map(run, map_id)) is not None:
        coords = _linear_coords(run, map_id, _codes_changed(run))
        method = "pca" if map_id == "pca" else "raw"
        return Map(
            map_id, coords, {"method": method, "n": len(coords), "explained": linear.explained}
        )
    if not is_stored(run, map_id):
        known = ", ".join(list_maps(run))
        raise VaeError(f"{run.name!r} has no map {shortened(map_id)}; it has: {known}.")
    return _read_map(map_path(run, map_id), _map_changed(run, map_id), len(run.codes().mu))


def placement(run: Run, map_id: str) -> Place:
    """Where any z belongs on a map: z (n, d) -> (n, 3) float32 of x, y, spread (0–1).

    By formula, with spread 0, on raw and PCA maps; continuous on t-SNE and UMAP maps, see
    :mod:`vae.placement`. Cached.

    Raises:
        VaeError: if the model has no such map.
    """
    if (linear := linear_map(run, map_id)) is not None:
        return linear_placement(linear)
    load_map(run, map_id)  # says so if there is none
    return _smooth(run, map_id, _map_changed(run, map_id))


def exact_placement(run: Run, map_id: str) -> Place:
    """Where t-SNE itself puts any z on a map: z (n, d) -> (n, 3) float32 of x, y, spread (0–1).

    The answer of :func:`placement` on maps that are no t-SNE: the formula on raw and PCA maps, the
    continuous place on UMAP's. See :mod:`vae.exact_placement`. Cached; for one thread at a time.

    Raises:
        VaeError: if the model has no such map.
    """
    if linear_map(run, map_id) is not None:
        return placement(run, map_id)
    if load_map(run, map_id).facts["method"] != "tsne":
        return placement(run, map_id)
    return _exact(run, map_id, _map_changed(run, map_id))


@lru_cache(maxsize=8)
def _smooth(run: Run, map_id: str, _changed: int) -> Place:
    coords = load_map(run, map_id).coords
    return smooth_placement(run.codes().mu[: len(coords)], coords)


@lru_cache(maxsize=4)
def _exact(run: Run, map_id: str, _changed: int) -> Place:
    found = load_map(run, map_id)
    codes, otherwise = run.codes().mu[: len(found.coords)], placement(run, map_id)
    # A map that somebody else made may not tell how.
    metric = str(found.facts.get("metric", "euclidean"))
    seed = int(found.facts.get("seed", 0)) % 2**31
    return descend(codes, found.coords, otherwise, metric=metric, seed=seed)


def linear_map(run: Run, map_id: str) -> Linear | None:
    """The map as a formula, for ``raw``, ``raw-I-J`` and ``pca``; ``None`` for all others.

    Raises:
        VaeError: if the model has not these dimensions.
    """
    if not re.fullmatch(r"pca|raw(-\d{1,6}-\d{1,6})?", map_id):
        return None
    return _linear(run, map_id, _codes_changed(run))


@lru_cache(maxsize=64)
def _linear(run: Run, map_id: str, _changed: int) -> Linear:
    mu = run.codes().mu
    if map_id == "pca":
        return pca(mu)
    dims = [int(part) for part in map_id.split("-")[1:]]
    return raw(mu, (dims[0], dims[1])) if dims else raw(mu)


@lru_cache(maxsize=8)
def _linear_coords(run: Run, map_id: str, _changed: int) -> np.ndarray:
    coords = _linear(run, map_id, _changed)(run.codes().mu)
    coords.flags.writeable = False
    return coords


def stored_frames(run: Run, map_id: str) -> Frames:
    """The frames of a stored map, the last of which is the map itself.

    Raises:
        VaeError: if there is no such map, or it has none, or they are damaged or another map's.
    """
    coords = load_map(run, map_id).coords
    path = map_path(run, map_id).with_suffix(FRAMES_SUFFIX)
    if not path.is_file():
        raise VaeError(f"The map {map_id!r} of {run.name!r} was stored without its frames.")
    return _read_frames(path, path.stat().st_mtime_ns, coords.tobytes())


@lru_cache(maxsize=2)
def _read_frames(path: Path, _changed: int, coords: bytes) -> Frames:
    return load_frames(path, np.frombuffer(coords, np.float32).reshape(-1, 2))


def map_path(run: Run, map_id: str) -> Path:
    """The file of a stored map; one fitted here wins over one that came with a bundled model."""
    own = run.maps_dir / f"{map_id}.npz"
    return own if own.is_file() else run.path / "maps" / f"{map_id}.npz"


def _codes_changed(run: Run) -> int:
    run.codes()  # says so if there are none
    return (run.path / "codes.npz").stat().st_mtime_ns


def _map_changed(run: Run, map_id: str) -> int:
    return map_path(run, map_id).stat().st_mtime_ns


def fits_codes(path: Path, run: Run) -> bool:
    """Whether the map with these facts was made from the codes that the model has now.

    Training may go on after a map was made: its points then stand for codes that are no more.
    """
    try:
        facts = read_json(path)
        return facts["fingerprint"] == _present(run, facts["n"], _codes_changed(run))
    except (VaeError, KeyError, TypeError):
        return False


@lru_cache(maxsize=32)
def _present(run: Run, n: int, _changed: int) -> str:
    """The fingerprint of the first n codes that the model has now."""
    return fingerprint(run.codes().mu[:n])


def fingerprint(mu: np.ndarray) -> str:
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
