"""What is made of a model when first asked for: once for all who wait, then kept for the next."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

MOST = 32  # things: mostly maps, every pair of dimensions is one
MOST_BYTES = 256 << 20  # of their arrays together; the points of a map are 32 bytes each

Made = TypeVar("Made")


class Kept:
    """Things by name, made in the threads of ``executor``; those unused for longest go.

    What cannot be made throws nothing out. Belongs to one event loop.

    Args:
        bounded: whether their arrays may have :data:`MOST_BYTES` at most; the latest always stays.
    """

    def __init__(self, executor: Executor, bounded: bool = False) -> None:
        self._executor = executor
        self._most_bytes = MOST_BYTES if bounded else None
        self._made: OrderedDict[str, Any] = OrderedDict()
        self._making: dict[str, asyncio.Future[Any]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._made

    def __len__(self) -> int:
        return len(self._made)

    async def once(self, key: str, make: Callable[[], Made]) -> Made:
        """What ``make`` makes, or made when this ``key`` was asked for before.

        Raises:
            Exception: what ``make`` raises; the next question tries again.
        """
        if key in self._made:
            self._made.move_to_end(key)
            kept: Made = self._made[key]
            return kept
        if key not in self._making:
            self._making[key] = asyncio.get_running_loop().run_in_executor(self._executor, make)
            self._making[key].add_done_callback(partial(self._keep, key))
        making = self._making[key]
        await asyncio.wait([making])  # who leaves meanwhile does not take it away from the others
        return making.result()

    def _keep(self, key: str, making: asyncio.Future[Any]) -> None:
        del self._making[key]
        if making.cancelled() or making.exception() is not None:
            return
        self._made[key] = making.result()
        while len(self._made) > 1 and self._too_much():
            self._made.popitem(last=False)

    def _too_much(self) -> bool:
        if len(self._made) > MOST:
            return True
        if self._most_bytes is None:
            return False
        return sum(map(bytes_of, self._made.values())) > self._most_bytes


def bytes_of(thing: object) -> int:
    """The bytes of an array, or of all arrays in a dataclass; 0 for anything else."""
    if isinstance(thing, np.ndarray):
        return thing.nbytes
    if is_dataclass(thing) and not isinstance(thing, type):
        return sum(bytes_of(getattr(thing, field.name)) for field in fields(thing))
    return 0
