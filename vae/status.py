"""A run's ``status.json``: what its process last said, and whether that process still lives."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from vae.checks import check_status
from vae.errors import VaeError
from vae.files import read_json, remove_file, write_atomic, write_json

State = Literal["running", "done", "cancelled", "failed", "interrupted"]
_START_SECONDS = 60.0  # a process loads its libraries before it can take the lock
LIBRARIES = ("torch", "torchvision", "numpy", "scikit-learn", "streamlit", "openTSNE")


def now() -> str:
    """The time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Versions of what decides the numbers: Python and the libraries that are installed."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):  # the library works without the app
            found[name] = version(name)
    return found


def lock(folder: Path) -> FileLock:
    """The lock that a process holds on its folder while it lives.

    The operating system lets go of it when the process dies, however it dies.
    """
    return FileLock(folder / ".lock")


def acquire(folder: Path) -> FileLock:
    """Hold a folder's lock.

    Raises:
        VaeError: if another process holds it.
    """
    held = lock(folder)
    try:
        # A page that looks whether the process lives holds the lock for a moment: wait that long.
        held.acquire(timeout=2)
    except Timeout:
        raise VaeError(f"Another process is at work on {folder.name!r}; wait or stop it.") from None
    except OSError as error:
        raise VaeError(f"Could not lock {folder}: {error.strerror}.") from error
    return held


def is_alive(folder: Path) -> bool:
    """Whether a process holds the folder's lock."""
    if not (folder / ".lock").exists():
        return False
    try:
        # Not at once: another who looks holds the lock for a moment.
        with lock(folder).acquire(timeout=0.1, poll_interval=0.01):
            return False
    except Timeout:
        return True
    except OSError:
        # A folder that cannot be written to cannot be at work either.
        return False


def read_status(folder: Path) -> dict[str, Any]:
    """The status, with ``state`` corrected to ``interrupted`` where the process is gone."""
    path = folder / "status.json"
    if not path.exists():
        return {"state": "running" if is_alive(folder) else "interrupted"}
    status = check_status(read_json(path), str(path))
    if status["state"] == "running" and not is_alive(folder) and not _is_starting(status):
        # It may have ended between the two looks: what it wrote last counts.
        status = check_status(read_json(path), str(path))
        if status["state"] == "running":
            status["state"] = "interrupted"
    return status


def announce(folder: Path, **facts: Any) -> None:
    """Say that a process was started which has not yet taken the folder's lock."""
    StatusWriter(folder, stage="starting", **facts).beat(0.0)


def _is_starting(status: dict[str, Any]) -> bool:
    if status.get("stage") != "starting":
        return False
    try:
        age = datetime.now(UTC) - datetime.fromisoformat(status["updated"])
    except (KeyError, ValueError, TypeError):
        return False  # not as announce() writes it
    return age.total_seconds() < _START_SECONDS


class StatusWriter:
    """Keeps ``status.json`` up to date, at most every ``interval`` seconds."""

    def __init__(self, folder: Path, interval: float = 0.5, **facts: Any) -> None:
        self._path = folder / "status.json"
        self._interval = interval
        self._last = 0.0
        # A resumed run began when it first began, and took as long as all its processes.
        before = read_json(self._path) if self._path.is_file() else {}
        self._seconds = float(before.get("seconds") or 0.0)
        self._facts: dict[str, Any] = {
            "started": before.get("started") or now(),
            "pid": os.getpid(),
            **facts,
        }
        self._started = self._estimate_from = time.monotonic()
        self._first = 0.0

    def begin(self, done: float) -> None:
        """Estimate the seconds left from here: a resumed run does not start from nothing."""
        self._estimate_from, self._first = time.monotonic(), done

    def beat(self, done: float, **facts: Any) -> None:
        """Say that the work goes on, ``done`` from 0 to 1; estimates the seconds left."""
        moment = time.monotonic()
        self._facts |= facts
        if moment - self._last < self._interval:
            return
        self._last = moment
        elapsed = moment - self._estimate_from
        gained = done - self._first
        left = elapsed * (1 - done) / gained if gained > 0 else None
        self._write("running", progress=done, seconds_left=left)

    def end(self, state: State, error: str | None = None, **facts: Any) -> None:
        """Say how the work ended."""
        self._write(state, error=error, finished=now(), **facts)

    def _write(self, state: State, **facts: Any) -> None:
        seconds = round(self._seconds + time.monotonic() - self._started, 2)
        facts = {"seconds": seconds, **self._facts, **facts}
        write_json(self._path, {"state": state, "updated": now(), **facts})


def request_cancel(folder: Path) -> None:
    """Ask the process at work on ``folder`` to stop, on any operating system."""
    write_atomic(folder / "cancel", "")


def cancel_requested(folder: Path) -> bool:
    """Whether somebody asked to stop."""
    return (folder / "cancel").exists()


def clear_cancel(folder: Path) -> None:
    """Forget an earlier request."""
    remove_file(folder / "cancel")
