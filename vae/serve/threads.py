"""The threads of the live channel: one for each kind of work; what can wait steps back for it."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

# One thread for each kind of work: within a kind, models take turns pass by pass; a slow
# placement does not hold up decoding.
WORK = ("decode", "encode", "place", "exact", "nearest", "similar", "count")
# Files are compared, and arrays read whole, in threads that nothing slow ever holds.
QUICK = {"open": 2, "read": 2}
# Seconds of work: what the first live question of its kind waits for, and the figures of a page.
SLOW = ("make", "measure")
_STEP_BACK = 10  # in the nice value: about a tenth of a processor that others want too

Workers = dict[str, ThreadPoolExecutor]


def make_workers() -> Workers:
    """A pool of threads for each kind; none starts before there is work for it."""
    plain = dict.fromkeys(WORK, 1) | QUICK
    pools = {kind: ThreadPoolExecutor(n, f"live-{kind}") for kind, n in plain.items()}
    return pools | {kind: ThreadPoolExecutor(1, f"live-{kind}", step_back) for kind in SLOW}


def step_back() -> None:
    """Let other threads go first, where each has a priority of its own: on Linux.

    Threads that this one starts later (OpenMP's) step back with it.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        # Where a sandbox forbids it, the work is done as well, only less politely.
        with suppress(OSError):
            nice = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(19, nice + _STEP_BACK))
