"""A real server and a real Chromium. Without one the tests skip; in CI that is a failure."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent


def chromium() -> str | None:
    """Where a Chromium is, if there is one."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        reason = "no Chromium on the PATH or at $CHROMIUM: the browser tests cannot run"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-background-networking", "--enable-unsafe-swiftshader"]
        instance = playwright.chromium.launch(executable_path=path, args=flags)
        yield instance
        instance.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """The app as `streamlit run app.py` starts it, with a runs folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.runs = folder / "runs"
        self.log = folder / "log.txt"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it, or start it again on the same port; returns when it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        flags = ["--server.headless=true", f"--server.port={self.port}"]
        flags.append("--server.address=127.0.0.1")
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [*command, *flags],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "VAE_RUNS": str(self.runs)},
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                pytest.fail(f"The server did not start:\n{self.log.read_text()}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    instance = Server(tmp_path_factory.mktemp("server"))
    yield instance
    instance.stop()
    assert "Traceback" not in instance.log.read_text(), instance.log.read_text()


@contextmanager
def fresh_page(browser: Browser, url: str, allowed: str = "", **options: Any) -> Iterator[Page]:
    """A page with a session of its own, which must end without an error on its console.

    Args:
        allowed: a regular expression; messages that it matches from their start on may be there.
        options: of ``browser.new_context``.
    """
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(30_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"uncaught: {error}"))
    page.on(
        "console",
        lambda message: (
            errors.append(f"{message.text} ({message.location.get('url')})")
            if message.type == "error"
            else None
        ),
    )
    try:
        yield page
    finally:
        context.close()
    assert [error for error in errors if not (allowed and re.match(allowed, error))] == []


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A fresh session at 1440 × 900."""
    with fresh_page(browser, server.url, viewport={"width": 1440, "height": 900}) as opened:
        yield opened
