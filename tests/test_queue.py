"""Who waits for whom, and what happens to those who die, pause or are cancelled while they wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from vae.errors import VaeError
from vae.jobs import cancel_training, pause_training, resume_training, start_training
from vae.presets import make_config
from vae.queue import at_once, before, place, queue_of
from vae.runs import find_run, runs_dir
from vae.status import acquire, is_alive, read_status, request_cancel
from vae.stops import Stops, request_pause
from vae.worker import prepare, train_run

CONFIG = make_config("mlp-2d", "digits", (8, 8, 1), epochs=1, device="cpu")


@pytest.fixture
def stand(runs_folder: Path) -> Iterator[Callable[..., Callable[[], list[str]]]]:
    """Lets a living run stand in the queue, until ``stand.leave(name)`` or the test's end."""
    places: dict[str, ExitStack] = {}

    def take(name: str, device: str = "cpu", first: bool = False) -> Callable[[], list[str]]:
        (runs_folder / name).mkdir(exist_ok=True)
        places[name] = ExitStack()
        places[name].enter_context(acquire(runs_folder / name))
        return places[name].enter_context(place(runs_folder / name, device, first))

    take.leave = lambda name: places.pop(name).close()  # type: ignore[attr-defined]
    yield take
    for held in places.values():
        held.close()


def test_first_come_first_served_on_each_device(stand) -> None:
    before = {name: stand(name) for name in ("b", "a", "c-1")}
    on_the_card = stand("d", "cuda")
    assert [before[name]() for name in ("b", "a", "c-1")] == [[], ["b"], ["b", "a"]]
    assert on_the_card() == []
    stand.leave("a")
    assert before["c-1"]() == ["b"]
    stand("a")  # again, behind the others
    assert before["c-1"]() == ["b"]
    stand.leave("b")
    assert before["c-1"]() == []


def test_who_only_looks_sees_who_is_before_a_run(stand, runs_folder: Path) -> None:
    for name in ("b", "a", "c-1"):
        stand(name)
    stand("d", "cuda")
    assert [before(runs_folder / name) for name in ("b", "a", "c-1", "d")] == [
        [],
        ["b"],
        ["b", "a"],
        [],
    ]
    stand.leave("b")
    assert before(runs_folder / "c-1") == ["a"]
    assert before(runs_folder / "nobody") == []


def test_who_does_not_wait_stands_before_all_who_do(stand) -> None:
    works, waits = stand("works"), stand("waits")
    now = stand("now", first=True)
    assert now() == []
    assert works() == ["now"]
    assert waits() == ["now", "works"]
    assert stand("last")() == ["now", "works", "waits"]


def test_the_dead_are_not_waited_for_and_leave_no_trace(stand, runs_folder: Path) -> None:
    queue = runs_folder / ".queue"
    queue.mkdir()
    (runs_folder / "dead").mkdir()
    for left in ("cpu-1000000001-dead", "cpu-1000000002-deleted", "cuda-1000000003-dead"):
        (queue / left).touch()
    assert stand("a")() == []
    assert [path.name for path in queue.iterdir() if path.name != ".lock"] == ["cpu-1000000001-a"]
    held = stand("b")
    (queue / "cpu-1000000000-dead").touch()
    assert held() == ["a"]


def test_foreign_files_in_the_queue_are_no_places(stand, runs_folder: Path) -> None:
    queue = runs_folder / ".queue"
    queue.mkdir()
    for odd in ("cpu-1000000000-.queue", "cpu-1000000000-..", "cpu-1-a", "tpu-1000000000-a"):
        (queue / odd).touch()
    assert stand("a")() == []
    assert stand("b")() == ["a"]


@pytest.mark.parametrize("text", ["0", "two", "-1", "65", "1.5"])
def test_an_odd_number_at_once_is_a_sentence(monkeypatch, text: str) -> None:
    monkeypatch.setenv("VAE_PARALLEL", text)
    with pytest.raises(VaeError, match="VAE_PARALLEL is"):
        at_once()


def test_the_queue_of_auto_is_the_device_that_pytorch_takes() -> None:
    from vae.devices import resolve_device

    assert queue_of("auto") == resolve_device("auto").type
    assert [queue_of(name) for name in ("cpu", "cuda", "mps")] == ["cpu", "cuda", "mps"]


def test_what_a_waiting_process_loads_is_light() -> None:
    code = (
        "import sys, vae.__main__, vae.worker, vae.stops, vae.priority; "
        "print([m for m in ('torch', 'torchvision', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_training_waits_its_turn_and_says_for_whom(stand, runs_folder: Path) -> None:
    stand("first")
    stand("second")
    folder, told, states = prepare("third", CONFIG), [], []

    def waiting(names: list[str]) -> None:
        told.append(names)
        status = read_status(folder)
        states.append((status["state"], status["waiting"]))
        stand.leave(names[0])

    assert train_run(folder, CONFIG, waiting=waiting) == "done"
    assert told == [["first", "second"], ["second"]]
    assert states == [("queued", 2), ("queued", 1)]
    assert "waiting" not in read_status(folder)
    assert [path.name for path in (runs_folder / ".queue").iterdir()] == [".lock"]


def test_two_at_once_where_that_is_set_and_now_waits_for_nobody(stand, monkeypatch) -> None:
    stand("first")
    monkeypatch.setenv("VAE_PARALLEL", "2")
    assert train_run(prepare("second", CONFIG), CONFIG, waiting=pytest.fail) == "done"
    monkeypatch.setenv("VAE_PARALLEL", "1")
    third = prepare("third", CONFIG)
    assert train_run(third, CONFIG, waiting=pytest.fail, at_turn=False) == "done"


@pytest.mark.parametrize(
    ("request_it", "state"), [(request_cancel, "cancelled"), (request_pause, "paused")]
)
def test_a_request_is_answered_while_waiting(stand, request_it, state: str) -> None:
    stand("first")
    folder = prepare("second", CONFIG)
    assert train_run(folder, CONFIG, waiting=lambda _: request_it(folder)) == state
    assert read_status(folder)["state"] == state
    assert not find_run("second").ready
    assert not is_alive(folder)
    assert sorted(p.name for p in folder.iterdir()) == [
        *(".lock", "config.json", "log.txt", "status.json")
    ]


def test_a_cancelled_run_that_has_learned_something_does_not_wait_to_keep_it(stand) -> None:
    config = make_config("mlp-2d", "digits", (8, 8, 1), epochs=3, device="cpu")
    folder = prepare("run", config)
    stops = Stops(folder)

    def pause(point, _config) -> None:
        stops.signal = 15 if point.epoch > 1.2 else None

    assert train_run(folder, config, pause, stops=stops) == "paused"
    assert not find_run("run").ready
    stand("other")
    state = train_run(folder, config, waiting=lambda _: request_cancel(folder))
    assert state == "cancelled"
    assert find_run("run").ready
    assert 1.2 < read_status(folder)["epoch"] < 2


def _wait(holds: Callable[[], bool], what: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        log = what / "log.txt"
        assert time.monotonic() < deadline, log.read_text() if log.is_file() else "no log"
        time.sleep(0.05)


def test_processes_in_line_small_paused_killed_and_gone_on_with(stand, runs_folder) -> None:
    """Three real processes behind a training: one is paused, one killed, one comes to its turn."""
    stand("busy")
    names = ("paused", "killed", "patient")
    folders = {name: runs_dir() / name for name in names}
    for name in names:
        start_training(name, CONFIG)
        _wait(lambda: "waiting" in read_status(folders[name]), folders[name])  # noqa: B023
    statuses = [read_status(folder) for folder in folders.values()]
    assert [status["state"] for status in statuses] == ["queued"] * 3
    assert [status["waiting"] for status in statuses] == [1, 2, 3]
    if sys.platform == "linux":
        maps = Path(f"/proc/{statuses[2]['pid']}/maps").read_text()
        assert "libtorch" not in maps, "who waits has no PyTorch in memory"
    pause_training(find_run("paused"))
    os.kill(statuses[1]["pid"], getattr(signal, "SIGKILL", signal.SIGTERM))
    _wait(lambda: read_status(folders["patient"])["waiting"] == 1, folders["patient"])
    assert find_run("paused").status["state"] == "paused"
    dead = find_run("killed").status
    assert dead["state"] == "failed"
    assert dead["error"].endswith("It had no checkpoint yet: Resume begins again.")
    stand.leave("busy")
    _wait(lambda: read_status(folders["patient"])["state"] == "done", folders["patient"])
    cancel_training(find_run("paused"))  # it had learned nothing: no process is needed
    assert find_run("paused").status["state"] == "cancelled"
    resume_training(find_run("killed"))
    _wait(lambda: read_status(folders["killed"])["state"] == "done", folders["killed"])


def test_in_a_terminal_it_says_for_whom_it_waits_and_ctrl_c_pauses(stand) -> None:
    stand("busy")
    options = "--dataset digits --preset mlp-2d --epochs 1 --device cpu".split()
    process = subprocess.Popen(
        [sys.executable, "-m", "vae", "train", "mine", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        said = next(line for line in process.stderr if "waiting" in line)
        assert said == "waiting for 'busy' on the same device; --now begins at once\n"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out.endswith("go on with: python -m vae train mine --resume\n")
    assert read_status(runs_dir() / "mine")["state"] == "paused"
