"""Asking a training to pause or to end: by a file from any process, by a signal to its own.

A *pause* writes a checkpoint and frees the memory; a resumed run goes on from that very step. A
*cancel* ends the run and keeps what it has learned.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Literal

from vae.files import remove_file, write_atomic
from vae.status import cancel_requested, clear_cancel

Stop = Literal["pause", "cancel"]
_HINT = b"\nPausing; once more Ctrl+C ends it at once, without a checkpoint.\n"


def request_pause(folder: Path) -> None:
    """Ask the training at work on ``folder``, or waiting its turn, to pause."""
    write_atomic(folder / "pause", "")


def pause_requested(folder: Path) -> bool:
    """Whether somebody asked it to pause."""
    return (folder / "pause").exists()


def clear_requests(folder: Path) -> None:
    """Forget earlier requests, to pause and to cancel."""
    clear_cancel(folder)
    remove_file(folder / "pause")


class Stops:
    """What a training process was asked.

    Attributes:
        signal: the number of the signal that asked it to pause, if one did.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.signal: int | None = None

    def asked(self) -> Stop | None:
        """The request that holds; it costs two looks at the folder."""
        if cancel_requested(self._folder):
            return "cancel"
        return "pause" if self.signal is not None or pause_requested(self._folder) else None


@contextmanager
def listening(folder: Path) -> Iterator[Stops]:
    """Let SIGTERM, SIGHUP and the first Ctrl+C pause the training; a second Ctrl+C ends it at once.

    Outside of the main thread, where Python hears no signals, requests come by file only.
    """
    stops = Stops(folder)
    if threading.current_thread() is not threading.main_thread():
        yield stops
        return

    def hear(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            if stops.signal == signal.SIGINT:
                raise KeyboardInterrupt
            os.write(2, _HINT)  # print() may be in the middle of another line
        stops.signal = number

    heard = {signal.SIGINT, signal.SIGTERM}
    closed = getattr(signal, "SIGHUP", None)  # the terminal was closed; Windows has no such signal
    if closed is not None and signal.getsignal(closed) != signal.SIG_IGN:  # as nohup asks
        heard.add(closed)
    with handled(heard, hear):
        yield stops


@contextmanager
def handled(
    numbers: Iterable[int], hear: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    """Let ``hear`` answer these signals; afterwards what did so before."""
    before = {number: signal.signal(number, hear) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
