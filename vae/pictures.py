"""Images as pictures to look at: enlarged crisply, side by side, as PNG."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from PIL import Image


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


def png_url(array: np.ndarray) -> str:
    """(H, W, C) uint8 as a ``data:`` URL, for HTML."""
    return f"data:image/png;base64,{base64.b64encode(png_bytes(array)).decode()}"


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
