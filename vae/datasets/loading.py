"""Images, labels and factors of a data set, in splits that are the same for everyone, for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from vae.datasets import shapes
from vae.datasets.idx import MappedImages, read_idx
from vae.datasets.registry import (
    ALL,
    SPLITS,
    DatasetInfo,
    SplitName,
    data_dir,
    file_sizes,
    files_dir,
    find,
)
from vae.errors import VaeError
from vae.files import load_npz

# Constant and apart from the training seed: results of different seeds stay comparable, and no
# validation image of one run is a training image of another.
_SPLIT_SEED = 20240917


@dataclass(frozen=True)
class Split:
    """One part of a data set. The arrays are shared between callers and therefore read-only.

    Attributes:
        images: uint8 (n, height, width, channels), 0–255.
        labels: int64 (n,), an index into `DatasetInfo.classes`.
        factors: float32 (n, k), the known causes of each image, or None where they are unknown.
        indices: int64 (n,), each image's row in the official file (the training file for "train"
            and "validation", the test file for "test"), or in the whole set if it has one file, or
            if it is "all".
    """

    images: np.ndarray
    labels: np.ndarray
    factors: np.ndarray | None
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


def load(name: str, split: str) -> Split:
    """The images of one split, or of ``"all"`` three in the order train, validation, test; from
    memory if they were asked for lately.

    Raises:
        VaeError: if the data set or split is unknown, or its files are missing or damaged.
    """
    info = find(name)
    if split == ALL:
        return _load_all(info.name, data_dir())
    if split not in SPLITS:
        raise VaeError(f"There is no split {split!r}; choose one of {', '.join(SPLITS)}.")
    return _load(info.name, split, data_dir())


@lru_cache(maxsize=8)
def _load(name: str, split: SplitName, root: Path) -> Split:
    info = find(name)
    if info.torchvision:
        images, labels = read_official(info, root, train=split != "test")
        return _freeze(images, labels, None, _rows(info, split))
    arrays = _GENERATED[name]() if info.bundled else read_faces(info, root)
    return _freeze(*arrays, _rows(info, split))


def load_streamed(name: str, split: SplitName) -> np.ndarray | MappedImages:
    """The images of one split for who takes them batch by batch: uint8 (n, H, W, C), the rows of
    ``load(name, split).images``.

    Of a set in idx files nothing is read before it is asked for; the others are small, and are
    arrays in memory.

    Raises:
        VaeError: as `load`.
    """
    info = find(name)
    if not info.torchvision or split not in SPLITS:
        return load(name, split).images
    images, _ = read_official(info, data_dir(), train=split != "test")
    return MappedImages(images, _rows(info, split))


def _rows(info: DatasetInfo, split: SplitName) -> np.ndarray:
    """Which rows of its file, or of the whole set if it has one file, belong to a split."""
    if not info.torchvision:
        sizes = (info.sizes["test"], info.sizes["validation"], info.sizes["train"])
        return dict(zip(("test", "validation", "train"), _cut(sizes), strict=True))[split]
    if split == "test":
        return np.arange(info.sizes["test"])
    validation, train = _cut((info.sizes["validation"], info.sizes["train"]))
    # In the official order, as the test split is.
    return np.sort(train if split == "train" else validation)


@lru_cache(maxsize=1)
def _load_all(name: str, root: Path) -> Split:
    parts = [_load(name, split, root) for split in SPLITS]
    factors = [part.factors for part in parts if part.factors is not None]
    return _freeze(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate(factors) if factors else None,
        np.arange(sum(map(len, parts))),
    )


def _cut(sizes: tuple[int, ...]) -> list[np.ndarray]:
    """Disjoint random parts of the given sizes that cover 0 … sum(sizes) − 1."""
    # The legacy generator on purpose: NumPy promises its stream to all future versions, which
    # `default_rng` does not.
    order = np.random.RandomState(_SPLIT_SEED).permutation(sum(sizes))
    return np.split(order, np.cumsum(sizes)[:-1])


def _freeze(
    images: np.ndarray, labels: np.ndarray, factors: np.ndarray | None, rows: np.ndarray
) -> Split:
    parts = (images[rows], labels[rows].astype(np.int64), rows.astype(np.int64))
    chosen = None if factors is None else factors[rows]
    for array in (*parts, chosen):
        if array is not None:
            array.flags.writeable = False
    return Split(images=parts[0], labels=parts[1], factors=chosen, indices=parts[2])


@lru_cache(maxsize=1)
def _digits() -> tuple[np.ndarray, np.ndarray, None]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # Sixteen levels of ink, 0–16 → 0–255.
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    return images[..., None], bunch.target, None


@lru_cache(maxsize=1)
def _shapes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    factors = shapes.grid()
    return shapes.render(factors), factors[:, 0], factors


_GENERATED: dict[str, Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray | None]]] = {
    "digits": _digits,
    "shapes": _shapes,
}


def read_official(info: DatasetInfo, root: Path, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """All images (n, H, W, 1) and labels (n,) of the official training or test file; the images
    are mapped, that is, read from the file when they are used.

    Raises:
        VaeError: if the files are not under ``root``, or are damaged.
    """
    folder = files_dir(info, root)
    _check_present(info, folder)
    stem = info.file_stems[0 if train else 1]
    try:
        images = read_idx(folder / f"{stem}-images-idx3-ubyte", 3)
        labels = read_idx(folder / f"{stem}-labels-idx1-ubyte", 1).astype(np.int64)
    except VaeError as error:
        raise _damaged(info, folder, str(error).rstrip(".")) from error
    if info.torchvision == "EMNIST":
        # Stored transposed, and with a = 1.
        images, labels = images.transpose(0, 2, 1), labels - 1
    count = info.sizes["train"] + info.sizes["validation"] if train else info.sizes["test"]
    _check_arrays(info, folder, images[..., None], labels, count)
    return images[..., None], labels


def read_faces(info: DatasetInfo, root: Path) -> tuple[np.ndarray, np.ndarray, None]:
    """All images (n, H, W, 1) and labels (n,) of a set that is kept as one ``.npz``.

    Raises:
        VaeError: if the file is not under ``root``, or is damaged.
    """
    folder = files_dir(info, root)
    _check_present(info, folder)
    try:
        arrays = load_npz(root / info.npz)
    except VaeError as error:
        raise _damaged(info, folder, str(error).rstrip(".")) from error
    if "images" not in arrays:
        raise _damaged(info, folder, "it holds no images")
    images = arrays["images"]
    labels = arrays.get("labels", np.zeros(images.shape[:1], np.int64))
    _check_arrays(info, folder, images[..., None], labels, sum(info.sizes.values()))
    return images[..., None], labels, None


def _check_present(info: DatasetInfo, folder: Path) -> None:
    if not all((folder / file).is_file() for file in file_sizes(info)):
        raise VaeError(
            f"The data set {info.name!r} is not in {folder}: run "
            f"`python -m vae datasets download {info.name}`, or use digits or shapes, "
            "which work offline."
        )


def _check_arrays(
    info: DatasetInfo, folder: Path, images: np.ndarray, labels: np.ndarray, count: int
) -> None:
    if images.shape != (count, *info.image_shape) or labels.shape != (count,):
        raise _damaged(
            info, folder, f"images {images.shape} and labels {labels.shape}, expected {count:,}"
        )
    if images.dtype != np.uint8 or labels.dtype.kind not in "iu":
        raise _damaged(info, folder, f"images of {images.dtype} and labels of {labels.dtype}")
    if labels.min() < 0 or labels.max() >= len(info.classes):
        raise _damaged(info, folder, "a label is out of range")


def _damaged(info: DatasetInfo, folder: Path, reason: str) -> VaeError:
    return VaeError(
        f"The files of {info.name!r} in {folder} are damaged ({reason}): run "
        f"`python -m vae datasets download {info.name}` to fetch them again."
    )
