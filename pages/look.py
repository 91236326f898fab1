"""How things look, on every page alike: class colours, names of classes and images."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from vae.datasets import DATASETS
from vae.runs import Run

# Petroff (2021), "Accessible color sequences for data visualization", ten colours that stay apart
# for all common kinds of colour vision. In its own order the two greys would go to 3 and 8, the
# digits that a VAE confuses most: so the second and the ninth have changed places.
PALETTE = (
    "#3f90da",
    "#717581",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#ffa90e",
    "#92dadd",
)


def plain(text: str) -> str:
    """Text from outside as Markdown that shows it letter by letter: no links, no formulas."""
    return re.sub(r"([\\`*_\[\]#$:~|<>&])", r"\\\1", text)


def class_colour(label: int) -> str:
    """The colour of a class, the same on every page."""
    return PALETTE[label % len(PALETTE)]


def class_name(run: Run, label: int) -> str:
    """A class in words, or its number where the data set does not name it."""
    info = DATASETS.get(run.config.training.dataset)
    return info.classes[label] if info and 0 <= label < len(info.classes) else str(label)


def class_list(run: Run) -> list[dict[str, Any]]:
    """The classes of a model's held-out images as browser parts take them: label, name, colour."""
    labels = [int(label) for label in np.unique(run.codes().labels)]
    return [{"label": i, "name": class_name(run, i), "colour": class_colour(i)} for i in labels]


def class_of(run: Run, row: int) -> str | None:
    """The class of a held-out image, or ``None`` in a model whose images are all of one."""
    labels = run.codes().labels
    return class_name(run, int(labels[row])) if (labels != labels[0]).any() else None


def image_name(run: Run, row: int) -> str:
    """A held-out image by its row and, where there are classes, its own."""
    known = class_of(run, row)
    return f"image {row}" if known is None else f"image {row}: {known}"
