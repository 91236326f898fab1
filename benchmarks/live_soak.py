"""A long day of the live channel in minutes: clients who come, drag, leave or vanish.

What the server holds is sampled each second and compared: the last third of the time with the
first, and what is left when everybody has gone with what there was before anybody came.
"""

from __future__ import annotations

import asyncio
import random
import statistics
from collections.abc import Sequence
from typing import Any

from live_load import Client, Tally, ask_once, connect, summary
from live_server import ask_state

STAY, AWAY = 6.0, 0.5  # seconds a client drags and is gone, on average
WARM_UP = 1 / 6  # of the time: pools of memory fill before growth means anything
HELD = ("rss", "open_files", "tasks", "objects")


async def soak(
    port: int, path: str, questions: Sequence[bytes], rate: float, seconds: float
) -> dict[str, Any]:
    """One client for each question, coming and going for ``seconds``.

    Raises:
        RuntimeError: if one of them is not answered as it should be.
    """
    loop = asyncio.get_running_loop()
    await ask_once(port, path, questions[0])
    before = await _state_at_rest(port)
    until = loop.time() + seconds
    visits: list[Client] = []
    crowd = asyncio.gather(
        *(
            _come_and_go(port, path, question, rate, until, random.Random(seed), visits)
            for seed, question in enumerate(questions)
        )
    )
    samples = []
    while not crowd.done():
        await asyncio.sleep(1)
        samples.append(await asyncio.to_thread(ask_state, port))
    await crowd
    after = await _state_at_rest(port)
    busy = samples[int(len(samples) * WARM_UP) :]
    return {
        "seconds": seconds,
        "visits": len(visits),
        "round_trips": summary(_pooled(visits), seconds),
        "rss_growth_percent": _growth(busy, "rss"),
        "before": {name: before[name] for name in HELD},
        "most": {name: _largest(busy, name) for name in HELD if name != "objects"},
        "after": {name: after[name] for name in HELD},
    }


async def _come_and_go(
    port: int,
    path: str,
    question: bytes,
    rate: float,
    until: float,
    chance: random.Random,
    visits: list[Client],
) -> None:
    """One person's visits. Half end as a browser ends them, half in the middle of a question."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(chance.random() / rate)
    while (now := loop.time()) < until:
        client = await connect(port, path, question)
        leaves = min(until, now + chance.expovariate(1 / STAY))
        client.drag(loop.time(), 1 / rate, now, leaves - 1 / rate)
        await asyncio.sleep(max(0, leaves - loop.time()))
        if client.failure is not None:
            raise RuntimeError(f"{path}: {client.failure}")
        if chance.random() < 0.5:
            client.leave()
        else:
            client.ask()
            client.vanish()
        visits.append(client)
        await asyncio.sleep(chance.expovariate(1 / AWAY))


async def _state_at_rest(port: int) -> dict[str, Any]:
    """The server's state when it has held the same files and tasks for a while, or after 20 s."""
    last: dict[str, Any] = {}
    calm = 0
    for _ in range(40):
        await asyncio.sleep(0.5)
        now = await asyncio.to_thread(ask_state, port, True)
        same = last and all(last[name] == now[name] for name in ("open_files", "tasks"))
        calm = calm + 1 if same else 0
        if calm == 4:
            break
        last = now
    return now


def _pooled(visits: Sequence[Client]) -> list[Tally]:
    """All visits as one client's: of a short visit a percentage would say little."""
    pooled = Tally()
    for client in visits:
        pooled.due += client.tally.due
        pooled.seconds += client.tally.seconds
    return [pooled]


def _growth(samples: Sequence[dict[str, Any]], name: str) -> float | None:
    """The median of the last third over that of the first, in percent; None if not known."""
    third = len(samples) // 3
    if not third or any(sample[name] is None for sample in samples):
        return None
    first = statistics.median(sample[name] for sample in samples[:third])
    last = statistics.median(sample[name] for sample in samples[-third:])
    return round(100 * (last / first - 1), 2)


def _largest(samples: Sequence[dict[str, Any]], name: str) -> int | None:
    values = [sample[name] for sample in samples]
    return None if None in values else max(values, default=None)
