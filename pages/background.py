"""Results that take seconds: computed once per server in the background, watched and stopped.

One at a time, so that a class that opens a page together waits for one computation, and the live
channel keeps its processors.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import streamlit as st

from pages.look import plain
from vae.errors import VaeError
from vae.latent.aggregate import Report

_MOST = 32  # results that are kept
_POLL_SECONDS = 0.4

_pool = ThreadPoolExecutor(1, "results")
_jobs: OrderedDict[Hashable, Job] = OrderedDict()
_lock = Lock()


@dataclass
class Job:
    """One result: still to come, there, or given up.

    Attributes:
        share: how much of the work is done, 0–1.
        began: when its own work began, in seconds of the monotonic clock; ``None`` in the queue.
    """

    future: Future = field(default_factory=Future)
    stop: Event = field(default_factory=Event)
    share: float = 0.0
    began: float | None = None

    @property
    def active(self) -> bool:
        """Whether its end is still to come."""
        return not self.future.done()

    @property
    def problem(self) -> VaeError | None:
        """Why there can be no result, where that is for people to know."""
        error = None if self.active else self.future.exception()
        return error if isinstance(error, VaeError) else None

    @property
    def result(self) -> Any:
        """The result; ``None`` before the end, where it was stopped, and where there can be none.

        Raises:
            Exception: what the computation raised, unless that is the :attr:`problem`.
        """
        return None if self.active or self.problem else self.future.result()

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the pace so far; ``None`` before there is one."""
        if self.began is None or self.share < 0.05:
            return None
        return (time.monotonic() - self.began) * (1 - self.share) / self.share


def job(key: Hashable, compute: Callable[[Report], Any]) -> Job:
    """The result of this name, for everyone who asks; the first one starts it.

    Args:
        key: what the result is of, with all that it depends on.
        compute: given a report to call now and then; it returns ``None`` if that told it to stop.
    """
    with _lock:
        if key not in _jobs:
            while len(_jobs) >= _MOST:
                _jobs.popitem(last=False)[1].stop.set()
            _jobs[key] = made = Job()
            _pool.submit(_run, made, compute)
        _jobs.move_to_end(key)
        return _jobs[key]


def forget(key: Hashable) -> None:
    """Drop a result, so that the next who asks starts it anew."""
    with _lock:
        if found := _jobs.pop(key, None):
            found.stop.set()


def instead(found: Job, key: Hashable, words: str) -> None:
    """What stands where the result will: how far it is, with Stop; or why it is not there.

    Once it is there the whole page is drawn again.
    """
    if found.active:
        st.fragment(_progress, run_every=_POLL_SECONDS)(found, key, words)
    elif found.result is not None:  # it came after the page had looked
        st.rerun()
    elif found.problem:
        st.info(plain(str(found.problem)), icon=":material/info:")
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{words}: stopped.", width="content")
            st.button(
                "Compute",
                key=f"start {key}",
                on_click=forget,
                args=(key,),
                icon=":material/refresh:",
            )


def _progress(found: Job, key: Hashable, words: str) -> None:
    if not found.active:
        st.rerun()
    left = found.seconds_left
    if found.began is None:
        words += ": waiting for another"
    elif left is not None:
        words += f": about {max(1.0, left):.0f} s left"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, found.share), words)
        st.button("Stop", key=f"stop {key}", on_click=found.stop.set, icon=":material/stop:")


def _run(made: Job, compute: Callable[[Report], Any]) -> None:
    made.began = time.monotonic()

    def report(share: float) -> bool:
        made.share = share
        return made.stop.is_set()

    try:
        made.future.set_result(None if made.stop.is_set() else compute(report))
    except BaseException as error:  # told to whoever looks at the result, as by any future
        made.future.set_exception(error)
