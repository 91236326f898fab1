from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.conftest import needs_data
from vae.datasets import (
    DATASETS,
    SPLITS,
    DownloadCancelled,
    download,
    is_available,
    load,
    load_streamed,
)
from vae.datasets.faces import FACES
from vae.errors import VaeError
from vae.files import save_npz

TINY = {"train": 23, "validation": 9, "test": 8}
RNG = np.random.default_rng(0)


def matlab(**matrices: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, matrices)
    return buffer.getvalue()


def photos(people: dict[str, int]) -> bytes:
    """Photos whose brightness is the number of the image, packed as LFW is, with foreign files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:

        def add(name: str, data: bytes) -> None:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

        add("lfw_funneled/pairs.txt", b"not for us")
        add("../../evil.jpg", b"not for us")
        shade = 0
        for person, count in people.items():
            for number in range(count):
                shade += 1
                picture = np.zeros((250, 250, 3), np.uint8)
                picture[70:195, 62:187] = 5 * shade  # just the face
                jpeg = io.BytesIO()
                Image.fromarray(picture).save(jpeg, "JPEG", quality=100)
                add(f"lfw_funneled/{person}/{person}_{number:04}.jpg", jpeg.getvalue())
    return buffer.getvalue()


@pytest.fixture
def offer(mirror, tmp_path, monkeypatch) -> Callable[[str, bytes], Path]:
    """Make a data set tiny and put its file on the mirror; gives the .npz it is to become."""
    monkeypatch.setenv("VAE_DATA", str(tmp_path))

    def apply(name: str, data: bytes) -> Path:
        info = replace(DATASETS[name], sizes=TINY)
        monkeypatch.setitem(DATASETS, name, info)
        mirror.files[FACES[name].filename] = data
        checksum = hashlib.sha256(data).hexdigest() if FACES[name].sha256 else ""
        url = mirror.url + FACES[name].filename
        monkeypatch.setitem(FACES, name, replace(FACES[name], url=url, sha256=checksum))
        return tmp_path / info.npz

    return apply


def together(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of all splits, in the order of the file."""
    parts = [load(name, split) for split in SPLITS]
    order = np.argsort(np.concatenate([part.indices for part in parts]))
    assert [len(part) for part in parts] == list(TINY.values())
    return (
        np.concatenate([part.images for part in parts])[order],
        np.concatenate([part.labels for part in parts])[order],
    )


def test_frey_faces_come_out_of_their_matlab_file(offer, mirror) -> None:
    images = RNG.integers(0, 256, (40, 28, 20), np.uint8)
    stored = offer("frey", matlab(ff=images.reshape(40, 560).T))
    assert not is_available("frey")
    told = []
    download("frey", lambda *facts: told.append(facts))
    assert is_available("frey")
    assert mirror.asked == ["frey_rawface.mat"]
    assert [path.name for path in stored.parent.parent.rglob("*")] == ["frey", "frey.npz"]
    found, labels = together("frey")
    np.testing.assert_array_equal(found[..., 0], images)
    assert not labels.any()
    assert told[0] == (0, len(mirror.files["frey_rawface.mat"]), "frey_rawface.mat")
    download("frey")  # is there
    assert len(mirror.asked) == 1
    np.testing.assert_array_equal(load_streamed("frey", "test"), load("frey", "test").images)


def test_olivetti_faces_are_those_of_scikit_learn_ten_of_each_person(
    offer, tmp_path, monkeypatch
) -> None:
    from sklearn.datasets import _olivetti_faces, fetch_olivetti_faces

    theirs = _olivetti_faces.FACES
    assert (FACES["olivetti"].url, FACES["olivetti"].sha256) == (theirs.url, theirs.checksum)
    faces = RNG.integers(0, 256, (4096, 400), np.uint8)
    faces[0, 0], faces[1, 0] = 0, 255  # scikit-learn stretches to the full range
    data = matlab(faces=faces)
    offer("olivetti", data)
    sizes = {"train": 300, "validation": 50, "test": 50}
    monkeypatch.setitem(DATASETS, "olivetti", replace(DATASETS["olivetti"], sizes=sizes))
    download("olivetti")
    (tmp_path / "olivettifaces.mat").write_bytes(data)
    remote = theirs._replace(checksum=hashlib.sha256(data).hexdigest(), url="none")
    monkeypatch.setattr(_olivetti_faces, "FACES", remote)
    bunch = fetch_olivetti_faces(data_home=tmp_path)
    part = load("olivetti", "train")
    np.testing.assert_allclose(part.images[..., 0] / 255, bunch.images[part.indices], atol=1e-6)
    np.testing.assert_array_equal(part.labels, bunch.target[part.indices])
    assert DATASETS["olivetti"].classes[part.labels.max()] == "person 40"


def test_lfw_faces_are_cut_out_in_the_order_of_names_and_known_people_are_classes(
    offer, monkeypatch
) -> None:
    from sklearn.datasets import _lfw

    theirs = _lfw.FUNNELED_ARCHIVE
    assert (FACES["lfw"].url, FACES["lfw"].sha256) == (theirs.url, theirs.checksum)
    stored = offer("lfw", photos({"Tony_Blair": 15, "Aaron_Eckhart": 20, "Colin_Powell": 5}))
    download("lfw")
    images, labels = together("lfw")
    assert images.shape == (40, 64, 64, 1)
    names = DATASETS["lfw"].classes
    assert [names[label] for label in labels] == (
        ["somebody else"] * 20 + ["Colin Powell"] * 5 + ["Tony Blair"] * 15
    )
    shades = 5 * np.array([*range(16, 36), *range(36, 41), *range(1, 16)])
    # JPEG blurs over a few pixels at the edge of the face
    np.testing.assert_allclose(
        images[:, 6:-6, 6:-6, 0], shades[:, None, None] + np.zeros((52, 52)), atol=2
    )
    assert images[:, 0, 32].mean() > 0.8 * shades.mean()  # the cut meets the face's edge
    assert not list(stored.parent.parent.parent.rglob("evil.jpg"))


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("frey", b"<html>not found</html>", "frey_rawface.mat is not the file of Frey faces"),
        ("frey", matlab(gg=np.zeros((560, 40), np.uint8)), "not the file of Frey faces"),
        ("frey", matlab(ff=np.zeros((560, 39), np.uint8)), r"\(39, 28, 20\).*\(40, 28, 20\)"),
        ("frey", matlab(ff=np.full((560, 40), 0.5)), "other values than whole numbers"),
        ("frey", matlab(ff=np.full((560, 40), np.nan)), "other values than whole numbers"),
        ("olivetti", b"", "not the file of Olivetti"),
        ("lfw", b"\x1f\x8b", "not the file of Labeled Faces"),
        ("lfw", photos({"Tony_Blair": 40})[:-9000], "not the file of Labeled Faces"),
        ("lfw", photos({"Tony_Blair": 39}), r"\(39, 64, 64\)"),
        ("lfw", photos({}), r"\(0,\)"),
    ],
)
def test_other_files_are_told_and_not_kept(name, data, told, offer) -> None:
    stored = offer(name, data)
    with pytest.raises(VaeError, match=told):
        download(name)
    assert not [path for path in stored.parent.parent.rglob("*") if path.is_file()]


def test_a_wrong_checksum_is_told(offer, mirror) -> None:
    offer("olivetti", matlab(faces=np.zeros((4096, 40), np.uint8)))
    mirror.files["olivettifaces.mat"] += b"!"
    with pytest.raises(VaeError, match=r"olivettifaces\.mat has a wrong checksum"):
        download("olivetti")


def test_the_conversion_can_be_cancelled(offer) -> None:
    stored = offer("lfw", photos({"Tony_Blair": 40}))
    with pytest.raises(DownloadCancelled):
        download("lfw", lambda done, total, file: file == "unpacking" and done > 0)
    assert not stored.exists()


@pytest.mark.parametrize(
    "arrays",
    [
        {"pictures": np.zeros((40, 28, 20), np.uint8)},
        {"images": np.uint8(7)},
        {"images": np.zeros((39, 28, 20), np.uint8)},
        {"images": np.zeros((40, 20, 28), np.uint8)},
        {"images": np.zeros((40, 28, 20), np.float32)},
        {"images": np.zeros((40, 28, 20), np.uint8), "labels": np.ones(40, np.int64)},
        {"images": np.zeros((40, 28, 20), np.uint8), "labels": np.zeros(40)},
        {"images": np.zeros((40, 28, 20), np.uint8), "labels": np.zeros(3, np.int64)},
    ],
)
def test_damaged_arrays_are_told_and_fetched_again(arrays, offer) -> None:
    good = np.full((40, 28, 20), 9, np.uint8)
    stored = offer("frey", matlab(ff=good.reshape(40, 560).T))
    stored.parent.mkdir()
    save_npz(stored, **arrays)
    with pytest.raises(VaeError, match=r"'frey'.*damaged.*download frey"):
        load("frey", "test")
    download("frey")
    np.testing.assert_array_equal(together("frey")[0][..., 0], good)


def test_what_is_pickled_is_never_opened(offer) -> None:
    stored = offer("frey", b"")
    stored.parent.mkdir()
    np.savez(stored, images=np.array([print], dtype=object))
    with pytest.raises(VaeError, match="damaged"):
        load("frey", "test")


@needs_data
def test_real_frey_faces() -> None:
    if not is_available("frey"):
        pytest.skip("frey is not in VAE_DATA")
    parts = {split: load("frey", split) for split in SPLITS}
    assert {split: len(part) for split, part in parts.items()} == DATASETS["frey"].sizes
    rows = np.concatenate([part.indices for part in parts.values()])
    assert sorted(rows) == list(range(1965))
    assert parts["train"].images.shape[1:] == (28, 20, 1)
    # As others report it of the raw file: mean 0.605, standard deviation 0.176.
    values = parts["train"].images / 255
    assert values.mean() == pytest.approx(0.605, abs=0.002)
    assert values.std() == pytest.approx(0.176, abs=0.002)
    assert parts["test"].indices[:5].tolist() == [1934, 344, 1617, 399, 1526]  # for ever
