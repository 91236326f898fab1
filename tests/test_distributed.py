"""Several processes train one model: the same gradients, curves and files as one process alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import train_tiny
from tests.ranks import SIZES, WAYS, config_of, first_step, short_training
from vae.__main__ import main
from vae.checkpoints import TrainingState, load_training_state
from vae.config import Config
from vae.distributed import Seat, lost, seat
from vae.errors import VaeError
from vae.presets import make_config
from vae.runs import CHECKPOINT, find_run, runs_dir
from vae.status import request_cancel
from vae.stops import request_pause
from vae.training import Progress
from vae.worker import prepare, train_run

RANKS = Path(__file__).with_name("ranks.py")
needs_gloo = pytest.mark.skipif(
    sys.platform == "win32" or not torch.distributed.is_gloo_available(),
    reason="this PyTorch has no gloo, or this system no SIGKILL",
)


def _two_ranks(*words: str) -> list[subprocess.Popen[str]]:
    """Two processes that are told what ``torchrun`` tells, without it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    told |= {"LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, str(RANKS), *words],
            env=os.environ | told | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict, list, TrainingState]]:
    """What each of two processes has computed: first steps, points, and the state at the end."""
    folder = tmp_path_factory.mktemp("ranks")
    started = _two_ranks("steps", str(folder))
    try:
        words = [process.communicate(timeout=100)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0, 0], words
    return [
        (
            *torch.load(folder / f"{rank}.pt", weights_only=False),
            load_training_state(folder / f"{rank}.safetensors"),
        )
        for rank in range(2)
    ]


@needs_gloo
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", WAYS)
def test_the_gradients_are_those_of_the_whole_batch(two, way: str, size: int) -> None:
    alone = first_step(config_of(**WAYS[way]), size, None)
    assert any(tensor.abs().max() > 1e-3 for name, tensor in alone.items() if name != "sums")
    for found, _, _ in two:
        torch.testing.assert_close(found[way, size], alone, rtol=1e-5, atol=1e-5)
    for name, tensor in two[0][0][way, size].items():
        assert torch.equal(tensor, two[1][0][way, size][name]), name


@needs_gloo
def test_the_curves_and_the_plateau_are_those_of_one_process(two) -> None:
    trainer, points = short_training(None)
    assert trainer.state().plateau[2] < 1, "the learning rate was halved"
    for _, found, state in two:
        assert [(p.split, p.epoch, p.images) for p in found] == [
            (p.split, p.epoch, p.images) for p in points
        ]
        assert [p.loss for p in found] == pytest.approx([p.loss for p in points], abs=0.01)
        for one, other in zip(found, points, strict=True):
            assert one.terms == pytest.approx(other.terms, abs=0.01)
            assert one.usage.keys() == other.usage.keys()
            for name, value in one.usage.items():  # of all images, not of a process's own
                assert value == pytest.approx(other.usage[name], abs=0.02), name
        assert state.plateau[1:] == trainer.state().plateau[1:]
    (_, first, one), (_, second, other) = two
    assert first == second
    assert all(torch.equal(tensor, other.model[name]) for name, tensor in one.model.items())
    assert all(torch.equal(tensor, other.optimizer[name]) for name, tensor in one.optimizer.items())


def _torchrun(*words: str) -> subprocess.Popen[str]:
    start = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    return subprocess.Popen(
        [*start, "--master-port", "0", "--standalone", str(RANKS), "train", "two", *words],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until(condition: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _ranks(process: subprocess.Popen[str]) -> dict[int, int]:
    """The processes that a torchrun has started, by rank."""
    found = {}
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for child in children:
        told = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
        ranks = [int(entry[5:]) for entry in told if entry.startswith(b"RANK=")]
        found |= dict.fromkeys(ranks, int(child))
    return found


@needs_gloo
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_a_run_whose_second_process_is_killed_goes_on_to_the_same_end(runs_folder, capsys) -> None:
    """By torchrun; killed; by two again; paused by its file; by one process alone."""
    epochs = 80
    options = f"--dataset digits --preset mlp-2d --epochs {epochs} --device cpu --json".split()
    process = _torchrun(*options)
    folder = runs_dir() / "two"
    try:
        _until((folder / CHECKPOINT).is_file, process)
        os.kill(_ranks(process)[1], signal.SIGKILL)
        process.communicate(timeout=60)
    finally:
        process.terminate()
    assert process.returncode != 0
    status = find_run("two").status
    assert status["state"] == "failed"
    assert "Another process of this training ended" in status["error"]
    assert status["device"] == "2 × cpu"
    before = status["epoch"]
    assert 0 < before < epochs

    again = _two_ranks("train", "two", "--resume", "--json")
    try:
        _until(lambda: find_run("two").status.get("epoch", 0) > before, again[0])
        request_pause(folder)
        words = [process.communicate(timeout=60)[1] for process in again]
    finally:
        for process in again:
            process.kill()
    assert [process.returncode for process in again] == [1, 0], words
    status = find_run("two").status
    assert status["state"] == "paused"
    assert before < status["epoch"] < epochs
    allowed = {"config.json", "status.json", "metrics.jsonl", "log.txt", CHECKPOINT}
    allowed |= {"snapshots", "timeline", ".lock"}
    assert {path.name for path in folder.iterdir()} <= allowed

    assert main(["train", "two", "--resume", "--json"]) == 0
    whole = train_tiny("whole", epochs=epochs)
    rows = find_run("two").metrics(), whole.metrics()
    assert [(r["split"], r["images"]) for r in rows[0]] == [
        (r["split"], r["images"]) for r in rows[1]
    ]
    assert max(abs(a["loss"] - b["loss"]) for a, b in zip(*rows, strict=True)) < 0.3
    found, wanted = find_run("two").evaluation, whole.evaluation
    assert found is not None
    assert wanted is not None
    assert found["elbo"] == pytest.approx(wanted["elbo"], abs=0.3)


def test_a_cancelled_run_in_the_queue_is_kept_without_the_others(
    runs_folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config("mlp-2d", "digits", (8, 8, 1), epochs=50, device="cpu")
    folder = prepare("run", config)

    def pause(point: Progress, config: Config) -> None:
        request_pause(folder)

    assert train_run(folder, config, pause) == "paused"
    request_cancel(folder)
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert train_run(folder, config) == "cancelled"
    assert find_run("run").evaluation is not None


def test_who_am_i(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert seat() is None
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert seat() is None, "torchrun --nproc-per-node 1"
    monkeypatch.setenv("WORLD_SIZE", "8")
    monkeypatch.setenv("RANK", "5")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert seat() == Seat(rank=5, size=8, local=1, neighbours=4)
    assert "Another process" in str(lost(RuntimeError("[gloo] Connection closed by peer [::1]:9")))
    assert lost(RuntimeError("shapes differ")) is None
    for rank, words in (("8", "less than WORLD_SIZE, which is 8"), ("one", "a whole number")):
        monkeypatch.setenv("RANK", rank)
        with pytest.raises(VaeError, match=words):
            seat()
