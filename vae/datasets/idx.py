"""The idx files of MNIST and its kin, mapped into memory: a row is read when somebody asks for it.

The format (LeCun, Cortes and Burges 1998): two zero bytes, one that names the type (8 is uint8),
one with the number of dimensions, each size as a big-endian uint32, then the bytes themselves.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vae.errors import VaeError
from vae.files import why


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The uint8 array in ``path``, mapped and read-only; nothing but its header is read.

    Args:
        path: an idx file.
        dimensions: how many its array must have: 3 for images, 1 for labels.

    Raises:
        VaeError: if the file cannot be opened, or its magic number, sizes or length are wrong.
    """
    offset = 4 + 4 * dimensions
    try:
        with path.open("rb") as file:
            header = file.read(offset)
        length = path.stat().st_size
        shape = _shape(header, dimensions, path.name)
        expected = offset + math.prod(shape)
        if length != expected:
            raise VaeError(
                f"{path.name} has {length:,} bytes, but its header promises {expected:,}."
            )
        return np.asarray(np.memmap(path, np.uint8, "r", offset, shape))
    except OSError as error:
        raise VaeError(f"Could not read {path}: {why(error)}.") from error


def _shape(header: bytes, dimensions: int, name: str) -> tuple[int, ...]:
    magic = bytes((0, 0, 8, dimensions))
    if header[:4] != magic:
        came = f"begins with 0x{header[:4].hex()}" if header else "is empty"
        raise VaeError(f"{name} {came}; such a file begins with 0x{magic.hex()}.")
    if len(header) < 4 + 4 * dimensions:
        raise VaeError(f"{name} ends within its header.")
    shape = struct.unpack_from(f">{dimensions}I", header, 4)
    if 0 in shape:  # nor can nothing be mapped
        raise VaeError(f"{name} holds nothing: its header says {shape}.")
    return shape


@dataclass(frozen=True)
class MappedImages:
    """Some rows of a mapped array (n, H, W, C), themselves read only when indexed.

    It can stand where an array of images can that is only measured, sliced along its rows and
    picked from by row numbers: ``len``, ``shape``, ``dtype``, ``images[3:7]``, ``images[rows]``.

    Attributes:
        official: uint8 (n, H, W, C), mapped.
        rows: int64 (m,), the rows of ``official`` that count, in their order.
    """

    official: np.ndarray
    rows: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.official.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.official.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Copies of the asked-for images, uint8 (k, H, W, C)."""
        return self.official[self.rows[rows]]
