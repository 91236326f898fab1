"""A run from its folder to its card: what is left after success, failure, a stop and a kill."""

from __future__ import annotations

import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.conftest import train_tiny
from vae import worker
from vae.checkpoints import load_training_state
from vae.errors import VaeError
from vae.files import load_npz, read_json, write_json
from vae.jobs import resume_training
from vae.presets import make_config
from vae.runs import CHECKPOINT, Run, find_run, list_runs, load_model, runs_dir
from vae.status import acquire, announce, read_status, request_cancel
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
    # The sum of the terms as they are printed.
    negative = round(evaluation["reconstruction"], 2) + round(evaluation["kl"], 2)
    assert f"−ELBO {negative:.2f} ±" in card
    assert "--dataset digits --preset mlp-2d --latent-dim 2" in card
    assert "--epochs 3" in card
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


def test_a_name_in_use_is_refused_with_what_its_run_does(runs_folder) -> None:
    config = make_config("mlp-2d", "digits", (8, 8, 1), epochs=1)
    folder = prepare("taken", config)
    for state, words in {"queued": "waits in the queue", "running": "is running"}.items():
        with acquire(folder):
            announce(folder, state)
            with pytest.raises(VaeError, match=f"'taken' {words}; choose another"):
                prepare("taken", config)


@pytest.mark.parametrize("checkpoint", [True, False])
def test_ended_by_the_keyboard_it_says_what_a_resume_does(
    runs_folder, monkeypatch, checkpoint: bool
) -> None:
    config = make_config("mlp-2d", "digits", (8, 8, 1), epochs=1)
    folder = prepare("ended", config)
    if checkpoint:
        (folder / CHECKPOINT).write_bytes(b"")

    def interrupted(*_) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vae.learning.learn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_run(folder, config)
    words = "goes on from its last checkpoint" if checkpoint else "begins again"
    assert read_status(folder)["error"] == f"Stopped by the keyboard: Resume {words}."


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
        patch.setattr("vae.learning.save_weights", fail)
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


def test_a_claim_is_whole_or_not_there(runs_folder, monkeypatch) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(worker, "write_json", killed)
        patch.setattr(worker, "shutil", SimpleNamespace(rmtree=lambda *_, **__: None))
        with pytest.raises(SystemExit):
            prepare("x", CONFIG)
    runs, broken = list_runs()
    assert [run.name for run in runs if not run.bundled] == []
    assert broken == []
    (runs_dir() / "x").mkdir()  # nor does an empty folder use a name up
    assert train_run(prepare("x", CONFIG), CONFIG) == "done"


def test_what_has_weights_and_no_checkpoint_is_not_trained_from_scratch(tiny_run: Run) -> None:
    status = {**read_json(tiny_run.path / "status.json"), "state": "cancelled", "epoch": 1.5}
    write_json(tiny_run.path / "status.json", status)
    before = (tiny_run.path / "weights.safetensors").read_bytes()
    for go_on in (lambda: resumable("tiny"), lambda: resume_training(tiny_run)):
        with pytest.raises(VaeError, match="'tiny' has weights but no checkpoint to go on from"):
            go_on()
    assert (tiny_run.path / "weights.safetensors").read_bytes() == before


def test_who_waited_for_the_lock_does_not_train_a_finished_run_again(tiny_run: Run) -> None:
    """Two resumes at once: both found it paused, and the first has trained it to its end."""
    before = {p: p.stat().st_mtime_ns for p in tiny_run.path.rglob("*") if p.is_file()}
    with pytest.raises(VaeError, match="no checkpoint to go on from"):
        train_run(tiny_run.path, tiny_run.config)
    assert {p: p.stat().st_mtime_ns for p in before if p.name != ".lock"} == {
        p: t for p, t in before.items() if p.name != ".lock"
    }


def test_what_a_killed_process_was_just_writing_is_removed(runs_folder) -> None:
    folder = prepare("x", CONFIG)
    (folder / "snapshots").mkdir()
    for name in (".checkpoint.safetensors.k3x_1a", ".status.json.abcd", "snapshots/.000001.npz.q"):
        (folder / name).write_bytes(b"half")
    assert train_run(folder, CONFIG) == "done"
    assert [path.name for path in folder.rglob(".*")] == [".lock"]


def test_sigterm_pauses_a_real_process_at_the_step_that_it_is_at(runs_folder) -> None:
    options = "--dataset digits --preset mlp-2d --epochs 100000 --device cpu".split()
    python = [sys.executable, "-m", "vae", "train", "run"]
    process = subprocess.Popen([*python, *options], stdout=subprocess.PIPE, text=True)
    folder = runs_dir() / "run"
    try:
        deadline = time.monotonic() + 60
        while not (folder / "metrics.jsonl").is_file() or not find_run("run").metrics():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.terminate()
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    status = read_status(folder)
    assert (process.returncode, status["state"]) == (1, "paused")
    assert f"paused at epoch {status['epoch']:.1f}; go on with: python -m vae train run" in out
    state = load_training_state(folder / CHECKPOINT)
    of_epoch = min(1, state.step * 128 / 1297)  # the last batch of an epoch is smaller
    assert status["epoch"] == pytest.approx(state.epoch + of_epoch, abs=1e-3)
