"""A run from its folder to its card: what is left after success, failure, a stop and a kill."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from tests.conftest import train_tiny
from vae.checkpoints import read_tensors
from vae.errors import VaeError
from vae.files import load_npz, read_json
from vae.presets import make_config
from vae.runs import Run, find_run, load_model, runs_dir
from vae.status import is_alive, read_status, request_cancel
from vae.worker import prepare, resumable, train_run

CONFIG = make_config("mlp-2d", "digits", (8, 8, 1), epochs=2, device="cpu")


def test_a_finished_run_has_all_that_pages_need(tiny_run: Run) -> None:
    names = {path.name for path in tiny_run.path.iterdir()}
    assert names >= {
        "config.json",
        "weights.safetensors",
        "metrics.jsonl",
        "status.json",
        "snapshots",
        "codes.npz",
        "evaluation.json",
        "card.md",
    }
    assert "checkpoint.safetensors" not in names
    card = (tiny_run.path / "card.md").read_text()
    evaluation = tiny_run.evaluation
    assert evaluation is not None
    assert f"−ELBO {-evaluation['elbo']:.2f} ±" in card
    assert "--dataset digits --preset mlp-2d --latent-dim 2 --epochs 3" in card
    assert torch.__version__.split("+")[0] in card
    snapshot = load_npz(sorted((tiny_run.path / "snapshots").iterdir())[-1])
    assert snapshot["originals"].shape == snapshot["reconstructions"].shape == (16, 8, 8, 1)
    assert not np.array_equal(snapshot["originals"], snapshot["reconstructions"])


def test_a_taken_name_is_refused_and_nothing_changes(tiny_run: Run) -> None:
    before = {p: p.stat().st_mtime_ns for p in tiny_run.path.rglob("*")}
    with pytest.raises(VaeError, match="already a run named 'tiny'"):
        prepare("tiny", CONFIG)
    with pytest.raises(VaeError, match="already trained all"):
        resumable("tiny")
    assert {p: p.stat().st_mtime_ns for p in tiny_run.path.rglob("*")} == before


def test_a_stop_keeps_what_was_learned_and_can_be_resumed(runs_folder) -> None:
    whole = train_tiny("whole", epochs=4)
    config = make_config("mlp-2d", "digits", (8, 8, 1), epochs=4, device="cpu")
    folder = prepare("stopped", config)

    def stop(point, _config) -> None:
        if point.epoch > 1.5:
            request_cancel(folder)

    assert train_run(folder, config, stop) == "cancelled"
    assert find_run("stopped").ready
    assert read_status(folder)["state"] == "cancelled"
    assert train_run(folder, resumable("stopped").config) == "done"
    one, two = load_model(whole).state_dict(), load_model(find_run("stopped")).state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)
    epochs = [row["epoch"] for row in find_run("stopped").metrics()]
    assert epochs == [row["epoch"] for row in whole.metrics()]


def test_a_failure_says_why(runs_folder, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise VaeError("The disk is full.")

    folder = prepare("failing", CONFIG)
    with monkeypatch.context() as patch:
        patch.setattr("vae.worker.save_weights", fail)
        with pytest.raises(VaeError, match="disk is full"):
            train_run(folder, CONFIG)
    assert read_status(folder)["state"] == "failed"
    assert read_status(folder)["error"] == "The disk is full."
    assert train_run(folder, CONFIG) == "done"


def test_a_full_disk_does_not_use_the_name_up(runs_folder, monkeypatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("vae.files.os.fsync", full)
        with pytest.raises(VaeError, match="disk is full"):
            prepare("y", CONFIG)
    assert train_run(prepare("y", CONFIG), CONFIG) == "done"


def test_killed_and_resumed_equals_uninterrupted(runs_folder) -> None:
    """A real process, killed without warning; then the same command with --resume."""
    options = "--dataset digits --preset mlp-400-20 --epochs 25 --device cpu --json".split()
    python = [sys.executable, "-m", "vae", "train"]
    process = subprocess.Popen([*python, "killed", *options], stdout=subprocess.DEVNULL)
    folder = runs_dir() / "killed"
    metrics = folder / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.stat().st_size > 3000):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not is_alive(folder)
    assert read_status(folder)["state"] == "interrupted"
    subprocess.run([*python, "killed", "--resume"], check=True, capture_output=True)
    subprocess.run([*python, "whole", *options], check=True, capture_output=True)
    one, _ = read_tensors(folder / "weights.safetensors")
    two, _ = read_tensors(runs_dir() / "whole" / "weights.safetensors")
    assert all(torch.equal(one[key], two[key]) for key in two)
    assert read_json(folder / "status.json")["state"] == "done"
