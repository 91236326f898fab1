"""Selected rows on their way to the browser and back: one bit for each image, as base64."""

from __future__ import annotations

import base64

import numpy as np

from vae.errors import VaeError


def pack_rows(rows: np.ndarray, n: int) -> str | None:
    """Rows as a bit mask in base64, bit i of byte i >> 3; ``None`` where there is none."""
    if not len(rows):
        return None
    flags = np.zeros(n, bool)
    flags[rows] = True
    return base64.b64encode(np.packbits(flags, bitorder="little").tobytes()).decode()


def unpack_rows(mask: str | None, n: int) -> np.ndarray:
    """The rows of such a mask of ``n`` bits, ascending.

    Raises:
        VaeError: if it is none.
    """
    if mask is None:
        return np.zeros(0, np.int64)
    try:
        packed = np.frombuffer(base64.b64decode(mask, validate=True), np.uint8)
    except ValueError:
        packed = np.zeros(0, np.uint8)
    if len(packed) != (n + 7) // 8:
        raise VaeError(f"A selection came in {len(packed)} bytes; {(n + 7) // 8} are allowed.")
    return np.flatnonzero(np.unpackbits(packed, count=n, bitorder="little"))
