"""Stopping a fit that does not answer: one that looks for neighbours, or compiles, calls nobody.

A request to stop is answered by the fit's next step. Before its first one, and between the steps of
very large maps, that can take many seconds: then the process ends itself, which works on every
operating system and needs no process number that might be another's by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread

from vae.status import cancel_requested

PATIENCE = 1.5  # seconds that a request waits for the fit's own answer
_POLL = 0.1


class Watch:
    """What the fit tells whoever would end it.

    Attributes:
        lock: held while files are written, so that none is half-written when the process ends.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self._heard: float | None = None

    def computes(self, now: bool) -> None:
        """Say that the fit computes from now on and may be ended there, or that it does not."""
        self._heard = time.monotonic() if now else None

    def silent(self, since: float) -> bool:
        """Whether it computes and has said nothing for :data:`PATIENCE` after ``since``."""
        return self._heard is not None and time.monotonic() - max(since, self._heard) > PATIENCE


@contextmanager
def watched(folder: Path, end: Callable[[], None] | None) -> Iterator[Watch]:
    """Watch a fit, in a thread, for a request to stop in ``folder`` that it does not answer.

    Args:
        end: ends the process, after what else is due; called with the lock held. ``None`` leaves
            the fit to its next step: who fits a map in a program of their own keeps the program.
    """
    watch, closed = Watch(), Event()

    def look() -> None:
        asked = None
        while not closed.wait(_POLL):
            if not cancel_requested(folder):
                asked = None
                continue
            asked = asked or time.monotonic()
            with watch.lock:
                if end is not None and not closed.is_set() and watch.silent(asked):
                    end()
                    return

    thread = Thread(target=look, name="watch for cancel", daemon=True)
    if end is not None:
        thread.start()
    try:
        yield watch
    finally:
        closed.set()
