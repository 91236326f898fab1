"""Several workers on one study, on a real PostgreSQL and on SQLite; one killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.sweeps.sweeping import begin, ended, small, worker
from vae.files import read_json
from vae.runs import find_run, runs_dir
from vae.stops import Stops
from vae.sweeps.folders import folder_of
from vae.sweeps.reading import Trial as Row
from vae.sweeps.reading import View, view_of
from vae.sweeps.storage import Shared
from vae.sweeps.worker import work

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def trained(view: View) -> Counter[str]:
    """How often each run was brought to its end, as its log says."""
    lines = [
        (trial.run, line)
        for trial in view.trials
        if trial.state != "lost"
        for line in (find_run(trial.run).path / "log.txt").read_text().splitlines()
    ]
    return Counter(name for name, line in lines if line.endswith((" done", " cancelled")))


def test_two_workers_on_postgresql_do_twelve_trials_once_each(
    runs_folder: Path, postgres: str
) -> None:
    # Both at once on an empty database, as two machines would be started.
    words = "--dataset digits --preset mlp-2d --trials 12 --epochs 2 --param latent_dim=2,4"
    options = [*words.split(), "--param", "lr", "--storage", postgres]
    workers = [worker("pg", *options) for _ in range(2)]
    found = [ended(process) for process in workers]
    assert found[0]["done"] == found[0]["total"] == 12
    assert [one["number"] for one in found[0]["results"]] == list(range(12))
    assert {one["state"] for one in found[0]["results"]} == {"done"}
    assert found[0]["best"] == found[1]["best"]
    runs = [one["run"] for one in found[0]["results"]]
    logs = "".join((runs_folder / run / "log.txt").read_text() for run in runs)
    assert logs.count(" done\n") == 12
    assert logs.count("python -m vae train pg-") == 12  # none was begun twice either


def _held_under_way(shared: Shared, process: subprocess.Popen[str]) -> Row:
    """The trial in whose midst a worker was held: it is not the first, and has learned a little."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for trial in view_of(shared).trials:
            status = runs_dir() / trial.run / "status.json"
            if trial.state != "running" or trial.number == 0 or not status.exists():
                continue
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            facts = read_json(status)
            if facts["state"] == "running" and facts.get("epoch", 0) > 1:
                return trial  # nobody was told of its end, and nobody will be
            process.send_signal(signal.SIGCONT)
        assert process.poll() is None, "the worker ended before"
        time.sleep(0.02)
    raise AssertionError("no trial was under way")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_killed_workers_trial_is_done_by_another(
    runs_folder: Path,
    kind: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Alone on SQLite, where the next worker comes later; beside another on PostgreSQL."""
    monkeypatch.setenv("VAE_PARALLEL", "4")
    url = request.getfixturevalue("postgres") if kind == "postgresql" else ""
    # Not the last of them is held: the other worker must have one to end meanwhile.
    count = 5 if url else 4
    spaces = ("latent_dim=2,4", "lr=1e-3,2e-3,3e-3" if url else "lr=1e-3,2e-3")
    shared = begin(small(kind, *spaces, search="grid", trials=count, epochs=80), url, grace=1)
    killed = worker(kind)
    beside: list[int] = []  # trials that ended while the other worker was there

    def said(trial: Row | None, _view: View) -> None:
        if trial is not None and killed.poll() is None:
            beside.append(trial.number)
            killed.kill()
            killed.communicate()

    try:
        lost = _held_under_way(shared, killed)
        assert not url or lost.number < count - 1
        if not url:
            killed.kill()
            killed.communicate()
        folder = folder_of(kind)
        assert work(folder, shared, Stops(folder), device="cpu", said=said) == "done"
    finally:
        killed.kill()
    assert len(beside) == (1 if url else 0)
    view = view_of(shared)
    assert [trial.number for trial in view.trials if trial.state == "lost"] == [lost.number]
    counted = [trial for trial in view.trials if trial.state != "lost"]
    assert {trial.state for trial in counted} == {"done"}
    # No point of the grid is lost, none is done twice, and its run is that of the lost one.
    assert len({tuple(trial.values.items()) for trial in counted}) == count
    (again,) = [trial for trial in counted if trial.number >= count]
    assert (again.run, again.values) == (lost.run, lost.values)
    assert trained(view) == Counter(dict.fromkeys((trial.run for trial in counted), 1))
