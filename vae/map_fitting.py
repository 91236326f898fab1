"""Fitting a new map of a model's codes and storing it: whole, or not at all."""

from __future__ import annotations

import os
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from vae.files import make_folder, remove_file, save_npz, write_json
from vae.map_frames import FRAMES_SUFFIX, append_frame, begin_frames, read_frames, store_frames
from vae.map_params import MapParams, map_id, used_by, usual
from vae.map_quality import quality
from vae.maps import Map, fingerprint, fits_codes
from vae.projection import Callback, Step
from vae.runs import Run
from vae.status import now, versions
from vae.tsne import tsne, usable_perplexity
from vae.umap_projection import umap, usable_neighbours


def fit_map(
    run: Run,
    params: MapParams,
    progress: Callback | None = None,
    frames: Path | None = None,
) -> Map | None:
    """Fit a map of the first ``params.points`` codes and store it.

    Args:
        progress: called at the start and every 25 iterations; a true answer stops the fit.
        frames: a file in which the places of these iterations are kept during the fit; they are
            then stored beside the map.

    Returns:
        The map, or ``None`` if it was stopped: then nothing is stored.

    Raises:
        VaeError: if the codes are missing or not finite, the method is not installed, or the map
            cannot be written.
    """
    if frames is not None:
        remove_file(frames)  # of a fit that was killed
    codes = run.codes()
    params = usual(params, len(codes.mu))
    mu, labels = codes.mu[: params.points], codes.labels[: params.points]
    n_jobs = (os.cpu_count() or 1) if len(mu) >= 2000 else 1  # threads cost small maps more
    begun, cpu_begun = time.monotonic(), time.process_time()

    def on_step(step: Step) -> bool:
        if frames is not None:
            if step.iteration == 0:
                begin_frames(frames, len(mu), step.total)
            append_frame(frames, step)
        return progress is not None and progress(step)

    coords = _arrange(mu, params, n_jobs, on_step)
    if coords is None:
        return None
    facts = {
        "method": params.method,
        **used_by(params),
        "n": len(mu),
        **_usable(params, len(np.unique(mu, axis=0))),
        "n_jobs": n_jobs,
        "seconds": round(time.monotonic() - begun, 2),
        "cpu_seconds": round(time.process_time() - cpu_begun, 2),
        "date": now(),
        "versions": versions() | _engine(params),
        "fingerprint": fingerprint(mu),
        "quality": quality(mu, coords, labels, queries=5000),
    }
    found = Map(map_id(params), coords, facts)
    _store(run, found, frames)
    return found


def _arrange(mu: np.ndarray, params: MapParams, n_jobs: int, on: Callback) -> np.ndarray | None:
    if params.method == "umap":
        return umap(
            mu,
            neighbours=params.neighbours,
            min_dist=params.min_dist,
            seed=params.seed,
            metric=params.metric,
            callback=on,
        )
    return tsne(
        mu,
        perplexity=params.perplexity,
        early_exaggeration=params.early_exaggeration,
        seed=params.seed,
        metric=params.metric,
        n_jobs=n_jobs,
        callback=on,
    )


def _usable(params: MapParams, distinct: int) -> dict[str, float]:
    """What so few codes allow of the size of a neighbourhood."""
    if params.method == "umap":
        return {"neighbours_used": usable_neighbours(distinct, params.neighbours)}
    return {"perplexity_used": usable_perplexity(distinct, params.perplexity)}


def _engine(params: MapParams) -> dict[str, str]:
    return {"umap-learn": version("umap-learn")} if params.method == "umap" else {}


def _store(run: Run, found: Map, frames: Path | None) -> None:
    make_folder(run.maps_dir)
    path = run.maps_dir / f"{found.id}.npz"
    facts_path = path.with_suffix(".json")
    kept = path.with_suffix(FRAMES_SUFFIX)
    remove_file(kept)
    if not fits_codes(facts_path, run):
        remove_file(path)  # of other codes: it must not be taken for this one between two writes
    # Facts first: a map is there from the moment its coordinates are, and frames only with a map.
    write_json(facts_path, found.facts)
    rows = np.arange(len(found.coords), dtype=np.int32)
    save_npz(path, coords=found.coords, rows=rows)
    if frames is not None and frames.is_file():  # a few codes are drawn at once
        store_frames(kept, read_frames(frames))
