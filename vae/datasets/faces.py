"""The face data sets: where each comes from, and how its one file becomes arrays of grey images.

The addresses and checksums of Olivetti and LFW are scikit-learn's. Its own cache of them is a
pickle, which nobody here reads: what was downloaded is converted at once, and kept as plain arrays.
"""

from __future__ import annotations

import re
import tarfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from vae.datasets.registry import DATASETS
from vae.errors import VaeError

# Called with the bytes read and their total, as the conversion goes on.
Tell = Callable[[int, int], None]

_PHOTO = re.compile(r"lfw_funneled/([^/]+)/[^/]+\.jpg")
_PHOTO_SIDE = 250  # pixels of LFW's square photos
_PHOTO_BYTES = 1 << 20  # none has a tenth of it
# left, upper, right, lower: the rows that scikit-learn cuts out, and as many columns.
_FACE = (62, 70, 187, 195)


@dataclass(frozen=True)
class FaceSource:
    """One file in the net.

    Attributes:
        filename: its name.
        url: its address.
        sha256: its checksum; empty where none was published.
        convert: makes ``images`` uint8 (n, H, W) and ``labels`` (n,) of it.
    """

    filename: str
    url: str
    sha256: str
    convert: Callable[[Path, Tell], dict[str, np.ndarray]]


def convert(name: str, path: Path, tell: Tell) -> dict[str, np.ndarray]:
    """The arrays to keep of the data set ``name``, whose downloaded file lies at ``path``.

    Raises:
        VaeError: if it is not that data set. What ``tell`` raises passes through.
    """
    info, source = DATASETS[name], FACES[name]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of strange files: they are refused below
            arrays = source.convert(path, tell)
    except VaeError:
        raise
    # Of a damaged file SciPy, tarfile, zlib and Pillow each raise what they like.
    except Exception as error:
        raise VaeError(f"{source.filename} is not the file of {info.title} ({error}).") from error
    shape = (sum(info.sizes.values()), *info.image_shape[:2])
    images = arrays["images"]
    if images.shape != shape or images.dtype != np.uint8:
        raise VaeError(
            f"{source.filename} holds images {images.shape} of {images.dtype}; those of "
            f"{info.title} are {shape} of uint8."
        )
    return arrays


def _frey(path: Path, tell: Tell) -> dict[str, np.ndarray]:
    faces = _matlab(path, "ff")  # (560, 1965): a column is an image, row by row
    return {"images": faces.T.reshape(-1, 28, 20)}


def _olivetti(path: Path, tell: Tell) -> dict[str, np.ndarray]:
    faces = _matlab(path, "faces")  # (4096, 400): a column is an image, column by column
    images = faces.T.reshape(-1, 64, 64).transpose(0, 2, 1)
    return {"images": images, "labels": np.arange(len(images)) // 10}  # ten of each person


def _matlab(path: Path, name: str) -> np.ndarray:
    """A matrix of whole numbers 0–255 in a MATLAB file, as uint8."""
    from scipy.io import loadmat

    matrix = loadmat(path, variable_names=[name])[name]
    pixels = matrix.astype(np.uint8)
    if not np.array_equal(pixels, matrix):
        raise ValueError(f"{name} holds other values than whole numbers from 0 to 255")
    return pixels


def _lfw(path: Path, tell: Tell) -> dict[str, np.ndarray]:
    """Each photo's middle, grey, 64 × 64, in the order of the names of their files."""
    classes = DATASETS["lfw"].classes
    faces: dict[str, tuple[np.ndarray, int]] = {}
    with path.open("rb") as packed, tarfile.open(fileobj=packed, mode="r:gz") as archive:
        for member in archive:  # read where it lies: nothing is unpacked to the disk
            photo = _PHOTO.fullmatch(member.name)
            if photo is None or not member.isfile():
                continue
            person = photo[1].replace("_", " ")
            file = archive.extractfile(member)
            if file is None or member.size > _PHOTO_BYTES:
                raise ValueError(f"{member.name} is no photo")
            label = classes.index(person) if person in classes[1:] else 0
            faces[member.name] = (_face(file), label)
            tell(packed.tell(), path.stat().st_size)
    ordered = [faces[name] for name in sorted(faces)]
    return {
        "images": np.array([face for face, _ in ordered], np.uint8),
        "labels": np.array([label for _, label in ordered], np.int64),
    }


def _face(file: IO[bytes]) -> np.ndarray:
    """uint8 (64, 64) of one JPEG."""
    from PIL import Image

    with Image.open(file, formats=["JPEG"]) as photo:
        if photo.size != (_PHOTO_SIDE, _PHOTO_SIDE):
            raise ValueError(f"a photo of {photo.size} pixels")
        grey = photo.convert("L").crop(_FACE)
        return np.asarray(grey.resize((64, 64), Image.Resampling.BILINEAR))


FACES: dict[str, FaceSource] = {
    "frey": FaceSource(
        "frey_rawface.mat",
        "https://cs.nyu.edu/~roweis/data/frey_rawface.mat",
        "",
        _frey,
    ),
    "olivetti": FaceSource(
        "olivettifaces.mat",
        "https://ndownloader.figshare.com/files/5976027",
        "b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794",
        _olivetti,
    ),
    "lfw": FaceSource(
        "lfw-funneled.tgz",
        "https://ndownloader.figshare.com/files/5976015",
        "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
        _lfw,
    ),
}
