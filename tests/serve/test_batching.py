from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae.errors import VaeError
from vae.serve import batching
from vae.serve.batching import Batcher, Limits, fair_shares, measure_limits

THREAD_ONLY = 0


@pytest.fixture
def worker() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1, thread_name_prefix="worker") as executor:
        yield executor


class Doubler:
    """Doubles rows, and remembers its passes: how many rows, in which thread."""

    def __init__(self) -> None:
        self.passes: list[int] = []
        self.threads: list[str] = []

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        self.passes.append(len(rows))
        self.threads.append(threading.current_thread().name)
        if (rows < 0).any():
            raise RuntimeError("negative")
        return rows * 2


def rows(n: int, value: float = 1.0) -> np.ndarray:
    return np.full((n, 2), value, np.float32) + np.arange(n, dtype=np.float32)[:, None]


@given(st.lists(st.integers(1, 50), max_size=20), st.integers(0, 200))
def test_shares_are_max_min_fair(wanted: list[int], room: int) -> None:
    shares = fair_shares(wanted, room)
    assert sum(shares) == min(room, sum(wanted))
    assert all(0 <= share <= want for share, want in zip(shares, wanted, strict=True))
    for share, want in zip(shares, wanted, strict=True):
        if share < want:  # nobody else got more at the expense of this one
            assert share >= max(shares) - 1


@pytest.mark.parametrize("inline", [THREAD_ONLY, 8, 1000])
def test_each_caller_gets_its_own_rows(worker: ThreadPoolExecutor, inline: int) -> None:
    double = Doubler()

    async def main() -> None:
        batch = Batcher(double, "double", worker, Limits(inline, 16))
        questions = [rows(n, value=100.0 * n) for n in (1, 40, 3, 1, 17)]
        answers = await asyncio.gather(*map(batch, questions))
        for question, answer in zip(questions, answers, strict=True):
            assert np.array_equal(answer, question * 2)

    asyncio.run(main())
    assert max(double.passes) <= 16
    assert sum(double.passes) == 62


def test_waiting_requests_share_one_pass(worker: ThreadPoolExecutor) -> None:
    double = Doubler()

    async def main() -> None:
        batch = Batcher(double, "double", worker, Limits(THREAD_ONLY, 256))
        await asyncio.gather(*(batch(rows(1)) for _ in range(200)))

    asyncio.run(main())
    assert double.passes == [200]


def test_small_passes_stay_on_the_loop_and_large_ones_leave_it(worker: ThreadPoolExecutor) -> None:
    double = Doubler()

    async def main() -> None:
        batch = Batcher(double, "double", worker, Limits(4, 256))
        await batch(rows(4))
        await batch(rows(5))

    asyncio.run(main())
    assert double.threads[0] == threading.main_thread().name
    assert double.threads[1].startswith("worker")


def test_a_flood_does_not_hold_up_a_small_request(worker: ThreadPoolExecutor) -> None:
    """However much waits, a small request is answered by the next pass."""
    double = Doubler()

    async def main() -> None:
        batch = Batcher(double, "double", worker, Limits(THREAD_ONLY, 64))
        floods = [asyncio.create_task(batch(rows(1024))) for _ in range(3)]
        await asyncio.sleep(0)
        for _ in range(10):
            before = len(double.passes)
            await batch(rows(1))
            assert len(double.passes) - before <= 2  # the one under way, and its own
            assert not any(flood.done() for flood in floods)
        for flood in await asyncio.gather(*floods):
            assert np.array_equal(flood, rows(1024) * 2)

    asyncio.run(main())


def test_a_crowd_larger_than_a_pass_takes_turns(worker: ThreadPoolExecutor) -> None:
    double = Doubler()

    async def main() -> None:
        batch = Batcher(double, "double", worker, Limits(THREAD_ONLY, 4))
        done: list[int] = []

        async def ask(index: int, n: int) -> None:
            await batch(rows(n))
            done.append(index)

        await asyncio.gather(ask(0, 3), *(ask(index, 1) for index in range(1, 12)))
        # Request 0 gets one row a turn, and its last one before the crowd's last has been served.
        assert sorted(done) == list(range(12))
        assert max(double.passes) == 4
        assert sum(double.passes) == 14
        assert len(double.passes) == 4

    asyncio.run(main())


def test_a_failing_pass_answers_everyone_and_is_logged_once(
    worker: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        batch = Batcher(Doubler(), "double with 'm'", worker, Limits(THREAD_ONLY, 64))
        answers = await asyncio.gather(*map(batch, [rows(2), rows(1, -9)]), return_exceptions=True)
        for answer in answers:
            assert isinstance(answer, VaeError)
            assert str(answer) == "The server could not double with 'm': RuntimeError: negative"
        assert np.array_equal(await batch(rows(2)), rows(2) * 2)

    with caplog.at_level(logging.INFO, "vae"):
        asyncio.run(main())
    [record] = caplog.records
    assert record.exc_info is None
    assert "double with 'm'" in record.getMessage()


def test_a_refusal_in_the_function_keeps_its_sentence(
    worker: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: np.ndarray) -> np.ndarray:
        raise VaeError("no such thing")

    async def main() -> None:
        with pytest.raises(VaeError, match=r"^no such thing$"):
            await Batcher(refuse, "x", worker, Limits(8, 64))(rows(1))

    asyncio.run(main())
    assert not caplog.records


def test_rows_of_a_caller_who_left_are_not_computed(worker: ThreadPoolExecutor) -> None:
    double = Doubler()

    async def main() -> None:
        batch = Batcher(double, "double", worker, Limits(THREAD_ONLY, 8))
        leaving = asyncio.create_task(batch(rows(800)))
        staying = asyncio.create_task(batch(rows(3)))
        await asyncio.sleep(0)
        leaving.cancel()
        assert np.array_equal(await staying, rows(3) * 2)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert sum(double.passes) < 30


def test_limits_are_what_fits_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def limits(seconds_per_row: float) -> Limits:
        monkeypatch.setattr(batching, "_timed", lambda _, rows: len(rows) * seconds_per_row)
        return measure_limits(Doubler(), rows(1))

    assert limits(0.0001) == Limits(inline_rows=16, pass_rows=64)
    assert limits(0.003) == Limits(inline_rows=0, pass_rows=16)
    assert limits(0.0) == Limits(inline_rows=1024, pass_rows=1024)
