"""The part of a gradient step that one of several processes computes: its rows of the batch.

By PyTorch's DistributedDataParallel, which averages the processes' gradients while they are still
being computed (Li et al., 2020). Every process draws the random numbers of the whole batch and
takes those of its rows, so that N processes compute what one does, but for rounding.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from vae.config import ObjectiveConfig
from vae.model import VAE
from vae.step import loss_sums
from vae.team import Team


def shared_sums(
    model: VAE,
    x: Tensor,
    target: Tensor,
    eps: Tensor,
    objective: ObjectiveConfig,
    weights: Tensor,
    size: int,
    precision: str,
    team: Team,
) -> Tensor:
    """:func:`vae.step.loss_sums` of this process's rows of a batch: added up over all processes
    they are the batch's. A process without rows computes one that counts for nothing, for the
    others wait for its gradients.
    """
    n, rows = len(x), team.rows(len(x))
    mine = rows.stop - rows.start
    if mine == 0:
        rows = slice(0, 1)
    # (n, d) or (k, n, d); an autoencoder's are none, (0,)
    eps = eps[..., rows, :] if eps.dim() > 1 else eps
    whole = partial(team.whole, n)
    sums = loss_sums(model, x[rows], target[rows], eps, objective, weights, size, precision, whole)
    return sums if mine else sums * 0.0


class _Loss(nn.Module):
    """A model whose forward pass goes as far as the loss: DistributedDataParallel hears of a model
    by its forward pass alone.
    """

    def __init__(self, model: VAE, sums: Callable[..., Tensor]) -> None:
        super().__init__()
        self.model, self._sums = model, sums

    def forward(self, x: Tensor, target: Tensor, eps: Tensor, weights: Tensor) -> Tensor:
        """The sums of this process's rows, (T + 1,), in nats."""
        return self._sums(self.model, x, target, eps, weights=weights)


def data_parallel(
    model: VAE, objective: ObjectiveConfig, size: int, precision: str, team: Team
) -> Callable[..., Tensor]:
    """What takes the place of :func:`vae.step.loss_sums` in a step: :func:`shared_sums`, whose
    gradients are the same in all processes, those of the whole batch.

    All processes begin with the first one's weights.
    """
    sums = partial(shared_sums, objective=objective, size=size, precision=precision, team=team)
    # Those of convolutions lie with their channels last; they are copied to be sent in any case.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    wrapped = DistributedDataParallel(_Loss(model, sums))

    def compute(x: Tensor, target: Tensor, eps: Tensor, weights: Tensor) -> Tensor:
        found = wrapped(x, target, eps, weights)
        found.register_hook(lambda gradient: gradient * team.size)  # theirs is an average
        return found

    return compute
