"""The data sets: which there are (registry), their fixed splits (loading), how to fetch them."""

from __future__ import annotations

from vae.datasets.downloads import DownloadCancelled, download
from vae.datasets.loading import Split, load, load_streamed
from vae.datasets.registry import (
    DATASETS,
    SPLITS,
    DatasetInfo,
    SplitName,
    data_dir,
    describe,
    find,
    is_available,
)

__all__ = [
    "DATASETS",
    "SPLITS",
    "DatasetInfo",
    "DownloadCancelled",
    "Split",
    "SplitName",
    "data_dir",
    "describe",
    "download",
    "find",
    "is_available",
    "load",
    "load_streamed",
]
