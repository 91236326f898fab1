"""A run's ``status.json``: what its process last said, and whether that process still lives."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Literal

from filelock import FileLock, Timeout

from vae.checks import GONE, check_status
from vae.errors import VaeError
from vae.files import NotJson, read_json, remove_file, write_atomic, write_json

State = Literal["queued", "running", "paused", "done", "failed", "cancelled"]
ACTIVE = ("queued", "running")  # a process is there, or about to be
_START_SECONDS = 60.0  # a process loads its libraries before it can take the lock
_SILENT_SECONDS = 1.0  # between two beats of a stage that reports nothing
# What a process takes over from the one before it, until it knows better.
_KEPT = ("epoch", "epochs", "progress", "device", "command", "versions", "copy_of")
_BLOCK = 4096  # bytes that a small file may grow to without asking the disk for room
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


def is_alive(folder: Path, patience: float = 0.1) -> bool:
    """Whether a process holds the folder's lock.

    Not at once by default: another who looks holds the lock for a moment.
    """
    if not (folder / ".lock").exists():
        return False
    try:
        with lock(folder).acquire(timeout=patience, poll_interval=0.01):
            return False
    except Timeout:
        return True
    except OSError:
        # A folder that cannot be written to cannot be at work either.
        return False


def read_status(folder: Path) -> dict[str, Any]:
    """The status, with ``state`` corrected to ``failed`` where the process is gone.

    A status that a power failure cut short says as little as one that is not there.

    Raises:
        VaeError: if it cannot be read, or says what no status does.
    """
    path = folder / "status.json"
    status = _said(path) or {"state": "running"}
    # Pages read it many times a second: little patience, and at worst one look that sees it alive.
    gone = status["state"] in ACTIVE and not is_alive(folder, patience=0.02)
    if gone and not _is_starting(status):
        # It may have ended between the two looks: what it wrote last counts.
        status = _said(path) or {"state": "running"}
        if status["state"] in ACTIVE:
            status |= {"state": "failed", "error": GONE}
    return status


def _said(path: Path) -> dict[str, Any] | None:
    """What the file says, ``None`` where it is not there or was cut short."""
    if not path.is_file():
        return None
    try:
        return check_status(read_json(path), str(path))
    except NotJson:
        return None


def announce(folder: Path, state: State = "running", **facts: Any) -> None:
    """Say that a process was started which has not yet taken the folder's lock."""
    StatusWriter(folder, **facts).say(state, stage="starting")


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
        before = _said(self._path) or {}
        self._seconds = float(before.get("seconds") or 0.0)
        kept = {key: before[key] for key in _KEPT if key in before}
        self._facts: dict[str, Any] = {
            "started": before.get("started") or now(),
            "pid": os.getpid(),
            **kept,
            **facts,
        }
        self._started = self._estimate_from = time.monotonic()
        self._first = self._patience = 0.0
        self._lock = Lock()  # two may write: the work, and the beat of a stage that says nothing

    def say(self, state: State, **facts: Any) -> None:
        """Write this at once; the time until now was waiting, not work."""
        self._started = time.monotonic()
        self._write(state, **facts)

    def begin(self, done: float, patience: float = 0.0) -> None:
        """Estimate the seconds left from here: a resumed run does not start from nothing.

        There is none before ``patience`` seconds of work: it would be chance.
        """
        self._estimate_from, self._first, self._patience = time.monotonic(), done, patience

    def beat(self, done: float, **facts: Any) -> None:
        """Say that the work goes on, ``done`` from 0 to 1; estimates the seconds left."""
        moment = time.monotonic()
        self._facts |= facts
        if moment - self._last < self._interval:
            return
        self._last = moment
        elapsed = moment - self._estimate_from
        gained = done - self._first
        enough = gained > 0 and elapsed >= self._patience
        left = elapsed * (1 - done) / gained if enough else None
        self._write("running", progress=done, seconds_left=left)

    @contextlib.contextmanager
    def stage(self, name: str, **facts: Any) -> Iterator[None]:
        """Say what is being done, again each second in a thread: for work that reports nothing.

        Raises:
            VaeError: at the end, if the status could not be written meanwhile.
        """
        self._facts |= {**facts, "stage": name}
        self._write("running")
        closed, problems = Event(), list[VaeError]()

        def beat() -> None:
            while not problems and not closed.wait(_SILENT_SECONDS):
                try:
                    self._write("running")
                except VaeError as error:
                    problems.append(error)

        thread = Thread(target=beat, name=f"heartbeat: {name}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            closed.set()
            thread.join()
        if problems:
            raise problems[0]

    def end(self, state: State, error: str | None = None, **facts: Any) -> None:
        """Say how the work ended, also on a full disk where that can be."""
        when = {} if state == "paused" else {"finished": now()}
        self._write(state, error=error, **when, **facts, on_a_full_disk=True)

    def _write(self, state: State, on_a_full_disk: bool = False, **facts: Any) -> None:
        with self._lock:
            seconds = round(self._seconds + time.monotonic() - self._started, 2)
            status = {"state": state, "updated": now(), "seconds": seconds, **self._facts, **facts}
            try:
                write_json(self._path, status)
            except VaeError:
                if not on_a_full_disk or not _overwrite(self._path, status):
                    raise


def _overwrite(path: Path, status: dict[str, Any]) -> bool:
    """Write a small file in its place, for which most disks need no new room; whether it went."""
    raw = json.dumps(status).encode()
    if len(raw) > _BLOCK or not path.is_file():
        return False
    try:
        with path.open("r+b") as file:
            # In one write, and over all that stood there: a kill cannot leave half of each.
            file.write(raw.ljust(path.stat().st_size))
    except OSError:
        return False
    return True


def request_cancel(folder: Path) -> None:
    """Ask the process at work on ``folder`` to stop, on any operating system."""
    write_atomic(folder / "cancel", "")


def cancel_requested(folder: Path) -> bool:
    """Whether somebody asked to stop."""
    return (folder / "cancel").exists()


def clear_cancel(folder: Path) -> None:
    """Forget an earlier request."""
    remove_file(folder / "cancel")
