"""t-SNE: codes (n, d) in, places in the plane (n, 2) out that keep neighbours together."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from vae.errors import VaeError
from vae.projection import Callback, Step, arrange, pca_start

EXAGGERATED_ITERATIONS, FREE_ITERATIONS = 250, 500  # openTSNE's own defaults
TOTAL_ITERATIONS = EXAGGERATED_ITERATIONS + FREE_ITERATIONS


def usable_perplexity(n: int, perplexity: float) -> float:
    """``perplexity``, or (n - 1) / 3 where n codes have too few neighbours for it.

    A perplexity P looks at the 3 P nearest neighbours (van der Maaten, 2014).
    """
    return min(float(perplexity), (n - 1) / 3)


def neighbour_search(metric: str) -> dict[str, Any]:
    """How openTSNE is to look for the nearest codes: by all distances where that is quick.

    Euclidean ones of 55,000 codes in 16 dimensions take 8 CPU-seconds, Annoy's trees, openTSNE's
    own choice and right but for a few, 30; of 10,000 codes 0.6 and 4.3.
    """
    if metric == "euclidean":
        return {"metric": metric, "method": "exact", "knn_kwargs": {"algorithm": "brute"}}
    return {"metric": metric}


def tsne(
    codes: np.ndarray,
    *,
    perplexity: float = 30,
    early_exaggeration: float = 12,
    seed: int = 0,
    metric: str = "euclidean",
    n_jobs: int | None = None,
    callback: Callback | None = None,
    every: int = 25,
) -> np.ndarray | None:
    """t-SNE places (n, 2) of the codes (n, d), or None if the callback asked to stop.

    van der Maaten & Hinton (2008), by openTSNE: Barnes–Hut below 10,000 codes and FFT
    interpolation (Linderman et al., 2019) from there on, started from PCA. The same codes, seed and
    ``n_jobs`` give the same map. Identical codes share one place: they are fitted once. Fewer than
    8 different codes are drawn by PCA, for want of neighbourhoods.

    Args:
        callback: called at the start and every ``every`` iterations; a true answer stops the fit.

    Raises:
        VaeError: for codes that are no finite (n, d) array, or parameters outside their range.
    """
    if not (np.isfinite(perplexity) and perplexity >= 2):
        raise VaeError(f"The perplexity must be a number of at least 2, not {perplexity}.")
    if not (np.isfinite(early_exaggeration) and early_exaggeration >= 1):
        raise VaeError(f"The early exaggeration must be at least 1, not {early_exaggeration}.")
    options = (perplexity, early_exaggeration, seed, metric, n_jobs, every)
    return arrange(codes, metric, lambda distinct, on: _optimise(distinct, *options, on), callback)


def _optimise(
    codes: np.ndarray,
    perplexity: float,
    early_exaggeration: float,
    seed: int,
    metric: str,
    n_jobs: int | None,
    every: int,
    callback: Callback,
) -> np.ndarray | None:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    n_jobs = n_jobs or os.cpu_count() or 1
    raised: list[Exception] = []
    stopped = False
    done = 0

    def on_step(iteration: int, kl: float, embedding: np.ndarray) -> bool:
        nonlocal stopped
        if (iteration := done + iteration) < TOTAL_ITERATIONS:  # the last one is told below
            try:
                stopped = callback(
                    Step(iteration, TOTAL_ITERATIONS, float(kl), np.array(embedding))
                )
            except Exception as error:  # openTSNE may not survive one: kept, and raised below
                raised.append(error)
                stopped = True
        return stopped

    affinities = PerplexityBasedNN(
        codes,
        perplexity=usable_perplexity(len(codes), perplexity),
        n_jobs=n_jobs,
        random_state=seed,
        **neighbour_search(metric),
    )
    start = pca_start(codes, seed, 1e-4)
    if callback(Step(0, TOTAL_ITERATIONS, float("nan"), start.copy())):
        return None
    embedding = TSNEEmbedding(
        start,
        affinities,
        random_state=seed,
        n_jobs=n_jobs,
        callbacks=on_step,
        callbacks_every_iters=every,
    )
    embedding.optimize(
        EXAGGERATED_ITERATIONS, exaggeration=early_exaggeration, momentum=0.5, inplace=True
    )
    if not stopped:
        done = EXAGGERATED_ITERATIONS
        embedding.optimize(FREE_ITERATIONS, momentum=0.8, inplace=True)
    if raised:
        raise raised[0]
    places = np.array(embedding, dtype=np.float32)
    last = Step(TOTAL_ITERATIONS, TOTAL_ITERATIONS, float(embedding.kl_divergence), places)
    return None if stopped or callback(last) else places
