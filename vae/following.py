"""What a process beside the first one of a training does: its rows of each batch, and no more.

It writes no file. It goes on as long as the first one does, and what it is asked by a signal it
only passes on: all of them pause, at the same step, or none.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from vae.distributed import Seat, answer
from vae.failures import explained
from vae.runs import check_name, runs_dir
from vae.stops import Stop, handled

if TYPE_CHECKING:
    from vae.batches import Where


def follow(own: Seat, name: str, where: Where = "auto") -> None:
    """Help to train the run called ``name`` until its first process ends the training.

    Args:
        where: the training images lie (see :func:`vae.batches.pick`).

    Raises:
        VaeError: for what a person can mend; the first process then fails as well.
    """
    folder = runs_dir() / check_name(name)
    team, config = answer(own)

    from vae.devices import keep_freed_memory, set_training_threads
    from vae.learning import make_trainer

    try:
        with _hearing() as heard:
            set_training_threads(config)
            keep_freed_memory()
            trainer, _ = make_trainer(folder, config, where, team)

            def asked() -> Stop | None:
                return "pause" if heard else None

            # As vae.learning does, at the same places: before the first step, and at each tick.
            for _ in trainer.run() if team.agree(asked) is None else ():
                if team.agree(asked) is not None:
                    break
            team.leave()
    except Exception as error:
        known = explained(error, config)
        if known is None or known is error:
            raise
        raise known from error


@contextmanager
def _hearing() -> Iterator[list[int]]:
    """Signals that ask for a pause, as they come; none of them ends this process."""
    heard: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)

    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has not all of them
    with handled([getattr(signal, name) for name in names if hasattr(signal, name)], hear):
        yield heard
