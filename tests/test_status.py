"""What a status says of living, dead and finished processes."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vae.errors import VaeError
from vae.files import write_json
from vae.status import (
    StatusWriter,
    acquire,
    cancel_requested,
    clear_cancel,
    is_alive,
    read_status,
    request_cancel,
)

HOLDER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from vae.status import StatusWriter, acquire
with acquire(Path(sys.argv[1])):
    StatusWriter(Path(sys.argv[1])).beat(0.25)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_living_process_is_running_and_a_killed_one_interrupted(holder, tmp_path: Path) -> None:
    assert is_alive(tmp_path)
    assert read_status(tmp_path)["state"] == "running"
    assert read_status(tmp_path)["progress"] == 0.25
    with pytest.raises(VaeError, match="Another process"):
        acquire(tmp_path)
    holder.kill()
    holder.wait()
    assert not is_alive(tmp_path)
    assert read_status(tmp_path)["state"] == "interrupted"
    acquire(tmp_path).release()


def test_end_is_kept(tmp_path: Path) -> None:
    writer = StatusWriter(tmp_path, epochs=3)
    writer.end("failed", error="It broke.")
    status = read_status(tmp_path)
    assert (status["state"], status["error"], status["epochs"]) == ("failed", "It broke.", 3)
    assert status["finished"] >= status["started"]


def test_time_left_counts_from_where_a_resumed_run_began(tmp_path: Path, monkeypatch) -> None:
    clock = iter([0.0, 5.0, 15.0, 15.0])
    monkeypatch.setattr("vae.status.time.monotonic", lambda: next(clock))
    writer = StatusWriter(tmp_path, interval=0)
    writer.begin(0.5)
    writer.beat(0.6)  # a tenth in 10 s: four tenths take 40 s
    monkeypatch.undo()
    with acquire(tmp_path):
        assert read_status(tmp_path)["seconds_left"] == pytest.approx(40)


def test_cancel_request(tmp_path: Path) -> None:
    assert not cancel_requested(tmp_path)
    request_cancel(tmp_path)
    assert cancel_requested(tmp_path)
    clear_cancel(tmp_path)
    assert not cancel_requested(tmp_path)


def test_odd_status_is_told(tmp_path: Path) -> None:
    write_json(tmp_path / "status.json", {"progress": 1})
    with pytest.raises(VaeError, match="state"):
        read_status(tmp_path)


def test_a_resumed_run_keeps_its_start_and_adds_its_seconds(tmp_path: Path) -> None:
    first = {"state": "cancelled", "started": "2026-01-01T00:00:00+00:00", "seconds": 100.0}
    write_json(tmp_path / "status.json", first)
    StatusWriter(tmp_path).end("done")
    status = read_status(tmp_path)
    assert status["started"] == first["started"]
    assert 100 <= status["seconds"] < 110


@pytest.mark.parametrize(
    "odd", [{"started": 5}, {"epoch": "a"}, {"state": "x"}, {"versions": []}, {"seconds": True}]
)
def test_facts_of_another_type_are_told(tmp_path: Path, odd: dict[str, object]) -> None:
    write_json(tmp_path / "status.json", {"state": "done", **odd})
    with pytest.raises(VaeError, match=r"status\.json"):
        read_status(tmp_path)


def test_two_who_look_do_not_take_one_another_for_the_process(tmp_path: Path) -> None:
    acquire(tmp_path).release()
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _: is_alive(tmp_path), range(200)))
