"""t-SNE against scikit-learn's, and the placement of new codes: seconds, quality, continuity.

    python benchmarks/projection.py mnist-conv-16 --points 5000 --json

Both fits start from PCA with perplexity 30 and 750 or 1000 iterations (each library's default), in
turn in this process; CPU seconds count all threads.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vae.map_quality import quality
from vae.placement import map_span, neighbour_placement
from vae.runs import find_run
from vae.tsne import tsne


def timed(fit: Callable[[], Any]) -> tuple[np.ndarray, dict[str, float]]:
    """The fit's places and its seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    places = np.asarray(fit())
    return places, {
        "seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }


def measure_placement(codes: np.ndarray, places: np.ndarray, paths: int = 100) -> dict[str, float]:
    """Milliseconds for one code, and the largest steps on 200-step paths between codes."""
    place = neighbour_placement(codes, places)
    rng = np.random.default_rng(0)
    times = []
    for row in rng.integers(len(codes), size=200):
        begun = time.perf_counter()
        place(codes[row : row + 1])
        times.append(1e3 * (time.perf_counter() - begun))
    t = np.linspace(0, 1, 201)[:, None]
    largest = []
    for a, b in rng.integers(len(codes), size=(paths, 2)):
        path = place(codes[a] * (1 - t) + codes[b] * t)[:, :2]
        largest.append(np.linalg.norm(np.diff(path, axis=0), axis=1).max() / map_span(places))
    prior = place(rng.normal(size=(500, codes.shape[1])))[:, 2]
    return {
        "median_ms": round(float(np.median(times)), 3),
        "largest_step": round(float(np.max(largest)), 4),
        "median_largest_step": round(float(np.median(largest)), 4),
        "prior_draws_with_spread_above_0.1": round(float((prior > 0.1).mean()), 3),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("model")
    parser.add_argument("--points", type=int, default=5000)
    parser.add_argument("--no-sklearn", action="store_true", help="leave the comparison out")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    codes = find_run(options.model).codes()
    mu, labels = codes.mu[: options.points], codes.labels[: options.points]
    places, ours = timed(lambda: tsne(mu))
    found: dict[str, Any] = {
        "model": options.model,
        "points": len(mu),
        "machine": f"{platform.processor() or platform.machine()}, {platform.system()}",
        "versions": {name: version(name) for name in ("openTSNE", "scikit-learn", "numpy")},
        "ours": ours | quality(mu, places, labels),
        "placement": measure_placement(mu, places),
    }
    if not options.no_sklearn:
        from sklearn.manifold import TSNE

        theirs, seconds = timed(
            lambda: TSNE(init="pca", random_state=0, n_jobs=-1).fit_transform(mu)
        )
        found["scikit-learn"] = seconds | quality(mu, theirs, labels)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
