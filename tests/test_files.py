"""Files are whole or not there, and a full disk or a read-only folder is told in a sentence."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from vae import files
from vae.errors import VaeError


def test_write_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    files.write_atomic(path, "long " * 100)
    files.write_atomic(path, "short")
    assert path.read_text() == "short"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "may not be written")],
)
def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch, code, words) -> None:
    path = tmp_path / "a.txt"
    files.write_atomic(path, "old")

    def fail(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(VaeError, match=words):
        files.write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(VaeError, match="Could not write"):
        files.write_atomic(tmp_path / "no" / "a.txt", "x")


def test_folder_on_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(VaeError, match="Could not create the folder"):
        files.make_folder(tmp_path / "a" / "b")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1,"])
def test_garbled_json_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(VaeError, match="not valid JSON"):
        files.read_json(tmp_path / "a.json")


def test_what_was_cut_short_is_told_apart_from_what_is_strange(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content in ("", '{"state": "runn', "\0" * 9):
        path.write_text(content)
        with pytest.raises(files.NotJson):
            files.read_json(path)
    path.write_text("9" * 5000)
    with pytest.raises(VaeError) as told:
        files.read_json(path)
    assert not isinstance(told.value, files.NotJson)


def test_only_hidden_folders_that_were_abandoned_are_removed(tmp_path: Path) -> None:
    def make(name: str, *contents: str, age: float = 7200) -> str:
        (tmp_path / name).mkdir()
        for content in contents:
            (tmp_path / name / content).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
        return name

    make(".run.abc_1234", "config.json", "start.safetensors")
    make(".import-abc_1234", "config.json", "weights.safetensors")
    make(".run.abc_1235", ".config.json.k3x_1a9b")
    make(".run.abc_1236")
    kept = {
        make(".run.abc_1237", "config.json", age=60),  # somebody may be making it just now
        make(".mine.notes123", "notes.txt"),
        make(".queue", "cpu-1000000000-run"),
        make(".bundled"),
        make("run.abc_1234", "config.json"),
    }
    (tmp_path / ".file-12345678").touch()
    files.remove_abandoned(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept | {".file-12345678"}


def test_last_half_line_is_left_out_but_a_broken_middle_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert files.read_json_lines(path) == []
    files.append_line(path, json.dumps({"a": 1}))
    with path.open("a") as file:
        file.write('{"a": ')
    assert files.read_json_lines(path) == [{"a": 1}]
    files.append_line(path, "\n" + json.dumps({"a": 2}))
    with pytest.raises(VaeError, match="line 2"):
        files.read_json_lines(path)


def test_npz_round_trip(tmp_path: Path) -> None:
    files.save_npz(tmp_path / "a.npz", x=np.arange(3), y=np.eye(2, dtype=np.float16))
    found = files.load_npz(tmp_path / "a.npz")
    np.testing.assert_array_equal(found["x"], [0, 1, 2])
    assert found["y"].dtype == np.float16


def test_pickled_npz_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([{}], dtype=object))
    with pytest.raises(VaeError, match="plain arrays"):
        files.load_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04junk", b"no zip"])
def test_damaged_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(VaeError, match="plain arrays"):
        files.load_npz(tmp_path / "a.npz")
