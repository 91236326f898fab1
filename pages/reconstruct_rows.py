"""What the Reconstruct page shows: which images, and what the model makes of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pages import state
from pages.reconstruct_figures import Row
from vae.config import Corruption
from vae.datasets import DATASETS, load
from vae.inference import decode_pixels, image_terms, sample_posterior, spoil
from vae.objectives import gaussian_kl
from vae.originals import OriginalsMissing, originals
from vae.runs import Run


@dataclass(frozen=True)
class Pool:
    """Images to choose from; without ``images`` only their codes are known.

    Attributes:
        images: (n, H, W, C) uint8, or ``None`` where the data set is not on this machine.
        labels: (n,) class numbers.
        classes: what they mean; empty if nobody knows.
        own: whether its members are those of ``run.codes()``, in that order.
    """

    images: np.ndarray | None
    labels: np.ndarray
    classes: tuple[str, ...]
    own: bool

    def class_name(self, label: int) -> str:
        return self.classes[label] if label < len(self.classes) else str(label)


@dataclass(frozen=True)
class Noise:
    """What spoils the images that the encoder sees.

    Attributes:
        kind: as in training (see :func:`vae.corruption.corrupt`); ``"none"`` for nothing.
        level: its strength.
        seed: of its random numbers.
    """

    kind: Corruption
    level: float
    seed: int

    def __bool__(self) -> bool:
        return self.kind != "none"


NO_NOISE = Noise("none", 0.0, 0)


def own_images(run: Run) -> np.ndarray | None:
    """The images that the model's codes encode, row for row, or ``None`` if they are not here."""
    try:
        return originals(run)
    except OriginalsMissing:
        return None


def pool_of(run: Run, dataset: str) -> Pool:
    """Held-out images of a data set: the model's own ones, or foreign ones of the same size."""
    info = DATASETS.get(dataset)
    classes = info.classes if info else ()
    if dataset == run.config.training.dataset:
        return Pool(own_images(run), run.codes().labels, classes, True)
    test = load(dataset, "test")
    return Pool(test.images, test.labels, classes, False)


def members(labels: np.ndarray, wanted: int | None) -> np.ndarray:
    """Rows of class ``wanted``, or all."""
    return np.flatnonzero(np.full(len(labels), True) if wanted is None else labels == wanted)


def choose(rows: np.ndarray, n: int, seed: int, first: int | None) -> np.ndarray:
    """``n`` random ones of ``rows`` (fewer if there are fewer), ``first`` leading if it is one."""
    drawn = np.random.default_rng(seed).permutation(rows)
    if first is not None and first in rows:
        drawn = np.concatenate([[first], drawn[drawn != first]])
    return drawn[:n]


def make_rows(
    run: Run, pool: Pool, chosen: np.ndarray, k: int, seed: int, noise: Noise = NO_NOISE
) -> list[Row]:
    """Encode, decode and measure the chosen members, with ``k`` posterior samples of each.

    With ``noise`` the encoder sees them spoiled; what comes out is measured by the clean ones.
    """
    model, point = state.model_of(run), run.config.model.posterior == "point"
    nothing: list[None] = [None] * len(chosen)
    originals = seen = nll = unspoiled = kl = nothing
    if pool.images is not None:
        images = pool.images[chosen]
        spoiled = spoil(images, noise.kind, noise.level, noise.seed)
        terms = image_terms(model, images, seed, spoiled)
        mu, logvar = terms["mu"], terms["logvar"]
        nll, originals = terms["reconstruction"].tolist(), list(images)
        if noise:
            seen = list(spoiled)
            unspoiled = image_terms(model, images, seed)["reconstruction"].tolist()
    else:
        codes = run.codes()
        mu, logvar = codes.mu[chosen], codes.logvar[chosen]
    if not point:
        kl = gaussian_kl(torch.tensor(mu), torch.tensor(logvar)).sum(1).tolist()
    k = 0 if point else k
    draws = sample_posterior(mu, logvar, k, seed)  # (n, k, d)
    shape = (len(chosen), k, *run.config.model.image_shape)
    samples = decode_pixels(model, draws.reshape(-1, mu.shape[1])).reshape(shape)
    names = [f"{pool.class_name(int(pool.labels[row]))} · image {row}" for row in chosen]
    posteriors = zip(mu, logvar, strict=True)
    reconstructions = decode_pixels(model, mu)
    columns = (names, originals, reconstructions, samples, nll, kl, posteriors, seen, unspoiled)
    return [Row(*values) for values in zip(*columns, strict=True)]
