"""One gradient step: what all the time of a training is spent on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vae.augmentation import augment, augments
from vae.config import Config, ObjectiveConfig
from vae.corruption import corrupt
from vae.graphs import GraphedStep
from vae.inference import to_float
from vae.model import VAE
from vae.objectives import TERMS, itself, noise_shape, objective_terms
from vae.optimizer import Adam
from vae.randomness import generator
from vae.schedules import capacity_at, term_weights

if TYPE_CHECKING:
    from vae.team import Team


def coefficients(objective: ObjectiveConfig, epoch: float, epochs: int) -> list[float]:
    """The weight of each term at ``epoch``, and behind them the capacity in nats."""
    weights = term_weights(objective, epoch)
    return [*weights.values(), capacity_at(objective, epoch, epochs)]


def loss_sums(
    model: VAE,
    x: Tensor,
    target: Tensor,
    eps: Tensor,
    objective: ObjectiveConfig,
    weights: Tensor,
    size: int,
    precision: str,
    whole: Callable[[Tensor], Tensor] = itself,
) -> Tensor:
    """Each term, and behind them the loss, summed over the batch: (T + 1,), in nats.

    Args:
        x, target, eps: as in :func:`vae.objectives.objective_terms`.
        weights: of :func:`coefficients`, (T + 1,) on the device.
        size: images in the training set.
        precision: ``"fp32"``, or ``"bf16"`` for autocast.
        whole: as in :func:`vae.objectives.objective_terms`.
    """
    count = len(TERMS[objective.objective])
    autocast = (
        torch.autocast(x.device.type, dtype=torch.bfloat16)
        if precision == "bf16"
        else contextlib.nullcontext()
    )
    with autocast:
        terms = objective_terms(model, x, target, eps, objective, weights[count], size, whole)
    # A term of the whole batch counts for each of its images.
    sums = torch.stack([t.sum() if t.dim() else t * len(x) for t in terms])
    return torch.cat((sums, (weights[:count] * sums).sum()[None]))


class Stepper:
    """Makes gradient steps of a model.

    Args:
        config: with the precision resolved.
        model: on its device.
        optimizer: of the parameters that learn.
        size: images in the training set.
        team: the processes that make each step together, if there are others.
    """

    def __init__(
        self, config: Config, model: VAE, optimizer: Adam, size: int, team: Team | None = None
    ) -> None:
        self._config, self._optimizer = config, optimizer
        self._device = next(model.parameters()).device
        self._values: list[float] = []
        self._weights = torch.empty(0)
        self._step: Callable[..., Tensor] = self._learn
        objective, precision = config.objective, config.training.precision
        self._sums: Callable[..., Tensor] = partial(
            loss_sums, model, objective=objective, size=size, precision=precision
        )
        if team is not None:
            from vae.shared_step import data_parallel

            # No CUDA graph: where one process could not capture it, the others would wait for it.
            self._sums = data_parallel(model, objective, size, precision, team)
        elif self._device.type == "cuda":
            self._step = GraphedStep(self._learn, min(config.training.batch_size, size))

    def __call__(self, images: Tensor, epoch: int, step: int, progress: float) -> Tensor:
        """A step on uint8 images (n, H, W, C), the ``step``-th of an epoch.

        Args:
            progress: epochs done so far, with a fraction; decides the weights of the terms.

        Returns:
            The terms and the loss, summed over the batch in nats, (T + 1,) on the device: nothing
            waits for them, and on a GPU the next step overwrites them.
        """
        training = self._config.training
        key = (training.seed, epoch, step)
        if augments(training):
            images = augment(images, training, *key)
        target = to_float(images)
        x = target
        if training.noise != "none":
            spoiling = generator(self._device.type, "corruption", *key)
            x = corrupt(target, training.noise, training.noise_level, spoiling)
        eps = self._eps(len(images), *key)
        return self._step(x, target, eps, self._current_weights(progress))

    def _learn(self, x: Tensor, target: Tensor, eps: Tensor, weights: Tensor) -> Tensor:
        """What a CUDA graph can hold: no random numbers, no decision by a tensor's value."""
        training = self._config.training
        sums = self._sums(x, target, eps, weights=weights)
        self._optimizer.zero_grad()
        (sums[-1] / len(x)).backward()
        if training.clip_norm:
            torch.nn.utils.clip_grad_norm_(self._optimizer.parameters, training.clip_norm)
        self._optimizer.step()
        return sums.detach()

    def _eps(self, n: int, *key: int) -> Tensor:
        shape = noise_shape(self._config.objective, n, self._config.model.latent_dim)
        drawn = generator(self._device.type, "noise", *key)
        return torch.empty(shape, device=self._device).normal_(generator=drawn)

    def _current_weights(self, progress: float) -> Tensor:
        values = coefficients(self._config.objective, progress, self._config.training.epochs)
        if values != self._values:  # most runs' never change: then nothing is sent to the device
            self._values, self._weights = values, torch.tensor(values, device=self._device)
        return self._weights
