"""One number for each held-out image, to colour its point on a map by."""

from __future__ import annotations

import re
from reprlib import repr as shortened
from typing import NamedTuple

import numpy as np

from vae.datasets import DATASETS, is_available
from vae.datasets.shapes import FACTOR_NAMES
from vae.errors import VaeError
from vae.inference import image_terms
from vae.originals import OriginalsMissing, check_originals, coded_split, originals
from vae.runs import Run, load_model


class Colouring(NamedTuple):
    """A number that images have: how :func:`values` knows it, its name, its unit or nothing."""

    by: str
    title: str
    unit: str


_FACTORS = {"shapes": FACTOR_NAMES}  # by data set
_UNITS = {"orientation": "radians"}


def colourings(run: Run) -> list[Colouring]:
    """What the points of a model can be coloured by now, apart from their classes.

    ``kl``: Σ_j KL(q(z_j|x) || N(0, 1)); ``reconstruction``: -log p(x|z) for one draw of z, where
    the original images are at hand; ``length``: ‖μ‖; ``z:J``: μ_J, J from 0; ``factor:NAME``: a
    known cause of the images, where their data set has some.
    """
    found = [Colouring("kl", "KL of the posterior", "nats")]
    if _has_originals(run):
        found.append(Colouring("reconstruction", "reconstruction error", "nats"))
    found.append(Colouring("length", "length of the mean code", ""))
    if run.config.training.dataset in _FACTORS and _has_originals(run):
        found += [
            Colouring(f"factor:{name}", f"{name} (known factor)", _UNITS.get(name, ""))
            for name in FACTOR_NAMES
        ]
    return found + [
        Colouring(f"z:{j}", f"z{j + 1} (mean)", "") for j in range(run.config.model.latent_dim)
    ]


def values(run: Run, by: str) -> np.ndarray:
    """The number of each held-out image, row for row of ``run.codes()``: float32 (n,).

    ``reconstruction`` decodes one draw of every posterior, from seed 0: some seconds for 10,000
    images. The others are read off at once.

    Raises:
        OriginalsMissing: if the images, or their factors, are needed and not at hand.
        VaeError: if ``by`` is none of :func:`colourings`, or the codes are missing or damaged.
    """
    codes = run.codes()
    if by == "kl":
        return _kl(codes.mu, codes.logvar)
    if by == "length":
        return np.sqrt(np.einsum("nd,nd->n", codes.mu, codes.mu, dtype=np.float64)).astype("f4")
    if by == "reconstruction":
        # Encoded anew: the codes may be rounded, the terms of the ELBO shall not be.
        images = originals(run)
        return image_terms(load_model(run), images)["reconstruction"]
    if match := re.fullmatch(r"z:(\d{1,6})", by, re.ASCII):
        if int(match[1]) < codes.mu.shape[1]:
            return codes.mu[:, int(match[1])]
    elif by.removeprefix("factor:") in FACTOR_NAMES and by.startswith("factor:"):
        if (factors := _factors(run)) is None:
            raise OriginalsMissing(f"The images of {run.name!r} have no known factors here.")
        return factors[:, FACTOR_NAMES.index(by.removeprefix("factor:"))]
    allowed = [one.by for one in colourings(run) if not one.by.startswith("z:")]
    raise VaeError(
        f"The images of {run.name!r} have no number called {shortened(by)}; allowed are "
        f"{', '.join(allowed)} and z:0 to z:{codes.mu.shape[1] - 1}."
    )


def _kl(mu: np.ndarray, logvar: np.ndarray, at_once: int = 2**16) -> np.ndarray:
    """Σ_j (μ_j² + σ_j² - 1 - log σ_j²) / 2 of each image, in nats: float32 (n,)."""
    parts = []
    for start in range(0, len(mu), at_once):
        m = mu[start : start + at_once].astype(np.float64)
        v = logvar[start : start + at_once].astype(np.float64)
        parts.append(0.5 * (m**2 + np.exp(v) - 1.0 - v).sum(axis=1))
    return np.concatenate(parts).astype(np.float32)


def _has_originals(run: Run) -> bool:
    try:
        check_originals(run)
    except OriginalsMissing:
        return False
    return True


def _factors(run: Run) -> np.ndarray | None:
    """The known factors of the images that the codes stand for, float32 (n, k), if there are."""
    name = run.config.training.dataset
    if name not in DATASETS or not is_available(name) or not _has_originals(run):
        return None
    factors = coded_split(run).factors
    return None if factors is None else factors[run.codes().indices]
