"""Which data sets there are, and whether their files are at hand. Reads no image, imports no torch.

Downloaded sets lie in torchvision's layout under `data_dir()`: ``MNIST/raw/…``, ``KMNIST/raw/…``;
faces as one ``.npz`` each: ``frey/frey.npz``.
"""

from __future__ import annotations

import os
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from vae.errors import VaeError

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)
ALL = "all"  # the three together, in that order


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set before any of it is read.

    Attributes:
        name: the name that `load` and the command line take.
        title: the name on screen.
        image_shape: height, width, channels.
        classes: what label 0, 1, 2, … means.
        sizes: images in "train", "validation" and "test".
        source: where it comes from, and its licence, in one line.
        torchvision: the class of torchvision.datasets that knows where its idx files come from,
            also the name of its folder; empty for other sets.
        file_stems: (training, test): how the names of its idx files begin.
        npz: where under `data_dir()` its one file lies, with ``images`` uint8 (n, H, W) and, if
            there are classes to tell apart, ``labels`` (n,); empty for other sets.
        download_megabytes: size of the download; 0 for the bundled sets.
    """

    name: str
    title: str
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    sizes: dict[SplitName, int]
    source: str
    torchvision: str = ""
    file_stems: tuple[str, str] = ("train", "t10k")
    npz: str = ""
    download_megabytes: int = 0

    @property
    def bundled(self) -> bool:
        """True if it works offline, straight after the installation."""
        return not self.torchvision and not self.npz


_LIKE_MNIST: dict[SplitName, int] = {"train": 55_000, "validation": 5_000, "test": 10_000}

_ALL = (
    DatasetInfo(
        name="digits",
        title="Digits 8×8",
        image_shape=(8, 8, 1),
        classes=tuple(string.digits),
        sizes={"train": 1_297, "validation": 200, "test": 300},
        source="Alpaydin and Kaynak 1998, UCI repository (CC BY 4.0), bundled with scikit-learn",
    ),
    DatasetInfo(
        name="shapes",
        title="Shapes with known factors",
        image_shape=(64, 64, 1),
        classes=("square", "ellipse", "heart"),
        sizes={"train": 6_276, "validation": 500, "test": 1_000},
        source="Drawn by vae.datasets.shapes in the manner of dSprites (Matthey et al. 2017)",
    ),
    DatasetInfo(
        name="mnist",
        title="MNIST",
        image_shape=(28, 28, 1),
        classes=tuple(string.digits),
        sizes=_LIKE_MNIST,
        source="LeCun, Cortes and Burges 1998 (CC BY-SA 3.0)",
        torchvision="MNIST",
        download_megabytes=12,
    ),
    DatasetInfo(
        name="fashion-mnist",
        title="Fashion-MNIST",
        image_shape=(28, 28, 1),
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        sizes=_LIKE_MNIST,
        source="Xiao, Rasul and Vollgraf 2017, Zalando Research (MIT)",
        torchvision="FashionMNIST",
        download_megabytes=31,
    ),
    DatasetInfo(
        name="kmnist",
        title="Kuzushiji-MNIST",
        image_shape=(28, 28, 1),
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        sizes=_LIKE_MNIST,
        source="Clanuwat et al. 2018, CODH (CC BY-SA 4.0)",
        torchvision="KMNIST",
        download_megabytes=21,
    ),
    DatasetInfo(
        name="emnist-letters",
        title="EMNIST letters",
        image_shape=(28, 28, 1),
        classes=tuple(string.ascii_uppercase),
        sizes={"train": 119_800, "validation": 5_000, "test": 20_800},
        source="Cohen et al. 2017, from NIST Special Database 19",
        torchvision="EMNIST",
        file_stems=("emnist-letters-train", "emnist-letters-test"),
        download_megabytes=562,
    ),
    # Frames of one film, so a held-out face resembles its neighbours among the training images.
    DatasetInfo(
        name="frey",
        title="Frey faces",
        image_shape=(28, 20, 1),
        classes=("face",),
        sizes={"train": 1_565, "validation": 200, "test": 200},
        source="Brendan Frey's face on film, from Sam Roweis's page (no licence is told)",
        npz="frey/frey.npz",
        download_megabytes=1,
    ),
    DatasetInfo(
        name="olivetti",
        title="Olivetti faces",
        image_shape=(64, 64, 1),
        classes=tuple(f"person {number}" for number in range(1, 41)),
        sizes={"train": 320, "validation": 40, "test": 40},
        source="Samaria and Harter 1994, AT&T Laboratories Cambridge (for research; cite it)",
        npz="olivetti/olivetti.npz",
        download_megabytes=4,
    ),
    DatasetInfo(
        name="lfw",
        title="Labeled Faces in the Wild",
        image_shape=(64, 64, 1),
        # Those of whom there are at least 70 images, as in scikit-learn's examples.
        classes=(
            *("somebody else", "Ariel Sharon", "Colin Powell", "Donald Rumsfeld"),
            *("George W Bush", "Gerhard Schroeder", "Hugo Chavez", "Tony Blair"),
        ),
        sizes={"train": 11_233, "validation": 1_000, "test": 1_000},
        source="Huang et al. 2007, University of Massachusetts (for research), funneled",
        npz="lfw/lfw.npz",
        download_megabytes=243,
    ),
)

DATASETS: dict[str, DatasetInfo] = {info.name: info for info in _ALL}


def find(name: str) -> DatasetInfo:
    """The entry of ``name``.

    Raises:
        VaeError: if there is no such data set.
    """
    if name not in DATASETS:
        raise VaeError(f"There is no data set {name!r}; choose one of {', '.join(DATASETS)}.")
    return DATASETS[name]


def data_dir() -> Path:
    """``$VAE_DATA``, or ``data`` under the working directory."""
    return Path(os.environ.get("VAE_DATA") or "data").expanduser().absolute()


def files_dir(info: DatasetInfo, root: Path) -> Path:
    """The folder under ``root`` in which the files of a downloaded set lie."""
    return root / info.torchvision / "raw" if info.torchvision else (root / info.npz).parent


def file_sizes(info: DatasetInfo) -> dict[str, int | None]:
    """File name → exact size in bytes of every file that a downloaded set needs; None if any.

    An idx file is a header (16 bytes for images, 8 for labels) and one byte per pixel or label.
    """
    if info.npz:
        return {Path(info.npz).name: None}
    height, width, _ = info.image_shape
    counts = (info.sizes["train"] + info.sizes["validation"], info.sizes["test"])
    files: dict[str, int | None] = {}
    for stem, count in zip(info.file_stems, counts, strict=True):
        files[f"{stem}-images-idx3-ubyte"] = 16 + count * height * width
        files[f"{stem}-labels-idx1-ubyte"] = 8 + count
    return files


def is_available(name: str) -> bool:
    """True if ``name`` can be loaded now: bundled, or its files are there in their full size.

    Raises:
        VaeError: if there is no such data set.
    """
    info = find(name)
    if info.bundled:
        return True
    folder = files_dir(info, data_dir())
    # The size tells a half-written file from a whole one, at the price of one stat.
    return all(
        (folder / file).is_file() and size in (None, (folder / file).stat().st_size)
        for file, size in file_sizes(info).items()
    )


def describe() -> list[dict[str, Any]]:
    """The data sets as JSON-able facts; ``path`` is null for the bundled ones."""
    return [
        {
            "name": info.name,
            "title": info.title,
            "image_shape": list(info.image_shape),
            "classes": len(info.classes),
            "sizes": dict(info.sizes),
            "bundled": info.bundled,
            "available": is_available(info.name),
            "path": None if info.bundled else str(files_dir(info, data_dir())),
            "download_megabytes": info.download_megabytes,
            "source": info.source,
        }
        for info in DATASETS.values()
    ]
