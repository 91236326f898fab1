"""What runs out, memory or disk: one sentence that says what to do, and nothing saved is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import train_tiny
from vae import learning
from vae.checkpoints import load_training_state
from vae.errors import VaeError
from vae.failures import explained
from vae.presets import make_config
from vae.runs import CHECKPOINT, find_run, load_model
from vae.training import Trainer
from vae.worker import prepare, resumable, train_run

CONFIG = make_config("mlp-2d", "digits", (8, 8, 1), epochs=3, device="cpu")


def _of_pytorch() -> Exception:
    try:
        torch.empty(1 << 60, dtype=torch.uint8)
    except RuntimeError as error:
        return error
    raise AssertionError


def _of_numpy() -> Exception:
    try:
        np.empty(1 << 60, np.uint8)
    except MemoryError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "where"),
    [
        (_of_pytorch(), "computer"),
        (_of_numpy(), "computer"),
        (MemoryError(), "computer"),
        (OSError(12, "Cannot allocate memory"), "computer"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."), "graphics card"),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), "graphics card"),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"),
            "graphics card",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_out_of_memory_is_one_sentence(error: Exception, where: str) -> None:
    found = explained(error, CONFIG)
    assert str(found).startswith(f"The memory of the {where} ran out: ")
    assert "smaller batch (it is 128) or a smaller network." in str(found)


def test_other_errors_are_not_taken_for_it() -> None:
    known = VaeError("The disk is full.")
    assert explained(known, CONFIG) is known
    for error in (RuntimeError("shapes differ"), ValueError("out of memory"), KeyError("x")):
        assert explained(error, CONFIG) is None


def test_out_of_memory_fails_the_run_and_a_resume_goes_on(runs_folder, monkeypatch) -> None:
    original = Trainer._epoch

    def greedy(self: Trainer, *rest: object):
        if self.epoch == 2:
            torch.empty(1 << 60, dtype=torch.uint8)
        yield from original(self, *rest)

    monkeypatch.setattr(learning, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(learning, "_CHECKPOINT_SHARE", 0)
    folder = prepare("run", CONFIG)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_epoch", greedy)
        with pytest.raises(VaeError, match="memory of the computer ran out"):
            train_run(folder, CONFIG)
    status = find_run("run").status
    assert status["state"] == "failed"
    assert "memory of the computer ran out" in status["error"]
    assert load_training_state(folder / CHECKPOINT).epoch == 2
    assert train_run(folder, resumable("run").config) == "done"


def test_what_nobody_foresaw_is_told_too(runs_folder, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(learning, "evaluate", broken)
    folder = prepare("run", CONFIG)
    with pytest.raises(KeyError):
        train_run(folder, CONFIG)
    assert find_run("run").status["error"] == "'surprise'"
    assert "failed: 'surprise'" in (folder / "log.txt").read_text()


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runs folder on a disk of 16 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root on Linux can make a small disk")
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    monkeypatch.setenv("VAE_RUNS", str(disk))
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):  # a disk gives whole blocks
            pass


@pytest.mark.parametrize("when", [1.0, 2.0])
def test_a_disk_that_fills_loses_nothing_that_was_saved(
    small_disk: Path, monkeypatch, when: float
) -> None:
    monkeypatch.setattr(learning, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(learning, "_CHECKPOINT_SHARE", 0)
    folder = prepare("run", CONFIG)
    saved = []

    def fill(point, _config) -> None:
        if point.epoch >= when and not saved:
            saved.append((folder / CHECKPOINT).read_bytes())
            _fill(small_disk)

    with pytest.raises(VaeError, match="the disk is full"):
        train_run(folder, CONFIG, fill)
    status = find_run("run").status
    assert status["state"] == "failed"
    assert "the disk is full" in status["error"]
    assert (folder / CHECKPOINT).read_bytes() == saved[0]
    # Still full: again one sentence, in the run's own words or on stderr, and nothing is lost.
    with pytest.raises(VaeError, match="the disk is full"):
        train_run(folder, resumable("run").config)
    assert (folder / CHECKPOINT).read_bytes() == saved[0]
    with pytest.raises(VaeError, match="the disk is full"):
        prepare("other", CONFIG)
    assert not (small_disk / "other").exists()
    (small_disk / "ballast").unlink()
    assert train_run(folder, resumable("run").config) == "done"
    whole = load_model(train_tiny("whole", epochs=3)).state_dict()
    resumed = load_model(find_run("run")).state_dict()
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
    points = [(row["split"], row["images"]) for row in find_run("run").metrics()]
    assert points == [(row["split"], row["images"]) for row in find_run("whole").metrics()]
