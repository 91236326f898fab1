"""Background processes: a training started, watched, stopped and gone on with from outside."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vae.errors import VaeError
from vae.jobs import (
    cancel_map,
    cancel_training,
    pause_training,
    resume_training,
    start_map,
    start_training,
)
from vae.map_jobs import fits
from vae.map_params import MapParams
from vae.maps import stored_maps
from vae.presets import make_config
from vae.runs import Run, find_run, runs_dir
from vae.status import cancel_requested, is_alive, read_status
from vae.stops import Stops
from vae.worker import prepare, train_run


def _config(epochs: int):
    return make_config("mlp-2d", "digits", (8, 8, 1), epochs=epochs, device="cpu")


def _wait(holds: Callable[[], bool], log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, log.read_text() if log.exists() else "no log"
        time.sleep(0.05)


def test_a_training_is_started_paused_gone_on_with_and_cancelled(runs_folder: Path) -> None:
    start_training("far", _config(100_000))
    run, log = find_run("far"), runs_dir() / "far" / "log.txt"
    assert run.status["state"] == "queued"  # from the first moment, before it says anything
    with pytest.raises(VaeError, match="'far'"):
        start_training("far", _config(1))
    with pytest.raises(VaeError, match="training already"):  # its process has not begun yet
        resume_training(run)
    _wait(lambda: len(run.metrics()) > 20, log)
    assert run.status["state"] == "running"
    pause_training(run)
    _wait(lambda: run.status["state"] == "paused", log)
    _wait(lambda: not is_alive(run.path), log)
    assert not run.ready
    points = run.metrics()
    with pytest.raises(VaeError, match="'far' is paused, so it cannot be paused"):
        pause_training(run)
    resume_training(run)
    _wait(lambda: len(run.metrics()) > len(points), log)
    assert run.metrics()[: len(points)] == points
    with pytest.raises(VaeError, match="training already"):
        resume_training(run)
    cancel_training(run)
    _wait(lambda: run.status["state"] == "cancelled", log)
    assert run.ready
    assert run.evaluation is not None
    with pytest.raises(VaeError, match="'far' is cancelled, so it cannot be cancelled"):
        cancel_training(run)


def test_a_paused_training_is_cancelled_and_what_it_learned_is_kept(runs_folder: Path) -> None:
    config = _config(100_000)
    folder = prepare("far", config)
    stops = Stops(folder)

    def pause(point, _config) -> None:
        stops.signal = 15 if point.epoch > 3 else None

    assert train_run(folder, config, pause, stops=stops) == "paused"
    run, epoch = find_run("far"), read_status(folder)["epoch"]
    cancel_training(run)
    _wait(lambda: run.status["state"] == "cancelled", folder / "log.txt")
    assert run.ready
    assert run.status["epoch"] == epoch
    _wait(lambda: not cancel_requested(folder), folder / "log.txt")  # its last deed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups to kill")
def test_a_training_outlives_who_started_it_and_all_its_group(runs_folder: Path) -> None:
    """As when a server is killed, restarted, or its terminal is closed."""
    script = (
        "from vae.jobs import start_training\n"
        "from vae.presets import make_config\n"
        "import os, signal\n"
        "start_training('orphan', make_config('mlp-2d', 'digits', (8, 8, 1), epochs=2))\n"
        "os.killpg(os.getpgid(0), signal.SIGKILL)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    assert starter.wait(timeout=60) == -9
    run = find_run("orphan")
    _wait(lambda: run.status["state"] == "done", run.path / "log.txt")
    assert run.metrics()[-1]["epoch"] == 2  # all there, for whoever looks


def test_a_map_is_fitted_and_a_cancelled_one_leaves_nothing(tiny_run: Run) -> None:
    folder = start_map(tiny_run, MapParams(points=120, perplexity=10))
    _wait(lambda: read_status(folder)["state"] == "done", folder / "log.txt")
    stored = stored_maps(tiny_run)
    assert stored == ["tsne-p10-n120"]
    folder = start_map(tiny_run, MapParams(points=300, seed=3))
    cancel_map(folder)  # it has not begun: stopped for who looks, and the request is not lost
    assert read_status(folder)["state"] == "cancelled"
    _wait(lambda: not cancel_requested(folder), folder / "log.txt")
    _wait(lambda: not is_alive(folder), folder / "log.txt")
    assert read_status(folder)["state"] == "cancelled"
    assert stored_maps(tiny_run) == stored
    cancel_map(folder)
    assert not cancel_requested(folder)  # nobody is there to be asked: the next fit is not stopped


def test_a_fit_that_does_not_answer_is_ended_and_leaves_nothing(tiny_run: Run) -> None:
    script = (
        "import sys, time\n"
        "from vae import map_fitting\n"
        "from vae.__main__ import main\n"
        "map_fitting._arrange = lambda *_: time.sleep(600)  # looks for neighbours, for ever\n"
        "sys.exit(main(['map', 'tiny', '--points', '120', '--json']))\n"
    )
    folder = tiny_run.maps_dir / ".job-tsne-n120"
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    try:
        _wait(lambda: is_alive(folder) and read_status(folder).get("stage") != "starting", folder)
        cancel_map(folder)
        assert fits(tiny_run)[0].cancelling
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, read_status(folder)["state"]) == (1, "cancelled")
    assert said == "error: The fit was cancelled; a map that was not done is not stored.\n"
    assert stored_maps(tiny_run) == []
    assert {path.name for path in folder.iterdir()} <= {".lock", "status.json", "log.txt"}


def test_a_failing_process_says_why(tiny_run: Run) -> None:
    (tiny_run.path / "codes.npz").write_bytes(b"no codes")
    folder = start_map(tiny_run, MapParams(points=120))
    log = folder / "log.txt"
    _wait(lambda: "not a readable" in log.read_text(), log)
