"""Micro-batching: requests that wait together are answered by one forward pass."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from vae.errors import VaeError

Forward = Callable[[np.ndarray], np.ndarray]

# The event loop may stand still for this long: below it, the hop to a thread and back costs a
# single client more than the pass itself.
INLINE_SECONDS = 0.002
# The bound on fairness: whoever else is served, a small request waits for the pass that is under
# way, and is answered by the next one.
PASS_SECONDS = 0.010
_FEWEST_ROWS, MOST_ROWS = 16, 1024  # of a pass; the first is granted to slow models too

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """How many rows one pass may have: on the event loop, and in the worker thread."""

    inline_rows: int
    pass_rows: int


@dataclass(eq=False)
class _Request:
    """Rows that wait for their answer, which may come in parts."""

    rows: np.ndarray
    answer: asyncio.Future[np.ndarray]
    taken: int = 0
    parts: list[np.ndarray] = field(default_factory=list)


class Batcher:
    """Answers concurrent requests for one row-wise function from shared passes.

    One pass at a time: what arrives meanwhile waits and goes into the next one together. A pass
    has at most ``limits.pass_rows`` rows, shared out by :func:`fair_shares`, so that a large
    request goes through in pieces, beside the small ones and not before them. Everything but
    ``forward`` happens on the one event loop that calls, so there are no locks.
    """

    def __init__(self, forward: Forward, task: str, worker: Executor, limits: Limits) -> None:
        self._forward = forward
        self._task_name = task
        self._worker = worker
        self._limits = limits
        self._waiting: list[_Request] = []
        self._serving: asyncio.Task[None] | None = None

    async def __call__(self, rows: np.ndarray) -> np.ndarray:
        """``forward(rows)``, computed together with what other callers ask for.

        Raises:
            VaeError: if the pass fails.
        """
        request = _Request(rows, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._serving is None or self._serving.done():
            # The task starts when every frame that is already here has been read and has joined.
            self._serving = asyncio.create_task(self._serve(), name=f"live {self._task_name}")
        return await request.answer

    async def _serve(self) -> None:
        """Run passes until nobody waits."""
        loop = asyncio.get_running_loop()
        while batch := self._next_batch():
            pieces = [request.rows[request.taken : request.taken + n] for request, n in batch]
            rows = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
            try:
                if len(rows) <= self._limits.inline_rows:
                    outputs = self._forward(rows)
                else:
                    outputs = await loop.run_in_executor(self._worker, self._forward, rows)
            except Exception as error:
                self._fail(batch, error)
            else:
                self._deliver(batch, outputs)
            await asyncio.sleep(0)  # let the answers out and new requests in

    def _next_batch(self) -> list[tuple[_Request, int]]:
        """Who takes part in the next pass, with how many rows each."""
        # A request whose client has gone is cancelled, and not computed.
        self._waiting = [request for request in self._waiting if not request.answer.done()]
        first = self._waiting[: self._limits.pass_rows]
        wanted = [len(request.rows) - request.taken for request in first]
        return list(zip(first, fair_shares(wanted, self._limits.pass_rows), strict=True))

    def _deliver(self, batch: list[tuple[_Request, int]], outputs: np.ndarray) -> None:
        start = 0
        for request, n in batch:
            request.parts.append(outputs[start : start + n])
            request.taken += n
            start += n
            if request.taken == len(request.rows) and not request.answer.done():
                whole = len(request.parts) == 1
                request.answer.set_result(
                    request.parts[0] if whole else np.concatenate(request.parts)
                )
        # Who got only a part goes to the back, so that a crowd larger than a pass takes turns.
        served = {id(request) for request, _ in batch}
        self._waiting.sort(key=lambda request: id(request) in served)

    def _fail(self, batch: list[tuple[_Request, int]], error: Exception) -> None:
        if isinstance(error, VaeError):
            sentence = str(error)
        else:
            sentence = f"The server could not {self._task_name}: {type(error).__name__}: {error}"
            log.error("%s", sentence)
        for request, _ in batch:
            if not request.answer.done():
                request.answer.set_exception(VaeError(sentence))


def fair_shares(wanted: Sequence[int], room: int) -> list[int]:
    """Share ``room`` rows out so that the smallest share is as large as can be (max-min fairness).

    Nobody gets more than ``wanted``; what small requests leave is split evenly among large ones.
    """
    shares = [0] * len(wanted)
    for place, index in enumerate(sorted(range(len(wanted)), key=lambda index: wanted[index])):
        even = -(-room // (len(wanted) - place))  # rounded up
        shares[index] = min(wanted[index], even)
        room -= shares[index]
    return shares


def measure_limits(forward: Forward, row: np.ndarray) -> Limits:
    """Time passes of 1, 2, 4, … copies of ``row`` (1, …): what fits the two time limits here.

    Also warms the function: the first pass of a network is many times slower than the second.
    """
    inline, most, rows = 0, _FEWEST_ROWS, 1
    while rows <= MOST_ROWS:
        seconds = min(_timed(forward, np.repeat(row, rows, axis=0)) for _ in range(5))
        if seconds > PASS_SECONDS:
            break
        most = max(most, rows)
        if seconds <= INLINE_SECONDS:
            inline = rows
        rows *= 2
    return Limits(inline, most)


def _timed(forward: Forward, rows: np.ndarray) -> float:
    start = time.perf_counter()
    forward(rows)
    return time.perf_counter() - start
