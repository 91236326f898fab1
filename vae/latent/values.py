"""One number for each held-out image, to colour its point on a map by."""

from __future__ import annotations

import re
from reprlib import repr as shortened
from typing import NamedTuple

import numpy as np

from vae.datasets import DATASETS
from vae.datasets.shapes import FACTOR_NAMES
from vae.errors import VaeError
from vae.inference import image_terms
from vae.originals import OriginalsMissing, check_originals, coded_split, has_originals, originals
from vae.runs import Run, load_model


class Colouring(NamedTuple):
    """A number that images have: how :func:`values` knows it, its name, its unit or nothing.

    ``categories``: what 0, 1, 2 … mean, where the numbers are no quantities.
    """

    by: str
    title: str
    unit: str
    categories: tuple[str, ...] = ()


_FACTORS = {"shapes": FACTOR_NAMES}  # by data set
_MEANING: dict[str, tuple] = {
    "orientation": ("radians",),
    "shape": ("", DATASETS["shapes"].classes),
}


def colourings(run: Run) -> list[Colouring]:
    """What the points of a model can be coloured by now, apart from their classes.

    ``kl``: Σ_j KL(q(z_j|x) || N(0, 1)), not where codes are points; ``reconstruction``: -log p(x|z)
    for one draw of z, where the original images are at hand; ``length``: ‖μ‖; ``z:J``: μ_J, J from
    0; ``factor:NAME``: a known cause of the images, where their data set has some.
    """
    point, at_hand = run.config.model.posterior == "point", has_originals(run)
    found = [] if point else [Colouring("kl", "KL of the posterior", "nats")]
    if at_hand:
        found.append(Colouring("reconstruction", "reconstruction error", "nats"))
    found.append(Colouring("length", f"length of the {'code' if point else 'mean code'}", ""))
    if at_hand:
        found += [
            Colouring(f"factor:{name}", f"{name} (known factor)", *_MEANING.get(name, ("",)))
            for name in _factor_names(run)
        ]
    of = "" if point else " (mean)"
    return found + [
        Colouring(f"z:{j}", f"z{j + 1}{of}", "") for j in range(run.config.model.latent_dim)
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
    if by == "kl" and run.config.model.posterior != "point":
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
    elif by.startswith("factor:"):
        name = by.removeprefix("factor:")
        if any(name in names for names in _FACTORS.values()):
            return _factor(run, name)
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


def _factor_names(run: Run) -> tuple[str, ...]:
    """The known causes of the images that the run learned, column by column."""
    return _FACTORS.get(run.config.training.dataset, ())


def _factor(run: Run, name: str) -> np.ndarray:
    """One known factor of the images that the codes stand for, float32 (n,)."""
    if name not in _factor_names(run):
        raise OriginalsMissing(f"The images of {run.name!r} have no known factors here.")
    check_originals(run)
    factors = coded_split(run).factors
    assert factors is not None
    return factors[run.codes().indices, _factor_names(run).index(name)]
