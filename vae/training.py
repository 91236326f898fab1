"""The training loop: data resident on the device as uint8, fused Adam, no synchronisation a step.

It knows files and screens no more than a generator does: it yields what happened.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from vae.checkpoints import TrainingState, check_tensors, restore_optimizer
from vae.config import Config, TrainingConfig
from vae.devices import resolve_device
from vae.errors import VaeError
from vae.inference import to_float
from vae.model import VAE
from vae.objectives import elbo_terms

# Enough points for a smooth live curve; each costs one synchronisation of the device.
_LOGS_PER_EPOCH, _LOGS_PER_RUN = 10, 1000
_VALIDATION_SEED = 2**31  # training seeds are smaller, so no noise is shared with them


@dataclass(frozen=True)
class Progress:
    """One point of the curves: means over the images since the last point, nats per image.

    Attributes:
        epoch: epochs done, with a fraction (2.5 is the middle of the third).
        split: ``"train"``, or ``"validation"`` at the end of an epoch.
        images: images trained on so far, over the whole run.
    """

    split: str
    epoch: float
    images: int
    reconstruction: float
    kl: float
    loss: float


def build_model(config: Config) -> VAE:
    """A model with fresh weights, drawn from the configuration's seed and nothing else."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        return VAE(config.model)


class Trainer:
    """A model, its optimiser and the data, and how many epochs they have seen.

    Args:
        config: what to train.
        train: uint8 images (n, H, W, C).
        validation: uint8 images (m, H, W, C).
        state: where to go on from; from the start if ``None``.

    Raises:
        VaeError: for a device that is not there, images of another shape, or a foreign state.
    """

    def __init__(
        self, config: Config, train: Tensor, validation: Tensor, state: TrainingState | None = None
    ) -> None:
        for images in (train, validation):
            if images.dtype != torch.uint8 or tuple(images.shape[1:]) != config.model.image_shape:
                raise VaeError(
                    f"Images came as {images.dtype} of shape {tuple(images.shape)}; this model "
                    f"takes uint8 of shape (n, {', '.join(map(str, config.model.image_shape))})."
                )
        self.config = config
        self.device = resolve_device(config.training.device)
        self.model = build_model(config).to(self.device)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=config.training.lr, fused=self.device.type != "mps"
        )
        self.train_images = train.to(self.device)
        self.validation_images = validation.to(self.device)
        self.epoch = 0
        if state is not None:
            check_tensors(state.model, self.model.state_dict(), "The checkpoint")
            self.model.load_state_dict(state.model)
            restore_optimizer(self.optimizer, state.optimizer)
            self.epoch = state.epoch

    def run(self) -> Iterator[Progress]:
        """Train to the configured number of epochs.

        Yields up to ten training points an epoch and a validation point at its end; between a
        validation point and the next, ``epoch`` is whole and the state may be saved.

        Raises:
            VaeError: if the loss stops being a finite number.
        """
        while self.epoch < self.config.training.epochs:
            yield from self._epoch()
            self.epoch += 1
            yield self._validate()

    def _epoch(self) -> Iterator[Progress]:
        training, count = self.config.training, len(self.train_images)
        order = torch.randperm(count, generator=_generator(training.seed, self.epoch, "cpu"))
        order = order.to(self.device)
        noise = _generator(training.seed, self.epoch, self.device.type)
        steps = math.ceil(count / training.batch_size)
        logs = max(1, min(_LOGS_PER_EPOCH, _LOGS_PER_RUN // training.epochs))
        every = math.ceil(steps / logs)
        sums = torch.zeros(2, device=self.device)
        seen = 0
        self.model.train()
        for step in range(steps):
            batch = order[step * training.batch_size : (step + 1) * training.batch_size]
            set_learning_rate(self.optimizer, training, self.epoch + step / steps)
            terms = training_step(
                self.model, self.optimizer, self.train_images[batch], training, noise
            )
            sums += terms
            seen += len(batch)
            if (step + 1) % every == 0 or step + 1 == steps:
                fraction = self.epoch + (step + 1) / steps
                images = self.epoch * count + min(count, (step + 1) * training.batch_size)
                yield _point("train", fraction, images, sums / seen, training.beta)
                sums, seen = torch.zeros_like(sums), 0

    @torch.no_grad()
    def _validate(self) -> Progress:
        self.model.eval()
        noise = _generator(_VALIDATION_SEED, 0, self.device.type)
        sums = torch.zeros(2, device=self.device)
        for images in self.validation_images.split(1024):
            sums += _forward_terms(self.model, images, noise, "fp32")
        return _point(
            "validation",
            float(self.epoch),
            self.epoch * len(self.train_images),
            sums / max(1, len(self.validation_images)),
            self.config.training.beta,
        )


def training_step(
    model: VAE,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    training: TrainingConfig,
    noise: Generator,
) -> Tensor:
    """One gradient step on uint8 images (n, H, W, C).

    Returns the batch's summed reconstruction and KL in nats as a tensor (2,) on the device, so
    that nothing waits for it.
    """
    sums = _forward_terms(model, images, noise, training.precision)
    loss = (sums[0] + training.beta * sums[1]) / len(images)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return sums.detach()


def _forward_terms(model: VAE, images: Tensor, noise: Generator, precision: str) -> Tensor:
    x = to_float(images)
    autocast = (
        torch.autocast(x.device.type, dtype=torch.bfloat16)
        if precision == "bf16"
        else contextlib.nullcontext()
    )
    with autocast:
        logits, mu, logvar = model(x, noise)
    terms = elbo_terms(logits, x, mu, logvar, model.config.likelihood)
    return torch.stack((terms.reconstruction.sum(), terms.kl.sum()))


def set_learning_rate(
    optimizer: torch.optim.Optimizer, training: TrainingConfig, epoch: float
) -> None:
    """Constant, or half a cosine from ``lr`` to 0 over the run (Loshchilov & Hutter, 2017)."""
    lr = training.lr
    if training.lr_schedule == "cosine":
        lr *= 0.5 * (1 + math.cos(math.pi * epoch / training.epochs))
    for group in optimizer.param_groups:
        group["lr"] = lr


def _generator(seed: int, epoch: int, device: str) -> Generator:
    """Random numbers that depend on (seed, epoch) alone, so that a resumed run repeats them."""
    return Generator(device=device).manual_seed(seed * 100_003 + epoch)


def _point(split: str, epoch: float, images: int, means: Tensor, beta: float) -> Progress:
    reconstruction, kl = means.tolist()
    for name, value in (("reconstruction", reconstruction), ("KL", kl)):
        if not math.isfinite(value):
            raise VaeError(
                f"The {name} term became {value} in epoch {epoch:.2f}: training stopped. Try a "
                "lower learning rate, or look for values in the data that are not numbers."
            )
    return Progress(split, epoch, images, reconstruction, kl, reconstruction + beta * kl)
