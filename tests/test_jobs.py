"""Background processes: a training started, watched, stopped and gone on with from outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vae.errors import VaeError
from vae.jobs import cancel_map, cancel_training, resume_training, start_map, start_training
from vae.map_params import MapParams
from vae.maps import stored_maps
from vae.presets import make_config
from vae.runs import Run, find_run, runs_dir
from vae.status import read_status


def _config(epochs: int):
    return make_config("mlp-2d", "digits", (8, 8, 1), epochs=epochs, device="cpu")


def _wait(holds: Callable[[], bool], log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, log.read_text() if log.exists() else "no log"
        time.sleep(0.05)


def test_a_training_is_started_stopped_and_gone_on_with(runs_folder: Path) -> None:
    start_training("far", _config(100_000))
    run, log = find_run("far"), runs_dir() / "far" / "log.txt"
    assert run.status["state"] == "running"  # from the first moment, before it says anything
    with pytest.raises(VaeError, match="'far'"):
        start_training("far", _config(1))
    _wait(lambda: len(run.metrics()) > 20, log)
    cancel_training(run)
    _wait(lambda: run.status["state"] == "cancelled", log)
    assert run.ready
    assert run.evaluation is not None
    resume_training(run)
    _wait(lambda: run.status.get("stage") == "training", log)
    with pytest.raises(VaeError, match="training already"):
        resume_training(run)
    cancel_training(run)
    _wait(lambda: run.status["state"] == "cancelled", log)


def test_a_map_is_fitted_and_a_cancelled_one_leaves_nothing(tiny_run: Run) -> None:
    folder = start_map(tiny_run, MapParams(points=120, perplexity=10))
    _wait(lambda: read_status(folder)["state"] == "done", folder / "log.txt")
    stored = stored_maps(tiny_run)
    assert stored == ["tsne-p10-n120"]
    folder = start_map(tiny_run, MapParams(points=300, seed=3))
    cancel_map(folder)  # it may not have begun: the request must not be lost
    _wait(lambda: read_status(folder)["state"] not in ("running",), folder / "log.txt")
    assert read_status(folder)["state"] == "cancelled"
    assert stored_maps(tiny_run) == stored


def test_a_failing_process_says_why(tiny_run: Run) -> None:
    (tiny_run.path / "codes.npz").write_bytes(b"no codes")
    folder = start_map(tiny_run, MapParams(points=120))
    log = folder / "log.txt"
    _wait(lambda: read_status(folder)["state"] == "failed" or "error" in log.read_text(), log)
    assert "not a readable" in log.read_text()
