from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vae.datasets import DATASETS, SPLITS, describe, find, is_available
from vae.errors import VaeError


def test_every_entry_is_complete() -> None:
    for name, info in DATASETS.items():
        assert info.name == name
        assert set(info.sizes) == set(SPLITS)
        assert len(set(info.classes)) == len(info.classes)
        assert info.bundled == (info.download_megabytes == 0)
        assert not (info.torchvision and info.npz)
    assert [name for name, info in DATASETS.items() if info.bundled] == ["digits", "shapes"]


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(VaeError, match=r"'mnits'.*digits, shapes, mnist"):
        find("mnits")
    with pytest.raises(VaeError, match="'mnits'"):
        is_available("mnits")


def test_a_set_is_available_once_all_its_files_are_whole(shrink) -> None:
    _, files, folder = shrink("mnist")
    folder.mkdir(parents=True)
    assert is_available("digits")
    assert is_available("shapes")
    for file, data in files.items():
        assert not is_available("mnist")
        (folder / file).write_bytes(data)
    assert is_available("mnist")
    (folder / "t10k-images-idx3-ubyte").write_bytes(b"half a file")
    assert not is_available("mnist")


def test_a_set_of_one_npz_is_available_once_that_is_there(shrink, tmp_path) -> None:
    shrink("frey")
    assert not is_available("frey")
    (tmp_path / "frey").mkdir()
    (tmp_path / "frey" / "frey.npz").write_bytes(b"of any size")
    assert is_available("frey")


def test_describe_is_json_and_tells_where_it_looks(shrink, tmp_path) -> None:
    rows = {row["name"]: row for row in json.loads(json.dumps(describe()))}
    assert list(rows) == list(DATASETS)
    assert rows["digits"]["available"] is True
    assert rows["digits"]["path"] is None
    assert rows["kmnist"]["available"] is False
    assert rows["kmnist"]["path"] == str(tmp_path / "KMNIST" / "raw")
    assert rows["emnist-letters"]["classes"] == 26
    assert rows["frey"]["path"] == str(tmp_path / "frey")
    assert rows["frey"]["bundled"] is False
    assert rows["shapes"]["image_shape"] == [64, 64, 1]


def test_looking_around_imports_nothing_heavy() -> None:
    code = (
        "import sys, vae.datasets.registry as r; r.describe();"
        "print([m for m in ('torchvision', 'sklearn') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "[]"
