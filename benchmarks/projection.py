"""t-SNE against scikit-learn's, and the placement of new codes: seconds, quality, continuity.

    VAE_DATA=data python benchmarks/projection.py mnist-conv-16 --json

- Both fits of the same codes, one after the other in this process: CPU-seconds of all threads,
  from PCA with perplexity 30, 750 and 1000 iterations (each library's default).
- A large map in a process of its own: its CPU-seconds and its peak memory, imports included.
- Places of new codes on the first map: milliseconds one by one; the largest step on straight paths
  of 200 steps between two codes, as a share of the map's span; how often a new image's place is
  nearest to a point of its own class; how far a code's place is from its own point.

New images and the codes of the large map are those of the training images where these are at hand.
Elsewhere the large map's codes are draws from the posteriors of the held-out images, and new ones
the held-out images beyond the first map. Threads wait passively, as in the app.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when OpenMP is loaded, below
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from vae.datasets import load
from vae.errors import VaeError
from vae.exact_placement import exact_placement
from vae.inference import encode_pixels
from vae.map_quality import quality
from vae.placement import Place, map_span, smooth_placement
from vae.runs import Run, find_run, load_model
from vae.tsne import tsne

NEW, STEPS = 2000, 200


def timed(fit: Callable[[], Any]) -> tuple[np.ndarray, dict[str, float]]:
    """The fit's places and its seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    places = np.asarray(fit())
    return places, {
        "seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }


def compare(codes: np.ndarray, labels: np.ndarray, peer: bool) -> tuple[np.ndarray, dict[str, Any]]:
    """Our map of the codes, and the figures of both libraries."""
    places, seconds = timed(lambda: tsne(codes))
    found: dict[str, Any] = {"ours": seconds | quality(codes, places, labels)}
    if peer:
        from sklearn.manifold import TSNE

        fit = TSNE(init="pca", random_state=0, n_jobs=-1)
        theirs, seconds = timed(lambda: fit.fit_transform(codes))
        found["scikit-learn"] = seconds | quality(codes, theirs, labels)
        ratio = found["ours"]["cpu_seconds"] / found["scikit-learn"]["cpu_seconds"]
        found["cpu_ratio"] = round(ratio, 3)
    return places, found


def large_map(codes: np.ndarray) -> dict[str, float | None]:
    """The fit's seconds, and the memory of this process before and at its peak, in MiB."""
    before = peak_memory()
    _, seconds = timed(lambda: tsne(codes))
    return seconds | {"imports_mib": before, "peak_mib": peak_memory()}


def peak_memory() -> int | None:
    """The most that this process has held, in MiB; None where nobody tells."""
    try:  # Linux: getrusage would count the parent's memory at the fork as ours
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


def many_codes(run: Run, n: int) -> tuple[np.ndarray, np.ndarray | None, str]:
    """n codes of images that the model's own codes are not of, their labels, and what they are."""
    try:
        parts = [load(run.config.training.dataset, split) for split in ("train", "validation")]
        images = np.concatenate([part.images for part in parts])[:n]
        labels = np.concatenate([part.labels for part in parts])[:n]
        return encode_pixels(load_model(run), images)[0], labels, "training images"
    except VaeError:  # not at hand
        codes, rng = run.codes(), np.random.default_rng(0)
        rows = rng.integers(len(codes.mu), size=n)
        noise = rng.standard_normal((n, codes.mu.shape[1])).astype(np.float32)
        draws = codes.mu[rows] + np.exp(0.5 * codes.logvar[rows]) * noise
        return draws, None, "draws from the posteriors of held-out images"


def milliseconds(place: Place, codes: np.ndarray) -> dict[str, float]:
    """Of the places of the codes, asked for one by one."""
    times = []
    for row in range(len(codes)):
        begun = time.perf_counter()
        place(codes[row : row + 1])
        times.append(1e3 * (time.perf_counter() - begun))
    median, high = np.percentile(times, (50, 95))
    return {"median_ms": round(float(median), 3), "p95_ms": round(float(high), 3)}


def steps(place: Place, codes: np.ndarray, span: float, paths: int) -> dict[str, float]:
    """The longest step of each path, as a share of the span: the largest, and the usual one."""
    t = np.linspace(0, 1, STEPS + 1)[:, None]
    longest = []
    for a, b in np.random.default_rng(0).integers(len(codes), size=(paths, 2)):
        path = place(codes[a] * (1 - t) + codes[b] * t)[:, :2]
        longest.append(np.linalg.norm(np.diff(path, axis=0), axis=1).max() / span)
    largest, usual = np.max(longest), np.median(longest)
    return {"largest_step": round(float(largest), 4), "median_largest_step": round(float(usual), 4)}


def measure_placement(
    codes: np.ndarray,
    labels: np.ndarray,
    places: np.ndarray,
    new: tuple[np.ndarray, np.ndarray],
    paths: int,
) -> dict[str, Any]:
    """The figures of the continuous and the exact placement, each by its name."""
    span = map_span(places)
    begun = time.perf_counter()
    continuous = smooth_placement(codes, places)
    made = time.perf_counter()
    exact = exact_placement(codes, places, continuous)
    ready = {"continuous": made - begun, "exact": time.perf_counter() - made}
    draws = np.random.default_rng(0).standard_normal((500, codes.shape[1])).astype(np.float32)
    found: dict[str, Any] = {"paths": paths, "steps": STEPS, "new_images": len(new[0])}
    for name, place in (("continuous", continuous), ("exact", exact)):
        own = np.linalg.norm(place(codes[:NEW])[:, :2] - places[:NEW], axis=1) / span
        row = {
            "seconds_to_make": round(ready[name], 2),
            **milliseconds(place, codes[:300] + np.float32(0.1)),
            **steps(place, codes, span, paths if name == "continuous" else min(paths, 20)),
            "median_from_own_point": round(float(np.median(own)), 4),
            "p95_from_own_point": round(float(np.quantile(own, 0.95)), 4),
        }
        if len(new[0]):
            nearest = [((at - places) ** 2).sum(axis=1).argmin() for at in place(new[0])[:, :2]]
            row["new_beside_own_class"] = round(float((labels[nearest] == new[1]).mean()), 3)
        found[name] = row
    spread = continuous(draws)[:, 2]
    found["prior_draws_with_spread_above_0.1"] = round(float((spread > 0.1).mean()), 3)
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("model", nargs="?", default="mnist-conv-16")
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=60_000, help="points of the large map")
    parser.add_argument("--paths", type=int, default=300)
    parser.add_argument("--no-sklearn", action="store_true", help="leave the comparison out")
    parser.add_argument("--no-large", action="store_true", help="leave the large map out")
    parser.add_argument("--no-placement", action="store_true", help="leave the new codes out")
    parser.add_argument("--json", action="store_true", help="on one line")
    options = parser.parse_args()
    run = find_run(options.model)
    codes = run.codes()
    mu, labels = codes.mu[: options.points], codes.labels[: options.points]
    tsne(mu[:50], n_jobs=1)  # imports cost neither of the two
    found: dict[str, Any] = {
        "model": run.name,
        "points": len(mu),
        "dimensions": mu.shape[1],
        "machine": f"{platform.processor() or platform.machine()}, {platform.system()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("openTSNE", "scikit-learn", "numpy")},
    }
    places, figures = compare(mu, labels, not options.no_sklearn)
    found |= figures
    many, known, what = many_codes(run, max(options.large, NEW))
    if not options.no_placement:
        new = (codes.mu[len(mu) :][:NEW], codes.labels[len(mu) :][:NEW])
        if known is not None:
            new = many[:NEW], known[:NEW]
        found["placement"] = measure_placement(mu, labels, places, new, options.paths)
    if not options.no_large:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            figures = pool.submit(large_map, many[: options.large]).result()
        found["large"] = {"points": options.large, "codes": what, **figures}
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
