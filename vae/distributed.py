"""Several processes that train one model: who they are, how they meet, what they tell each other.

``torchrun`` starts them and says to each who it is. The first does all that a training alone does:
it claims the run folder, waits its turn, writes and decides. The others lend their processors (see
:mod:`vae.following`): of each batch every process computes its rows (:mod:`vae.shared_step`).
PyTorch is loaded when they meet.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from vae.config import Config
from vae.config_json import config_from_json, config_to_json
from vae.errors import VaeError
from vae.stops import Stop

if TYPE_CHECKING:
    from torch.distributed import Store

    from vae.team import Team

_CALL, _HERE = "vae/call", "vae/here"  # keys of what all can read
_QUEUE_PATIENCE = timedelta(days=365)  # others' trainings may take long
_POLL_SECONDS = 0.25
# Of PyTorch's two ways to talk, and of the system.
_LOST = ("gloo", "nccl", "closed by peer", "connection reset", "broken pipe", "socket")


@dataclass(frozen=True)
class Seat:
    """Which of the processes this one is.

    Attributes:
        rank: its number; 0 is the first, which decides.
        size: how many there are.
        local: its number on its computer, which is that of its graphics card.
        neighbours: how many there are on its computer.
    """

    rank: int
    size: int
    local: int
    neighbours: int


def seat() -> Seat | None:
    """What ``torchrun`` says to this process by its environment; ``None`` if it trains alone.

    Raises:
        VaeError: if that is not what ``torchrun`` says.
    """
    told = {name: os.environ.get(name) for name in ("RANK", "WORLD_SIZE")}
    if None in told.values():
        return None
    local = {name: os.environ.get(name, "0") for name in ("LOCAL_RANK", "LOCAL_WORLD_SIZE")}
    for name, text in (told | local).items():
        if not (text and text.isascii() and text.isdigit() and len(text) < 7):
            raise VaeError(f"{name} is {text!r}; allowed is a whole number, as torchrun sets it.")
    rank, size, own, neighbours = (int(text or 0) for text in (told | local).values())
    if rank >= size:
        raise VaeError(f"RANK is {rank}; allowed is less than WORLD_SIZE, which is {size}.")
    return None if size == 1 else Seat(rank, size, own, neighbours)


def lost(error: Exception) -> VaeError | None:
    """The error in words, if it is that another process has gone."""
    words = str(error).lower()
    if seat() is None or not isinstance(error, RuntimeError) or not any(w in words for w in _LOST):
        return None
    return VaeError(
        "Another process of this training ended, or its connection broke: all were stopped. What "
        "it said stands in its own output; --resume goes on from the last checkpoint."
    )


def meet(config: Config, asked: Callable[[], Stop | None]) -> Team | None:
    """For the first process: call the others to this training; ``None`` if there are none, or if it
    is asked to stop already.

    Raises:
        VaeError: for a device on which they cannot work together, or if it is asked to stop before
            all have come.
    """
    own = seat()
    # Who is to stop calls nobody: what a former process learned is kept without the others.
    if own is None or asked() is not None:
        return None
    from vae.team import PATIENCE, Team

    kind = _take_device(own, config)
    store = _store(own, PATIENCE)
    told = replace(config, training=replace(config.training, device=kind))
    store.set(_CALL, json.dumps(config_to_json(told)))
    while store.add(_HERE, 0) < own.size - 1:
        # Also where one of them died early: then torchrun sends a signal to the others.
        if asked() is not None:
            raise VaeError(f"Stopped before all {own.size} processes of this training had come.")
        time.sleep(_POLL_SECONDS)
    return Team(own, kind, store)


def answer(own: Seat) -> tuple[Team, Config]:
    """For the others: wait for the call, however long the first one waits its turn; and come.

    Raises:
        VaeError: for a device that this computer does not have.
    """
    from vae.team import Team

    store = _store(own, _QUEUE_PATIENCE)
    while not store.check([_CALL]):
        time.sleep(_POLL_SECONDS)
    config = config_from_json(json.loads(store.get(_CALL)), "What the first process told")
    kind = _take_device(own, config)
    store.add(_HERE, 1)
    return Team(own, kind, store), config


def _store(own: Seat, patience: timedelta) -> Store:
    """Where the processes leave words for each other before they are connected."""
    from torch.distributed.rendezvous import rendezvous

    store, _, _ = next(rendezvous("env://", own.rank, own.size, timeout=patience))
    return store


def _take_device(own: Seat, config: Config) -> Literal["cpu", "cuda"]:
    """``"cpu"`` or ``"cuda"``; there each process of a computer takes a card of its own."""
    import torch

    from vae.devices import resolve_device

    kind = resolve_device(config.training.device).type
    if kind == "cpu":
        return "cpu"
    if kind != "cuda":
        raise VaeError(
            f"Several processes train together on cpu or cuda, not on {kind}: say --device cpu."
        )
    if (cards := torch.cuda.device_count()) < own.neighbours:
        raise VaeError(
            f"{own.neighbours} processes were started on a computer with {cards} graphics "
            f"card(s): say --nproc-per-node {cards}, or train with --device cpu."
        )
    torch.cuda.set_device(own.local)
    return "cuda"
