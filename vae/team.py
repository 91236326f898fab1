"""What the processes of one training tell each other at work: rows, sums, and when to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, get_args

import torch
import torch.distributed as dist
from torch import Tensor

from vae.errors import VaeError
from vae.stops import Stop

if TYPE_CHECKING:
    from vae.distributed import Seat

PATIENCE = timedelta(minutes=30)  # with one that does not answer, but whose connection stands
_TICK_SECONDS = 0.2  # about so long between two agreements
_STOPS: tuple[Stop | None, ...] = (None, *get_args(Stop))  # the stronger ones last


class Team:
    """All processes of a training, as one of them sees them. Each method but :meth:`rows` and
    :meth:`due` is called by all at the same place of their work, or they wait for each other.

    Attributes:
        rank, size: as of :class:`Seat`.
    """

    def __init__(self, own: Seat, kind: str, store: dist.Store) -> None:
        self.rank, self.size = own.rank, own.size
        store.set_timeout(PATIENCE)
        # What is agreed upon lies in the host's memory, so that no graphics card is waited for.
        backend = "cpu:gloo,cuda:nccl" if kind == "cuda" and dist.is_nccl_available() else "gloo"
        dist.init_process_group(
            backend, store=store, rank=own.rank, world_size=own.size, timeout=PATIENCE
        )
        self._every, self._steps, self._agreed = 1, 0, time.monotonic()

    def rows(self, n: int) -> slice:
        """Which rows of a batch of n are this process's: as many as the others', give or take one;
        perhaps none.
        """
        return slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def total(self, numbers: Tensor) -> Tensor:
        """The sum of all processes' ``numbers``, of the same shape: the same bits for all."""
        numbers = numbers.clone()
        dist.all_reduce(numbers)
        return numbers

    def kept(self, sums: Tensor) -> Tensor:
        """All processes' sums in the first one's hands, which can save them; the others' are 0."""
        total = self.total(sums)
        return total if self.rank == 0 else total.zero_()

    def whole(self, n: int, mine: Tensor) -> Tensor:
        """All n rows of a batch, (n, …), of which ``mine`` are this process's.

        The others' rows are numbers here. Where a function of all is computed in every process, to
        count for each image alike, the gradients of ``mine`` are that function's parts: they are
        scaled so that they count for the whole batch, and not for this process's rows alone.
        """
        rows = self.rows(n)
        mine = mine[: rows.stop - rows.start]
        everything = torch.zeros(n, *mine.shape[1:], dtype=mine.dtype, device=mine.device)
        everything[rows] = mine.detach()
        everything = self.total(everything)
        if not mine.requires_grad or len(mine) == 0:
            return everything
        own = mine.view_as(mine)
        own.register_hook(lambda gradient: gradient * (n / len(mine)))
        return torch.cat((everything[: rows.start], own, everything[rows.stop :]))

    def due(self) -> bool:
        """Whether it is time to agree again, asked once a step: the same answer in all."""
        self._steps += 1
        return self._steps >= self._every

    def agree(self, asked: Callable[[], Stop | None]) -> Stop | None:
        """The strongest of what the processes were asked, and when to agree again.

        Raises:
            RuntimeError: if one of them is no longer there.
        """
        # Not told by the first alone: that would not tell it who is still there.
        message = torch.tensor([_STOPS.index(asked()), self._pace() if self.rank == 0 else 0])
        dist.all_reduce(message, dist.ReduceOp.MAX)
        code, self._every = message.tolist()
        self._steps, self._agreed = 0, time.monotonic()
        return _STOPS[code]

    def _pace(self) -> int:
        """Steps until the next agreement, by those since the last one."""
        if self._steps == 0:
            return self._every
        fit = self._steps * _TICK_SECONDS / max(1e-9, time.monotonic() - self._agreed)
        return max(1, min(4 * self._every, int(fit)))

    def check_alike(self, **counts: int) -> None:
        """Refuse to begin if the processes do not begin with the same counts.

        Raises:
            VaeError: in all of them.
        """
        both = torch.tensor([*counts.values(), *(-count for count in counts.values())])
        dist.all_reduce(both, dist.ReduceOp.MAX)
        greatest, least = both.view(2, -1).tolist()
        for name, high, low in zip(counts, greatest, least, strict=True):
            if high != -low:
                raise VaeError(
                    f"The processes of this training do not begin alike: {name} from {-low:,} to "
                    f"{high:,}. All must see the same run folder and the same data."
                )

    def leave(self) -> None:
        """End the connections, when the work is done."""
        dist.destroy_process_group()


def described(team: Team | None, device: torch.device) -> str:
    """The devices of a training in words: ``cpu``, or ``2 × cpu``."""
    return str(device) if team is None else f"{team.size} × {device}"


def agreed(team: Team | None, asked: Callable[[], Stop | None]) -> Callable[[], Stop | None]:
    """``asked``, or what any process of the team was asked."""
    return asked if team is None else partial(team.agree, asked)
