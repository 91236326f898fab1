"""The training loop: data resident on the device as uint8, fused Adam, no synchronisation a step.

It knows files and screens no more than a generator does: it yields what happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from vae.batches import ImageRows, Where, pick
from vae.checkpoints import TrainingState, check_tensors
from vae.config import Config
from vae.devices import resolve_device
from vae.errors import VaeError
from vae.model import VAE
from vae.objectives import TERMS
from vae.optimizer import make_optimizer
from vae.randomness import generator
from vae.schedules import Plateau, learning_rate
from vae.step import Stepper
from vae.team import Team
from vae.validation import validated

# Enough points for a smooth live curve; each costs one synchronisation of the device.
_LOGS_PER_EPOCH, _LOGS_PER_RUN = 10, 1000
_TICK_SECONDS = 0.2


@dataclass(frozen=True)
class Progress:
    """One point of the curves: means over the images since the last point.

    Attributes:
        epoch: epochs done, with a fraction (2.5 is the middle of the third).
        split: ``"train"``, or ``"validation"`` at the end of an epoch.
        images: images trained on so far, over the whole run.
        loss: the weighted sum of the terms as they weighed then, in nats per image.
        terms: the terms by name (:data:`vae.objectives.TERMS`), in nats per image.
        usage: of the validation images, what the code is used for (:func:`vae.latent.usage.usage`);
            empty where codes are points.
    """

    split: str
    epoch: float
    images: int
    loss: float
    terms: dict[str, float]
    usage: dict[str, Any] = field(default_factory=dict)


def build_model(config: Config) -> VAE:
    """A model with fresh weights, drawn from the configuration's seed and nothing else."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.training.seed)
        return VAE(config.model)


class Trainer:
    """A model, its optimiser and the data, and how many epochs they have seen.

    Args:
        config: what to train.
        train: uint8 images (n, H, W, C), or an array that reads them when they are asked for.
        validation: uint8 images (m, H, W, C).
        state: where to go on from; from the start if ``None``.
        start: weights of the model that it starts from, where the configuration names one.
        where: whether the training images lie on the device or are streamed (:mod:`vae.batches`).
            It changes nothing of what is learned.
        team: the processes that train this model together, if there are others.

    Raises:
        VaeError: for a device that is not there, images of another shape, a foreign state, or
            weights to start from that do not fit or did not come.
    """

    def __init__(
        self,
        config: Config,
        train: Tensor | ImageRows,
        validation: Tensor,
        state: TrainingState | None = None,
        start: dict[str, Tensor] | None = None,
        where: Where = "auto",
        team: Team | None = None,
    ) -> None:
        for images in (train, validation):
            known = str(images.dtype).endswith("uint8")
            if not known or tuple(images.shape[1:]) != config.model.image_shape:
                raise VaeError(
                    f"Images came as {images.dtype} of shape {tuple(images.shape)}; this model "
                    f"takes uint8 of shape (n, {', '.join(map(str, config.model.image_shape))})."
                )
        self.config, self.team = config, team
        self.device = resolve_device(config.training.device)
        self.model = build_model(config).to(self.device)
        if config.training.start_from and start is None and state is None:
            raise VaeError(
                f"The weights of {config.training.start_from!r}, from which this training is to "
                "start, did not come."
            )
        if start is not None:
            check_tensors(start, self.model.state_dict(), config.training.start_from)
            self.model.load_state_dict(start)
        self.optimizer = make_optimizer(self.model, config)
        self.train_images = pick(train, self.device, where)
        self.validation_images = validation.to(self.device)
        self.epoch = self.step = self._seen = 0
        self._terms = TERMS[config.objective.objective]
        self._sums = torch.zeros(len(self._terms) + 1, device=self.device)
        self._plateau = Plateau()
        self.halts: frozenset[int] = frozenset()  # numbers of images at which run() yields for sure
        if state is not None:
            self._restore(state)
        if team is not None:
            team.check_alike(images=len(train), epoch=self.epoch, step=self.step, seen=self._seen)
            self._sums *= team.rank == 0

    @property
    def steps(self) -> int:
        """Gradient steps of an epoch."""
        return math.ceil(len(self.train_images) / self.config.training.batch_size)

    @property
    def images(self) -> int:
        """Images trained on so far."""
        count = len(self.train_images)
        of_epoch = min(count, self.step * self.config.training.batch_size)
        return self.epoch * count + of_epoch

    def state(self) -> TrainingState:
        """All that another trainer needs to go on from here, bit for bit."""
        return TrainingState(
            self.epoch,
            self.step,
            self._seen,
            self._sums,
            (self._plateau.best, self._plateau.waited, self._plateau.factor),
            self.model.state_dict(),
            self.optimizer.tensors(),
        )

    def _restore(self, state: TrainingState) -> None:
        check_tensors(state.model, self.model.state_dict(), "The checkpoint")
        if state.sums.shape != self._sums.shape:
            raise VaeError(
                f"The checkpoint sums up {len(state.sums)} terms; this configuration has "
                f"{len(self._sums)}."
            )
        self.model.load_state_dict(state.model)
        self.optimizer.restore(state.optimizer)
        self.epoch, self.step, self._seen = state.epoch, state.step, state.seen
        self._sums = state.sums.to(self.device, copy=True)
        self._plateau = Plateau(*state.plateau)

    def run(self) -> Iterator[Progress | None]:
        """Train to the configured number of epochs.

        Yields up to ten training points an epoch and a validation point at its end; and ``None``
        now and then, so that who runs it can look after other things. At every yield
        :meth:`state` may be saved.

        Raises:
            VaeError: if the loss stops being a finite number.
        """
        size = len(self.train_images)
        stepper = Stepper(self.config, self.model, self.optimizer, size, self.team)
        while self.epoch < self.config.training.epochs:
            yield from self._epoch(stepper)
            # The epoch counts as done only with its validation: a resumed run makes it again.
            point = self._validate(self.epoch + 1)
            if self.epoch + 1 > self.config.growing_epochs:
                self._plateau.note(point.loss, self.config.training.lr_patience)
            self.epoch, self.step = self.epoch + 1, 0
            yield point

    def _epoch(self, stepper: Stepper) -> Iterator[Progress | None]:
        training, team, steps = self.config.training, self.team, self.steps
        drawn = generator("cpu", "order", training.seed, self.epoch)
        order = torch.randperm(len(self.train_images), generator=drawn)
        logs = max(1, min(_LOGS_PER_EPOCH, _LOGS_PER_RUN // training.epochs))
        every = math.ceil(steps / logs)
        ticked = time.monotonic()
        self.model.train()
        for images in self.train_images.batches(order, training.batch_size, self.step):
            progress = self.epoch + self.step / steps
            self.optimizer.rate = learning_rate(training, progress, self._plateau)
            self._sums += stepper(images, self.epoch, self.step, progress)
            self._seen += len(images)
            self.step += 1
            if self.step % every == 0 or self.step == steps:
                sums = self._sums if team is None else team.total(self._sums)
                means, self._seen = sums / self._seen, 0
                self._sums = torch.zeros_like(self._sums)
                point = self._point("train", self.epoch + self.step / steps, self.images, means)
                ticked = time.monotonic()
                yield point
            elif self._is_tick(ticked):
                ticked = time.monotonic()
                if team is not None:
                    self._sums = team.kept(self._sums)
                yield None

    def _is_tick(self, ticked: float) -> bool:
        late = time.monotonic() - ticked > _TICK_SECONDS if self.team is None else self.team.due()
        return late or self.images in self.halts

    def _validate(self, epochs_done: int) -> Progress:
        images, size = self.validation_images, len(self.train_images)
        means, used = validated(self.model, images, self.config, size, epochs_done, self.team)
        point = self._point("validation", float(epochs_done), epochs_done * size, means)
        return replace(point, usage=used)

    def _point(self, split: str, epoch: float, images: int, means: Tensor) -> Progress:
        *values, loss = means.tolist()
        for name, value in zip((*self._terms, "loss"), (*values, loss), strict=True):
            if not math.isfinite(value):
                step = round(epoch * self.steps)
                raise VaeError(
                    f"The {name.replace('_', ' ')} term became {value} by step {step:,} (epoch "
                    f"{epoch:.2f}): training stopped. Try a lower learning rate or gradient "
                    "clipping, or look for values in the data that are not numbers."
                )
        return Progress(split, epoch, images, loss, dict(zip(self._terms, values, strict=True)))
