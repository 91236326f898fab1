"""The held-out images that a model's codes belong to, from the data set it learned."""

from __future__ import annotations

import numpy as np

from vae.datasets import DATASETS, Split, is_available, load
from vae.datasets.registry import ALL
from vae.errors import VaeError
from vae.runs import Run


class OriginalsMissing(VaeError):
    """The images are not at hand, or nobody here knows them; codes are all there is."""


def check_originals(run: Run) -> None:
    """Whether :func:`originals` has an answer; reads no image.

    Raises:
        OriginalsMissing: if it has none, with the reason.
    """
    name, shape = run.config.training.dataset, run.config.model.image_shape
    info = DATASETS.get(name)
    if info is None:
        raise OriginalsMissing(
            f"The images of {run.name!r} are of the data set {name!r}, which is unknown here; "
            f"there are: {', '.join(DATASETS)}."
        )
    foreign = f"The codes of {run.name!r} do not belong to the data set {name!r} as it is here."
    if info.image_shape != shape:
        raise OriginalsMissing(foreign)
    if not is_available(name):
        raise OriginalsMissing(
            f"The images of {run.name!r} are those of {info.title}, whose files are not at hand: "
            f"fetch them with `python -m vae datasets download {name}`, or on the Train page."
        )
    codes = run.codes()
    size = sum(n for split, n in info.sizes.items() if codes.split in (split, ALL))
    if codes.indices.min() < 0 or codes.indices.max() >= size:
        raise OriginalsMissing(foreign)


def has_originals(run: Run) -> bool:
    """Whether the images are at hand."""
    try:
        check_originals(run)
    except OriginalsMissing:
        return False
    return True


def originals(run: Run) -> np.ndarray:
    """The images that ``run.codes()`` encode, row for row: uint8 (n, H, W, C).

    Raises:
        OriginalsMissing: if the data set is unknown here, another one, or not downloaded.
        VaeError: if its files or the codes are damaged.
    """
    check_originals(run)
    rows, images = run.codes().indices, coded_split(run).images
    # The whole split in its order is shared, not copied.
    return images if np.array_equal(rows, np.arange(len(images))) else images[rows]


def coded_split(run: Run) -> Split:
    """The split of the data set that ``run.codes().indices`` are rows of.

    Raises:
        VaeError: if the data set is unknown, or its files are missing or damaged.
    """
    return load(run.config.training.dataset, run.codes().split)
