from __future__ import annotations

import errno
import hashlib
import io
import socket
import zipfile
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets as torchvision_datasets

from vae.datasets import DownloadCancelled, download, downloads, is_available, load
from vae.errors import VaeError


@pytest.fixture
def mnist(mirror, shrink, gzipped, monkeypatch) -> Path:
    """A tiny MNIST on the mirror; the raw folder into which it belongs."""
    _, files, folder = shrink("mnist")
    mirror.files = gzipped(files)
    resources = [(name, hashlib.md5(data).hexdigest()) for name, data in mirror.files.items()]
    monkeypatch.setattr(torchvision_datasets.MNIST, "resources", resources)
    monkeypatch.setattr(torchvision_datasets.MNIST, "mirrors", [mirror.url])
    return folder


def nothing_left(folder: Path) -> bool:
    """No file of the data set, and no temporary one beside it."""
    return not [path for path in folder.parent.parent.rglob("*") if path.is_file()]


def test_download_fetches_each_file_once_and_the_set_loads(mnist, mirror) -> None:
    told: list[tuple[int, int, str]] = []
    download("mnist", lambda *facts: told.append(facts))
    assert is_available("mnist")
    assert len(load("mnist", "train")) == 9
    assert sorted(mirror.asked) == sorted(mirror.files)
    for name, data in mirror.files.items():
        counts = [(done, total) for done, total, file in told if file == name]
        assert counts[0] == (0, len(data))
        assert counts[-1] == (len(data), len(data))
    assert told[-1] == (0, 0, "unpacking")
    assert sorted(path.name for path in mnist.iterdir()) == sorted(
        name.removesuffix(".gz") for name in mirror.files
    )
    assert [path.name for path in mnist.parent.parent.iterdir()] == ["MNIST"]


def test_a_set_that_is_there_is_not_fetched_again(mnist, mirror) -> None:
    download("mnist")
    mirror.asked.clear()
    download("mnist")
    download("digits")
    assert mirror.asked == []


def test_a_damaged_set_is_fetched_again(mnist, mirror) -> None:
    download("mnist")
    file = mnist / "train-images-idx3-ubyte"
    good = file.read_bytes()
    file.write_bytes(bytes(len(good)))  # right size, so only reading tells
    download("mnist")
    assert file.read_bytes() == good


def test_archives_put_there_by_hand_need_no_network(mnist, mirror) -> None:
    mnist.mkdir(parents=True)
    for name, data in mirror.files.items():
        (mnist / name).write_bytes(data)
    download("mnist")
    assert mirror.asked == []
    assert len(load("mnist", "test")) == 6


def test_the_next_mirror_is_tried(mnist, mirror, monkeypatch) -> None:
    monkeypatch.setattr(torchvision_datasets.MNIST, "mirrors", [f"{mirror.url}gone/", mirror.url])
    download("mnist")
    assert is_available("mnist")


def test_a_missing_file_is_told_with_the_answer(mnist, mirror) -> None:
    del mirror.files["t10k-labels-idx1-ubyte.gz"]
    with pytest.raises(VaeError, match=r"answered 404 for t10k-labels-idx1-ubyte\.gz"):
        download("mnist")
    assert nothing_left(mnist)


def test_a_wrong_checksum_is_told_and_nothing_is_kept(mnist, mirror) -> None:
    mirror.files["train-labels-idx1-ubyte.gz"] += b"!"
    with pytest.raises(VaeError, match=r"train-labels-idx1-ubyte\.gz has a wrong checksum"):
        download("mnist")
    assert nothing_left(mnist)


def test_a_transfer_that_breaks_off_is_told(mnist, mirror) -> None:
    mirror.promise_more = 1000
    with pytest.raises(VaeError, match="broke"):
        download("mnist")
    assert nothing_left(mnist)


@pytest.mark.parametrize("at", ["train-images-idx3-ubyte.gz", "unpacking"])
def test_progress_can_cancel(at, mnist) -> None:
    with pytest.raises(DownloadCancelled, match="cancelled"):
        download("mnist", lambda done, total, file: file == at)
    assert nothing_left(mnist)


def test_no_network_is_one_clear_sentence(mnist, monkeypatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(torchvision_datasets.MNIST, "mirrors", [f"http://127.0.0.1:{port}/"])
    with pytest.raises(VaeError) as told:
        download("mnist")
    sentence = str(told.value)
    assert f"Could not reach 127.0.0.1:{port}" in sentence
    assert str(mnist) in sentence
    assert "digits and shapes work offline" in sentence
    assert nothing_left(mnist)


def test_a_folder_that_cannot_be_made_is_told(mnist, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("VAE_DATA", str(tmp_path / "file" / "data"))
    with pytest.raises(VaeError, match="Could not create the folder"):
        download("mnist")


def test_a_full_disk_is_told(mnist, monkeypatch) -> None:
    def full(info, root, report):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloads, "_unpack", full)
    with pytest.raises(VaeError, match="No space left on device"):
        download("mnist")
    assert nothing_left(mnist)


def test_an_unknown_set_is_told() -> None:
    with pytest.raises(VaeError, match="'cifar'"):
        download("cifar")


def test_emnist_comes_out_of_its_one_zip(mirror, shrink, gzipped, monkeypatch) -> None:
    _, files, folder = shrink("emnist-letters")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in gzipped(files).items():
            archive.writestr(f"gzip/{name}", data)
        archive.writestr("gzip/emnist-digits-mapping.txt", "not for us")
    mirror.files = {"gzip.zip": buffer.getvalue()}
    monkeypatch.setattr(torchvision_datasets.EMNIST, "url", f"{mirror.url}gzip.zip")
    monkeypatch.setattr(
        torchvision_datasets.EMNIST, "md5", hashlib.md5(buffer.getvalue()).hexdigest()
    )
    download("emnist-letters")
    assert mirror.asked == ["gzip.zip"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)
    np.testing.assert_array_equal(load("emnist-letters", "test").labels, np.arange(6))
