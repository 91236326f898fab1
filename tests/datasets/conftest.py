"""Tiny idx files in torchvision's layout, so that the readers are tested without real data."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vae.datasets import DATASETS, DatasetInfo
from vae.datasets.registry import raw_dir


def idx_bytes(array: np.ndarray) -> bytes:
    """The idx format: magic number, sizes, bytes."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def tiny_files(info: DatasetInfo, first_label: int) -> dict[str, bytes]:
    """Random idx files of the sizes that ``info`` promises: name → content."""
    rng = np.random.default_rng(0)
    counts = (info.sizes["train"] + info.sizes["validation"], info.sizes["test"])
    files = {}
    for stem, count in zip(info.file_stems, counts, strict=True):
        images = rng.integers(0, 256, (count, *info.image_shape[:2]), dtype=np.uint8)
        labels = (np.arange(count) % len(info.classes) + first_label).astype(np.uint8)
        files[f"{stem}-images-idx3-ubyte"] = idx_bytes(images)
        files[f"{stem}-labels-idx1-ubyte"] = idx_bytes(labels)
    return files


@pytest.fixture
def shrink(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], tuple[DatasetInfo, dict[str, bytes], Path]]:
    """Make a data set tiny and the data folder empty; gives its entry, files and raw folder."""
    monkeypatch.setenv("VAE_DATA", str(tmp_path))

    def apply(name: str) -> tuple[DatasetInfo, dict[str, bytes], Path]:
        info = replace(DATASETS[name], sizes={"train": 9, "validation": 5, "test": 6})
        monkeypatch.setitem(DATASETS, name, info)
        files = tiny_files(info, first_label=1 if name == "emnist-letters" else 0)
        return info, files, raw_dir(info, tmp_path)

    return apply


@pytest.fixture
def gzipped() -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """File names and contents as the mirrors hold them."""
    return lambda files: {f"{name}.gz": gzip.compress(data) for name, data in files.items()}
