"""What a status says of living, dead and finished processes."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vae.checks import GONE
from vae.errors import VaeError
from vae.files import read_json, write_json
from vae.status import (
    StatusWriter,
    acquire,
    announce,
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


def test_a_living_process_is_running_and_a_killed_one_has_failed(holder, tmp_path: Path) -> None:
    assert is_alive(tmp_path)
    assert read_status(tmp_path)["state"] == "running"
    assert read_status(tmp_path)["progress"] == 0.25
    with pytest.raises(VaeError, match="Another process"):
        acquire(tmp_path)
    holder.kill()
    holder.wait()
    assert not is_alive(tmp_path)
    status = read_status(tmp_path)
    assert (status["state"], status["error"]) == ("failed", GONE)
    assert "killed" in GONE
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


def test_there_is_no_estimate_before_its_time(tmp_path: Path, monkeypatch) -> None:
    clock = iter([0.0, 5.0, 7.0, 7.0, 9.0, 9.0])
    monkeypatch.setattr("vae.status.time.monotonic", lambda: next(clock))
    writer, left = StatusWriter(tmp_path, interval=0), []
    writer.begin(0.5, patience=3.0)
    for done in (0.6, 0.7):  # after 2 s and 4 s
        writer.beat(done)
        left.append(json.loads((tmp_path / "status.json").read_text())["seconds_left"])
    assert left == [None, pytest.approx(6)]


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


@pytest.mark.parametrize("torn", ["", '{"state": "runn', "\0" * 100])
def test_a_status_cut_short_by_a_power_failure_is_a_failed_run(tmp_path: Path, torn: str) -> None:
    (tmp_path / "status.json").write_text(torn)
    assert read_status(tmp_path) == {"state": "failed", "error": GONE}
    with acquire(tmp_path):
        assert read_status(tmp_path) == {"state": "running"}
        StatusWriter(tmp_path, epochs=3).say("running")
        assert read_status(tmp_path)["epochs"] == 3


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


def test_the_state_of_earlier_versions_is_a_failure(tmp_path: Path) -> None:
    write_json(tmp_path / "status.json", {"state": "interrupted", "epoch": 1.5})
    assert read_status(tmp_path) == {"state": "failed", "error": GONE, "epoch": 1.5}
    said = "Stopped by the keyboard; go on by --resume."
    write_json(tmp_path / "status.json", {"state": "interrupted", "error": said})
    assert read_status(tmp_path)["error"] == said


def test_who_is_announced_is_active_until_it_had_time_to_start(tmp_path: Path) -> None:
    announce(tmp_path, "queued", epochs=3)
    status = read_status(tmp_path)
    assert (status["state"], status["stage"], status["epochs"]) == ("queued", "starting", 3)
    write_json(tmp_path / "status.json", {**status, "updated": "2026-01-01T00:00:00+00:00"})
    assert read_status(tmp_path)["state"] == "failed"


def test_a_process_takes_over_what_is_known_and_no_error(tmp_path: Path) -> None:
    StatusWriter(tmp_path, epochs=3, device="cpu").end("failed", error="It broke.", epoch=1.5)
    announce(tmp_path, "queued")
    status = read_status(tmp_path)
    assert (status["epochs"], status["device"], status["epoch"]) == (3, "cpu", 1.5)
    assert "error" not in status
    assert "finished" not in status


def test_waiting_is_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1000.0, 1000.0, 1002.0])
    monkeypatch.setattr("vae.status.time.monotonic", lambda: next(clock))
    writer = StatusWriter(tmp_path)
    writer.say("queued", waiting=1)
    assert read_json(tmp_path / "status.json")["waiting"] == 1
    writer.end("done")
    status = read_status(tmp_path)
    assert status["seconds"] == 2.0
    assert "waiting" not in status


def test_a_stage_that_reports_nothing_gives_signs_of_life(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("vae.status._SILENT_SECONDS", 0.01)
    path = tmp_path / "status.json"
    with acquire(tmp_path), StatusWriter(tmp_path, epochs=3).stage("evaluating", progress=0.5):
        status = read_status(tmp_path)
        assert (status["state"], status["stage"]) == ("running", "evaluating")
        before, deadline = path.stat().st_ino, time.monotonic() + 10
        while path.stat().st_ino == before:  # each is a new file
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_a_stage_on_a_full_disk_ends_in_its_sentence(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("vae.status._SILENT_SECONDS", 0.01)
    writer = StatusWriter(tmp_path)

    def work() -> None:
        with writer.stage("evaluating"):
            monkeypatch.setattr("vae.files.os.fsync", _full)
            time.sleep(0.1)

    with pytest.raises(VaeError, match="the disk is full"):
        work()


def test_the_end_is_said_also_on_a_full_disk(tmp_path: Path, monkeypatch) -> None:
    writer = StatusWriter(tmp_path, epochs=3)
    writer.say("running", stage="x" * 300)
    monkeypatch.setattr("vae.files.os.fsync", _full)
    with pytest.raises(VaeError, match="the disk is full"):
        writer.beat(0.5)
    writer.end("failed", error="No room.")
    status = read_status(tmp_path)
    assert (status["state"], status["error"], status["epochs"]) == ("failed", "No room.", 3)
    with pytest.raises(VaeError, match="the disk is full"):
        writer.end("failed", error="y" * 5000)  # it would need room
    assert read_status(tmp_path) == status
    writer.end("failed", error="")  # shorter than what stood there
    assert read_status(tmp_path)["error"] == ""


def _full(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
