from __future__ import annotations

import os

import numpy as np
import pytest

from vae.datasets import DATASETS, SPLITS, is_available, load
from vae.datasets.loading import _load
from vae.errors import VaeError


def parts(name: str):
    return {split: load(name, split) for split in SPLITS}


def check(name: str, one_file: bool) -> None:
    """What holds for every data set: sizes, types, ranges, disjoint splits that cover all."""
    info, splits = DATASETS[name], parts(name)
    for split, part in splits.items():
        count = info.sizes[split]
        assert len(part) == count
        assert part.images.shape == (count, *info.image_shape)
        assert part.images.dtype == np.uint8
        assert part.labels.dtype == part.indices.dtype == np.int64
        assert part.labels.min() >= 0
        assert part.labels.max() < len(info.classes)
        assert not part.images.flags.writeable
    together = [splits["train"].indices, splits["validation"].indices]
    total = info.sizes["train"] + info.sizes["validation"]
    if one_file:
        together.append(splits["test"].indices)
        total += info.sizes["test"]
    else:
        np.testing.assert_array_equal(splits["test"].indices, np.arange(info.sizes["test"]))
    np.testing.assert_array_equal(np.sort(np.concatenate(together)), np.arange(total))


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_bundled_sets(name) -> None:
    check(name, one_file=True)
    for part in parts(name).values():
        assert part.images.min() == 0
        assert part.images.max() == 255
        assert set(part.labels) == set(range(len(DATASETS[name].classes)))


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_splits_are_the_same_in_every_process_and_for_every_seed(name) -> None:
    before = load(name, "test")
    _load.cache_clear()
    np.random.seed(7)
    again = load(name, "test")
    assert again is not before
    np.testing.assert_array_equal(again.images, before.images)
    np.testing.assert_array_equal(again.indices, before.indices)
    assert load(name, "test") is again  # kept in memory


def test_the_splits_never_change_between_versions() -> None:
    # The numbers of trained models rest on these rows: a change here breaks every comparison.
    assert load("digits", "test").indices[:5].tolist() == [238, 81, 1793, 395, 282]
    assert load("shapes", "test").indices[:5].tolist() == [1992, 1958, 4933, 3955, 996]


def test_digits_are_scikit_learns_rescaled() -> None:
    from sklearn.datasets import load_digits

    source = load_digits()
    part = load("digits", "validation")
    np.testing.assert_allclose(
        part.images[..., 0] / 255, source.images[part.indices] / 16, atol=0.5 / 255
    )
    np.testing.assert_array_equal(part.labels, source.target[part.indices])
    assert part.factors is None


@pytest.mark.parametrize("name", ["mnist", "kmnist", "fashion-mnist"])
def test_idx_files_are_read_and_split(name, shrink) -> None:
    info, files, folder = shrink(name)
    folder.mkdir(parents=True)
    for file, data in files.items():
        (folder / file).write_bytes(data)
    check(name, one_file=False)
    pixels = np.frombuffer(files["train-images-idx3-ubyte"], np.uint8, offset=16)
    official = pixels.reshape(-1, *info.image_shape)
    part = load(name, "train")
    np.testing.assert_array_equal(part.images, official[part.indices])
    np.testing.assert_array_equal(part.labels, part.indices % 10)


def test_emnist_letters_stand_upright_and_start_at_a(shrink) -> None:
    info, files, folder = shrink("emnist-letters")
    folder.mkdir(parents=True)
    for file, data in files.items():
        (folder / file).write_bytes(data)
    check("emnist-letters", one_file=False)
    pixels = np.frombuffer(files["emnist-letters-test-images-idx3-ubyte"], np.uint8, offset=16)
    part = load("emnist-letters", "test")
    np.testing.assert_array_equal(
        part.images[..., 0], pixels.reshape(-1, 28, 28).transpose(0, 2, 1)
    )
    assert info.classes[part.labels[0]] == "A"


def test_unknown_names_and_missing_files_are_told(shrink) -> None:
    _, _, folder = shrink("mnist")
    with pytest.raises(VaeError, match=r"'nothing'.*digits"):
        load("nothing", "test")
    with pytest.raises(VaeError, match=r"'valid'.*train, validation, test"):
        load("digits", "valid")
    with pytest.raises(VaeError, match=r"python -m vae datasets download mnist.*offline") as told:
        load("mnist", "test")
    assert str(folder) in str(told.value)


def spoil_header(data: bytes) -> bytes:
    return b"\xff\xff\xff\xff" + data[4:]


@pytest.mark.parametrize("file", ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[:3],
        lambda data: data[:10],
        lambda data: data[:-2],
        lambda data: b"<html>" + data,
        spoil_header,
        lambda data: data[:4] + b"\x00\x00\x00\x01" + data[8:],
        lambda data: data[:4] + b"\x7f\xff\xff\xff" + data[8:],
    ],
    ids=["empty", "3B", "10B", "truncated", "html", "header", "too few", "too many"],
)
def test_damaged_files_are_told_not_traced(file, spoil, shrink) -> None:
    _, files, folder = shrink("mnist")
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(spoil(data) if name == file else data)
    with pytest.raises(VaeError, match=r"damaged.*download mnist"):
        load("mnist", "test")
    assert len(load("mnist", "train")) == 9  # the other half is whole


def test_a_label_out_of_range_is_told(shrink) -> None:
    _, files, folder = shrink("mnist")
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data[:-1] + b"\x0b" if "labels" in name else data)
    with pytest.raises(VaeError, match="label is out of range"):
        load("mnist", "test")


@pytest.mark.skipif(not os.environ.get("VAE_DATA"), reason="VAE_DATA is not set: no real data")
@pytest.mark.parametrize(("name", "first"), [("mnist", 7), ("fashion-mnist", 9)])
def test_real_data(name, first) -> None:
    if not is_available(name):
        pytest.skip(f"{name} is not in VAE_DATA")
    check(name, one_file=False)
    splits = parts(name)
    assert splits["test"].labels[0] == first
    assert np.bincount(splits["test"].labels).tolist() == (
        [1000] * 10
        if name == "fashion-mnist"
        else [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )
    # Ink on paper: mean brightness of the MNIST training images is 0.1307, of Fashion's 0.2860.
    mean = splits["train"].images.mean() / 255
    assert mean == pytest.approx({"mnist": 0.1307, "fashion-mnist": 0.2860}[name], abs=5e-4)
