from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets as torchvision_datasets

from tests.conftest import needs_data
from vae.datasets import DATASETS, SPLITS, is_available, load, load_streamed
from vae.datasets.idx import MappedImages, read_idx
from vae.errors import VaeError
from vae.evaluation import evaluate
from vae.inference import encode_pixels
from vae.presets import make_config
from vae.training import build_model


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


HEADER = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4])


def test_the_bytes_after_the_header_are_the_array_last_axis_fastest(tmp_path) -> None:
    images = read_idx(write(tmp_path / "images", HEADER + bytes(range(24))), 3)
    np.testing.assert_array_equal(images, np.arange(24).reshape(2, 3, 4))
    assert images.dtype == np.uint8
    labels = read_idx(write(tmp_path / "labels", bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9])), 1)
    assert labels.tolist() == [7, 9]


def test_the_file_is_mapped_not_read_and_cannot_be_written(tmp_path) -> None:
    path = write(tmp_path / "images", HEADER + bytes(24))
    images = read_idx(path, 3)
    with path.open("r+b") as file:
        file.seek(16)
        file.write(b"\x05")
    assert images[0, 0, 0] == 5
    with pytest.raises(ValueError, match="read-only"):
        images[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (HEADER[:3], "begins with 0x000008;"),
        (HEADER[:9], "ends within its header"),
        (
            b"\x1f\x8b\x08\x00" + HEADER,
            "begins with 0x1f8b0800; such a file begins with 0x00000803",
        ),
        (b"\x00\x00\x0d\x03" + HEADER[4:] + bytes(24), "0x00000d03"),  # floats
        (b"\x00\x00\x08\x01\x00\x00\x00\x01\x07", "0x00000801"),  # labels for images
        (HEADER + bytes(23), "has 39 bytes, but its header promises 40"),
        (HEADER + bytes(25), "has 41 bytes, but its header promises 40"),
        (HEADER[:4] + b"\xff" * 12, "has 16 bytes"),  # more than 2^64 promised
        (HEADER[:4] + bytes(12), "holds nothing"),
    ],
)
def test_what_is_no_such_file_is_told(data, told, tmp_path) -> None:
    with pytest.raises(VaeError, match=told):
        read_idx(write(tmp_path / "file", data), 3)


def test_a_missing_file_is_told(tmp_path) -> None:
    with pytest.raises(VaeError, match="Could not read"):
        read_idx(tmp_path / "nothing", 3)


def test_mapped_images_are_indexed_like_the_rows_they_stand_for() -> None:
    official = np.random.default_rng(0).integers(0, 256, (9, 2, 3, 1), np.uint8)
    rows = np.array([7, 0, 3, 8])
    images, plain = MappedImages(official, rows), official[rows]
    assert len(images) == 4
    assert images.shape == plain.shape
    assert images.dtype == np.uint8
    for part in (slice(None), slice(1, 3), np.array([2, 0, 2]), np.array([], np.int64)):
        np.testing.assert_array_equal(images[part], plain[part])
    images[:2][...] = 0  # copies: the official ones stay as they are
    np.testing.assert_array_equal(images[:], plain)


def compare_with_torchvision(name: str, root: Path) -> None:
    """Each split against torchvision's reader, which once was ours; and streamed against whole."""
    info = DATASETS[name]
    emnist = info.torchvision == "EMNIST"
    for split in SPLITS:
        reader = getattr(torchvision_datasets, info.torchvision)(
            root, train=split != "test", **({"split": "letters"} if emnist else {})
        )
        images, labels = reader.data.numpy(), reader.targets.numpy()
        if emnist:
            images, labels = images.transpose(0, 2, 1), labels - 1
        part = load(name, split)
        np.testing.assert_array_equal(part.images, images[part.indices][..., None])
        np.testing.assert_array_equal(part.labels, labels[part.indices])
        assert part.labels.dtype == labels.dtype
        streamed = load_streamed(name, split)
        assert isinstance(streamed, MappedImages)
        assert streamed.shape == part.images.shape
        np.testing.assert_array_equal(streamed[:], part.images)
        np.testing.assert_array_equal(streamed[2:5], part.images[2:5])


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist", "emnist-letters"])
def test_tiny_sets_come_out_as_torchvision_reads_them(name, shrink, tmp_path) -> None:
    _, files, folder = shrink(name)
    folder.mkdir(parents=True)
    for file, data in files.items():
        (folder / file).write_bytes(data)
    compare_with_torchvision(name, tmp_path)


@needs_data
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_real_sets_come_out_as_torchvision_reads_them(name) -> None:
    if not is_available(name):
        pytest.skip(f"{name} is not in VAE_DATA")
    compare_with_torchvision(name, Path(os.environ["VAE_DATA"]))


def test_a_mapped_split_is_encoded_and_evaluated_in_parts_as_a_whole_one_is() -> None:
    model = build_model(make_config("mlp-2d", "digits", (8, 8, 1), device="cpu")).eval()
    whole = load("digits", "train").images  # 1,297: more than one part
    longest = []

    class Watched(MappedImages):
        def __getitem__(self, rows):
            longest.append(len(found := super().__getitem__(rows)))
            return found

    mapped = Watched(whole, np.arange(len(whole)))
    for got, wanted in zip(encode_pixels(model, mapped), encode_pixels(model, whole), strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert evaluate(model, mapped, "digits") == evaluate(model, whole, "digits")
    assert max(longest) < len(whole) / 2


def test_sets_without_idx_files_stream_from_memory() -> None:
    assert load_streamed("digits", "train") is load("digits", "train").images
    with pytest.raises(VaeError, match="no split 'none'"):
        load_streamed("mnist", "none")


def test_reading_imports_neither_torchvision_nor_torch(shrink) -> None:
    _, files, folder = shrink("mnist")
    folder.mkdir(parents=True)
    for file, data in files.items():
        (folder / file).write_bytes(data)
    # The sizes are those of the real set, so the tiny one is damaged: told, after having read it.
    code = (
        "import sys\nfrom vae.datasets import load\nfrom vae.errors import VaeError\n"
        "try:\n    load('mnist', 'test')\nexcept VaeError as error:\n"
        "    assert 'damaged' in str(error)\n"
        "print([m for m in ('torch', 'torchvision') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"
