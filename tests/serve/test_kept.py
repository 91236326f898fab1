"""What is kept of what was made: the things in use, within bounds, whatever is asked amiss."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import numpy as np
import pytest

from vae.errors import VaeError
from vae.latent.binning import cloud
from vae.serve import kept
from vae.serve.kept import Kept, bytes_of

Use = Callable[[Kept], Awaitable[None]]


def using(use: Use, bounded: bool = False) -> None:
    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            await use(Kept(executor, bounded))

    asyncio.run(main())


def refuse(why: str) -> None:
    raise VaeError(why)


def test_what_cannot_be_made_throws_nothing_out() -> None:
    async def use(made: Kept) -> None:
        for i in range(kept.MOST):
            assert await made.once(f"map {i}", partial(int, i)) == i
        for i in range(2 * kept.MOST):
            with pytest.raises(VaeError, match=f"no map {i}"):
                await made.once(f"zzz{i}", partial(refuse, f"no map {i}"))
        assert all(f"map {i}" in made for i in range(kept.MOST))
        assert await made.once("zzz0", str) == ""  # tried again

    using(use)


def test_what_is_unused_for_longest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)

    async def use(made: Kept) -> None:
        for key in ("a", "b", "c", "a", "d"):
            await made.once(key, str)
        assert [key in made for key in "abcd"] == [True, False, True, True]
        assert len(made) == 3

    using(use)


def test_large_arrays_go_earlier_but_never_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 8000)

    async def use(made: Kept) -> None:
        for key, n in (("a", 300), ("b", 300), ("c", 300), ("d", 300)):
            await made.once(key, partial(np.zeros, n))  # 2,400 bytes each
        assert [key in made for key in "abcd"] == [False, True, True, True]
        await made.once("e", partial(np.zeros, 9000))
        assert [key in made for key in "bcde"] == [False, False, False, True]

    using(use, bounded=True)


def test_the_bytes_of_the_points_of_a_map() -> None:
    points = cloud(np.zeros((1000, 2), np.float32), np.zeros(1000))
    assert bytes_of(points) == 32_000
    assert bytes_of({"n": 3}) == 0


def test_it_is_made_once_for_all_who_wait() -> None:
    begun: list[int] = []
    go = Event()

    def slow() -> str:
        begun.append(1)
        go.wait(10)
        return "done"

    async def use(made: Kept) -> None:
        asking = [asyncio.create_task(made.once("a", slow)) for _ in range(5)]
        await asyncio.sleep(0)
        asking[0].cancel()  # who leaves does not take it away from the others
        go.set()
        assert await asyncio.gather(*asking[1:]) == ["done"] * 4
        assert begun == [1]

    using(use)
