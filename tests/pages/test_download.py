"""The download button of a data set: offered, at work, failed, done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages import download as page
from vae.errors import VaeError

SCRIPT = """
from pages.download import download_widget

download_widget("kmnist")
"""


@pytest.fixture(autouse=True)
def _no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAE_DATA", str(tmp_path))
    monkeypatch.setattr(page, "_JOBS", {})


def show() -> AppTest:
    app = AppTest.from_string(SCRIPT, default_timeout=30).run()
    assert not app.exception
    return app


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_offers_the_download_with_its_size() -> None:
    assert show().button(key="download kmnist").label == "Download Kuzushiji-MNIST (21 MB)"


def test_a_failure_is_its_sentence_and_the_button_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, progress: object) -> None:
        raise VaeError("Could not reach the mirror.")

    monkeypatch.setattr(page, "download", fail)
    page.start_download("kmnist")
    wait_until(lambda: not page._JOBS["kmnist"].running)
    app = show()
    assert app.error[0].value == "Could not reach the mirror."
    assert app.button(key="download kmnist")


def test_progress_is_shown_and_cancel_reaches_the_download(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls, reported = [], threading.Event()

    def slow(name: str, progress: Callable[[int, int, str], bool | None]) -> None:
        calls.append(name)
        while not progress(5_000_000, 20_000_000, "images.gz"):
            reported.set()
            time.sleep(0.01)
        raise VaeError("The download was cancelled; nothing was kept.")

    monkeypatch.setattr(page, "download", slow)
    page.start_download("kmnist")
    page.start_download("kmnist")  # a second visitor does not start a second download
    assert reported.wait(10)
    app = show()
    assert "images.gz · 5.0 MB of 20.0 MB" in app.get("progress")[0].proto.text
    app.button(key="cancel download kmnist").click().run()
    wait_until(lambda: not page._JOBS["kmnist"].running)
    assert calls == ["kmnist"]
    assert "cancelled" in show().error[0].value


def test_nothing_is_shown_once_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "is_available", lambda name: True)
    app = show()
    assert not app.button
    assert not app.error
