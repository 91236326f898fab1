"""Codes: the posteriors of a model's held-out images, as its ``codes.npz`` keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from reprlib import repr as shortened

import numpy as np

from vae.datasets.registry import ALL, SPLITS
from vae.errors import VaeError
from vae.files import load_npz, save_npz


@dataclass(frozen=True)
class Codes:
    """Posteriors of held-out images.

    Attributes:
        mu: posterior means, (n, d) float32.
        logvar: posterior log-variances, (n, d) float32.
        labels: class numbers, (n,) int64.
        indices: rows of the split that they belong to, (n,) int64.
        split: which split of the data set: train, validation, test, or all three in that order.
    """

    mu: np.ndarray
    logvar: np.ndarray
    labels: np.ndarray
    indices: np.ndarray
    split: str = "test"


@lru_cache(maxsize=16)
def read_codes(path: Path, _changed: int) -> Codes:
    """The codes in a file, read once until its time ``_changed`` does."""
    return parse_codes(load_npz(path), str(path))


def parse_codes(arrays: dict[str, np.ndarray], label: str) -> Codes:
    """Check the arrays of a ``codes.npz``.

    Raises:
        VaeError: if one is missing, or shapes disagree, or a value is not finite.
    """
    try:
        mu, logvar = arrays["mu"].astype(np.float32), arrays["logvar"].astype(np.float32)
        labels, indices = arrays["labels"].astype(np.int64), arrays["indices"].astype(np.int64)
        split = str(arrays["split"]) if "split" in arrays else "test"
    except (KeyError, ValueError, TypeError) as error:
        raise VaeError(f"{label} is not a file of codes: {error}.") from None
    if mu.ndim != 2 or mu.shape != logvar.shape or not labels.shape == indices.shape == (len(mu),):
        raise VaeError(f"{label} holds arrays whose shapes disagree: {mu.shape}, {logvar.shape}.")
    if not len(mu):
        raise VaeError(f"{label} holds no codes.")
    # Variances beyond exp(50) are no posterior's and would overflow the statistics of q(z).
    if not ((np.abs(mu) < 1e6).all() and (np.abs(logvar) < 50).all()):
        raise VaeError(f"{label} holds values that are not finite numbers of a code's size.")
    if split not in (*SPLITS, ALL):
        allowed = ", ".join((*SPLITS, ALL))
        raise VaeError(f"{label} is of the split {shortened(split)}; allowed are {allowed}.")
    return Codes(mu, logvar, labels, indices, split)


def save_codes(
    folder: Path, mu: np.ndarray, logvar: np.ndarray, labels: np.ndarray, split: str = "test"
) -> None:
    """Write ``codes.npz``: posteriors (n, d) twice of the first n images of a split, (n,) labels.

    In half precision: an error of at most 0.001 at |z| < 4, unseen in a decode, half the size.
    """
    of = {} if split == "test" else {"split": np.array(split)}  # the test split goes without saying
    save_npz(
        folder / "codes.npz",
        mu=mu.astype(np.float16),
        logvar=logvar.astype(np.float16),
        labels=labels.astype(np.int16),
        indices=np.arange(len(mu), dtype=np.int32),
        **of,
    )
