"""Signals and files that ask a training to stop; and its priority."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vae.errors import VaeError
from vae.priority import give_way
from vae.status import request_cancel
from vae.stops import Stops, clear_requests, listening, request_pause


def test_requests_by_file(tmp_path: Path) -> None:
    stops = Stops(tmp_path)
    assert stops.asked() is None
    request_pause(tmp_path)
    assert stops.asked() == "pause"
    request_cancel(tmp_path)
    assert stops.asked() == "cancel", "what ends it is more than what pauses it"
    clear_requests(tmp_path)
    assert stops.asked() is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_the_first_ctrl_c_pauses_and_the_second_ends_at_once(tmp_path: Path, capfd) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with listening(tmp_path) as stops:
        os.kill(os.getpid(), signal.SIGINT)
        assert stops.asked() == "pause"
        assert stops.signal == signal.SIGINT
        assert "once more Ctrl+C ends it" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    with listening(tmp_path) as stops:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        assert (stops.asked(), stops.signal) == ("pause", signal.SIGTERM)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_outside_of_the_main_thread_no_signal_is_touched(tmp_path: Path) -> None:
    before, heard = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with listening(tmp_path) as stops:
            request_pause(tmp_path)
            heard.append((stops.asked(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [("pause", True)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has classes of priority")
@pytest.mark.parametrize(("text", "nice"), [("", 10), ("19", 19), ("0", 0)])
def test_a_training_gives_way(monkeypatch: pytest.MonkeyPatch, text: str, nice: int) -> None:
    monkeypatch.setenv("VAE_NICE", text)
    script = (
        "import os; from pathlib import Path; from vae.priority import give_way\n"
        "os.setpriority(os.PRIO_PROCESS, 0, 0)\n"
        "give_way(); give_way()\n"
        "group = Path('/proc/self/autogroup')\n"
        "print(os.getpriority(os.PRIO_PROCESS, 0), group.read_text() if group.exists() else '')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    found, *group = done.stdout.split()
    assert int(found) == nice
    if group:  # Linux with autogroups: the session as a whole gives way
        assert int(group[-1]) == nice


def test_an_odd_priority_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("-5", "20", "low"):
        monkeypatch.setenv("VAE_NICE", text)
        with pytest.raises(VaeError, match="VAE_NICE is"):
            give_way()
