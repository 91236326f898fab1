"""Slow work in its place: behind what is live, in threads that nothing live waits for."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from functools import partial

import numpy as np
import pytest

from tests.serve.conftest import WriteRun
from vae.serve import arrays, service
from vae.serve.service import LiveModels
from vae.serve.threads import QUICK, SLOW, WORK, make_workers

MANY = 3 * 32  # more than the threads that asyncio has for everybody


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities of their own")
def test_slow_work_steps_back_and_nothing_else() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())  # type: ignore[attr-defined]

    workers, own = make_workers(), priority()
    for kind in (*WORK, *QUICK):
        assert workers[kind].submit(priority).result() == own, kind
    for kind in SLOW:
        assert workers[kind].submit(priority).result() == min(19, own + 10), kind


@pytest.mark.parametrize("slow", ["quality", "a map", "whole arrays"])
def test_slow_makings_hold_up_neither_decodes_nor_what_else_is_asked(
    runs: WriteRun, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    """However many are asked for: none of them ends before the others are answered."""
    runs("a", latent_dim=12)
    monkeypatch.setattr(service, "STALE_SECONDS", -1.0)  # every question looks at the files
    go, begun = threading.Event(), threading.Event()

    def wait(*_: object) -> bytes:
        begun.set()
        assert go.wait(60)
        return b""

    monkeypatch.setattr(arrays, "_quality", wait)
    monkeypatch.setattr(arrays, "pack_labels", wait)
    z = np.zeros((1, 12), np.float32)

    async def main() -> None:
        models = LiveModels()
        model = await models.get("a")
        await model.place("raw", z)
        pairs = [f"raw-{i}-{j}" for i in range(12) for j in range(12) if i != j][:MANY]
        questions = {
            "quality": lambda pair: arrays.map_quality(model, {"map": pair}),
            "a map": lambda pair: model.made.once(pair, partial(wait)),
            "whole arrays": lambda pair: arrays.labels_of(model, {}),
        }
        asked = [asyncio.create_task(questions[slow](pair)) for pair in pairs]
        try:
            while not begun.is_set():
                await asyncio.sleep(0.001)
            async with asyncio.timeout(30):
                again = await models.get("a")
                assert (await again.decode(z)).shape == (1, 8, 6, 1)
                assert (await again.place("raw", z)).shape == (1, 3)
                if slow != "whole arrays":
                    assert (await arrays.codes_of(again, {})).body
                if slow != "a map":
                    assert (await again.place("pca", z)).shape == (1, 3)
            assert not any(task.done() for task in asked)
        finally:
            go.set()
            await asyncio.gather(*asked, return_exceptions=True)

    asyncio.run(main())
