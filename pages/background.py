"""Results that take seconds: computed once per server in the background, watched and stopped.

One at a time, so that a class that opens a page together waits for one computation, and the live
channel keeps its processors. What nobody looks at any more gives way to what somebody waits for,
and whoever came last is served first: who came before may have left.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.look import plain
from vae.errors import VaeError
from vae.latent.aggregate import Report

_MOST = 32  # results that are kept
_POLL_SECONDS = 0.4
_AWAY_SECONDS = 5.0  # a view that has not asked for so long is gone; the open ones ask at each poll

_pool = ThreadPoolExecutor(1, "results")
_jobs: OrderedDict[Hashable, Job] = OrderedDict()
_queue: list[Job] = []  # those that have not begun
_lock = Lock()


@dataclass(eq=False)
class Job:
    """One result: still to come, there, or given up.

    Attributes:
        share: how much of the work is done, 0–1.
        began: when its own work began, in seconds of the monotonic clock; ``None`` in the queue.
        views: when each view that looks at it came, and when it asked last, on the same clock.
        left: the views in which it was stopped.
    """

    compute: Callable[[Report], Any]
    views: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    left: set[Hashable] = field(default_factory=set)
    future: Future = field(default_factory=Future)
    stop: Event = field(default_factory=Event)
    share: float = 0.0
    began: float | None = None

    @property
    def active(self) -> bool:
        """Whether its end is still to come."""
        return not self.future.done()

    @property
    def given_up(self) -> bool:
        """Whether it was stopped before there was a result."""
        if not self.stop.is_set():
            return False
        return self.active or (not self.future.exception() and self.future.result() is None)

    @property
    def came(self) -> float:
        """When the newest of the views that still look at it came; -inf if none does."""
        now = time.monotonic()
        there = [came for came, last in self.views.values() if now - last < _AWAY_SECONDS]
        return max(there, default=-math.inf)

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
        found = _jobs.get(key)
        if found is None or (found.given_up and _view() not in found.left):
            while len(_jobs) >= _MOST:
                _jobs.popitem(last=False)[1].stop.set()
            _jobs[key] = made = Job(compute, left=found.left if found else set())
            _queue.append(made)
            _pool.submit(_run_next)
        _jobs.move_to_end(key)
        _look(_jobs[key])
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
    if found.active and _view() not in found.left:
        st.fragment(_progress, run_every=_POLL_SECONDS)(found, key, words)
    elif not found.active and found.problem:
        st.info(plain(str(found.problem)), icon=":material/info:")
    elif not found.active and found.result is not None:  # it came after the page had looked
        st.rerun()
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{words}: stopped.", width="content")
            st.button(
                "Compute",
                key=f"start {key}",
                on_click=_resume,
                args=(key,),
                icon=":material/refresh:",
            )


def _progress(found: Job, key: Hashable, words: str) -> None:
    if not found.active or _view() in found.left:
        st.rerun()
    with _lock:
        _look(found)
    left = found.seconds_left
    if found.began is None:
        words += f": waiting, {_turn(found)} in the queue"
    elif left is not None:
        words += f": about {max(1.0, left):.0f} s left"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, found.share), words)
        st.button(
            "Stop",
            key=f"stop {key}",
            on_click=_leave,
            args=(found,),
            icon=":material/stop:",
        )


def _turn(found: Job) -> str:
    """Its place in the queue in words."""
    with _lock:
        before = sum(one.came > found.came for one in _queue if not one.stop.is_set())
    return f"number {before + 1}" if before else "next"


def _view() -> Hashable:
    """The visitor's view that runs this script; ``None`` outside of any."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else None


def _look(found: Job) -> None:
    """The present view asks for it; needs the lock."""
    view, now = _view(), time.monotonic()
    if view in found.left or not found.active:
        return
    came, last = found.views.get(view, (now, now))
    found.views[view] = (came if now - last < _AWAY_SECONDS else now), now


def _leave(found: Job) -> None:
    """Stop it in this view, and for good if nobody else looks at it."""
    with _lock:
        found.left.add(_view())
        found.views.pop(_view(), None)
        if found.came == -math.inf:
            found.stop.set()


def _resume(key: Hashable) -> None:
    """Look at it again in this view; where it was stopped for good the page starts it anew."""
    with _lock:
        if found := _jobs.get(key):
            found.left.discard(_view())


def _run_next() -> None:
    """What was stopped ends at once; then comes what the newest view waits for."""
    with _lock:
        made = max(_queue, key=lambda one: (one.stop.is_set(), one.came))
        _queue.remove(made)
    made.began = time.monotonic()

    def report(share: float) -> bool:
        made.share = share
        _give_way(made)
        return made.stop.is_set()

    try:
        made.future.set_result(None if made.stop.is_set() else made.compute(report))
    except BaseException as error:  # told to whoever looks at the result, as by any future
        made.future.set_exception(error)


def _give_way(made: Job) -> None:
    """Stop and forget what nobody looks at while somebody waits for another."""
    with _lock:
        if made.came > -math.inf or all(one.came == -math.inf for one in _queue):
            return
        made.stop.set()
        for key in [key for key, one in _jobs.items() if one is made]:
            del _jobs[key]
