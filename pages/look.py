"""How things look, on every page alike: class colours, enlarged images, names of classes."""

from __future__ import annotations

import io
import math
import re
from typing import Any

import numpy as np
from PIL import Image

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


def enlarge(image: np.ndarray, side: int) -> np.ndarray:
    """An image (H, W, C) uint8 enlarged by a whole factor, crisp, to about ``side`` pixels."""
    factor = max(1, side // max(image.shape[:2]))
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def to_image(array: np.ndarray) -> Image.Image:
    """(H, W, C) uint8 as a Pillow image, grey for one channel."""
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def png_bytes(array: np.ndarray) -> bytes:
    """(H, W, C) uint8 as PNG."""
    buffer = io.BytesIO()
    to_image(array).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def contact_sheet(
    images: np.ndarray, columns: int, side: int = 56, gap: int = 2, background: int = 128
) -> np.ndarray:
    """Images (n, H, W, C) in rows of ``columns``, each enlarged to about ``side`` pixels."""
    rows = math.ceil(len(images) / columns)
    tiles = [enlarge(image, side) for image in images]
    height, width, channels = tiles[0].shape
    sheet = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, channels), background, np.uint8
    )
    for index, tile in enumerate(tiles):
        top = gap + (index // columns) * (height + gap)
        left = gap + (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = tile
    return sheet
