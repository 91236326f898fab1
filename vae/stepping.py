"""A training taken one step at a time: every tensor of the step kept, to be looked at in order.

Encode, sample, decode, loss, gradients, update (Kingma & Welling, 2014, algorithm 1). The weights
go the same way as in :mod:`vae.training`, with the same batches and the same draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vae.config import Config
from vae.errors import VaeError
from vae.inference import to_float, to_pixels
from vae.objectives import elbo_terms, gaussian_kl, reconstruction_nll
from vae.optimizer import make_optimizer
from vae.randomness import generator
from vae.step import coefficients
from vae.training import build_model

SHOWN = 8  # images of a batch that are kept to be looked at


@dataclass(frozen=True)
class WalkedStep:
    """One step, with the first images of its batch: n of them, codes of d dimensions.

    Attributes:
        number: of the step, from 1.
        epoch: of that step, from 1.
        batch: images in its batch.
        beta: the weight of the KL as it was then.
        images, decodes: uint8 (n, H, W, C).
        mu, sigma, eps, z: (n, d).
        pixel_nll: -log p(x|z) of each pixel, its channels added up, (n, H, W), in nats.
        kl_dims: KL(q(z|x) || p(z)) by dimension, (n, d), in nats.
        reconstruction, kl: means over the whole batch, in nats per image.
        loss: reconstruction + beta · kl.
        loss_after: of the same batch with the same eps, after the update.
        gradients: the norm of the loss's gradient by each parameter.
        changes: how far the update moved each parameter, as a share of its own norm before.
    """

    number: int
    epoch: int
    batch: int
    beta: float
    images: np.ndarray
    decodes: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    eps: np.ndarray
    z: np.ndarray
    pixel_nll: np.ndarray
    kl_dims: np.ndarray
    reconstruction: float
    kl: float
    loss: float
    loss_after: float
    gradients: dict[str, float]
    changes: dict[str, float]


class Walk:
    """A VAE that learns when it is told to, one step at a time.

    Args:
        config: the ELBO, on the CPU, in single precision, at a constant rate, without augmentation
            and noise.
        images: uint8 (n, H, W, C).

    Raises:
        VaeError: for a configuration of another kind.
    """

    def __init__(self, config: Config, images: np.ndarray) -> None:
        training, objective = config.training, config.objective.objective
        plain = (objective, training.precision, training.noise, training.lr_schedule)
        if plain != ("elbo", "fp32", "none", "constant") or training.device != "cpu":
            raise VaeError(
                "Step by step goes with elbo, fp32, no noise, a constant rate and the cpu; this is "
                f"{', '.join(plain)} on {training.device}."
            )
        self.config, self._images = config, torch.tensor(images)
        self.model = build_model(config).train()
        self._optimizer = make_optimizer(self.model, config)
        self.steps = 0

    def advance(self) -> WalkedStep:
        """Make a step.

        Raises:
            VaeError: if the loss is no longer a finite number.
        """
        x, eps, epoch, progress = self._batch()
        beta = coefficients(self.config.objective, progress, self.config.training.epochs)[1]
        before = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        loss, terms, (mu, logvar, z, logits) = self._forward(x, eps, beta)
        if not torch.isfinite(loss):
            raise VaeError(
                f"The loss became {loss.item()} at step {self.steps + 1:,}: start again with a "
                "lower learning rate."
            )
        self._optimizer.zero_grad()
        loss.backward()
        gradients = {
            name: float(p.grad.norm())
            for name, p in self.model.named_parameters()
            if p.grad is not None
        }
        self._optimizer.step()
        self.steps += 1
        with torch.no_grad():
            after, _, _ = self._forward(x, eps, beta)
            changes = {
                name: float((p - before[name]).norm() / before[name].norm().clamp_min(1e-12))
                for name, p in self.model.named_parameters()
            }
            likelihood = self.config.model.likelihood
            decoded = logits.sigmoid() if likelihood == "bernoulli" else logits.clamp(0.0, 1.0)
            each = [t[:SHOWN].reshape(-1, 1, 1, 1) for t in (logits, x)]
            nll = reconstruction_nll(each[0], each[1], likelihood).view_as(x[:SHOWN]).sum(1)
            return WalkedStep(
                number=self.steps,
                epoch=epoch + 1,
                batch=len(x),
                beta=beta,
                images=to_pixels(x[:SHOWN]).numpy(),
                decodes=to_pixels(decoded[:SHOWN]).numpy(),
                mu=mu[:SHOWN].numpy(),
                sigma=logvar[:SHOWN].mul(0.5).exp().numpy(),
                eps=eps[:SHOWN].numpy(),
                z=z[:SHOWN].numpy(),
                pixel_nll=nll.numpy(),
                kl_dims=gaussian_kl(mu[:SHOWN], logvar[:SHOWN]).numpy(),
                reconstruction=float(terms[0].mean()),
                kl=float(terms[1].mean()),
                loss=float(loss),
                loss_after=float(after),
                gradients=gradients,
                changes=changes,
            )

    def _batch(self) -> tuple[Tensor, Tensor, int, float]:
        """The next batch (b, C, H, W) in 0–1, its draws (b, d), its epoch from 0, the progress."""
        training, count = self.config.training, len(self._images)
        per_epoch = -(-count // training.batch_size)
        epoch, step = divmod(self.steps, per_epoch)
        order = torch.randperm(count, generator=generator("cpu", "order", training.seed, epoch))
        rows = order[step * training.batch_size : (step + 1) * training.batch_size]
        drawn = generator("cpu", "noise", training.seed, epoch, step)
        eps = torch.empty(len(rows), self.config.model.latent_dim).normal_(generator=drawn)
        return to_float(self._images[rows]), eps, epoch, epoch + step / per_epoch

    def _forward(
        self, x: Tensor, eps: Tensor, beta: float
    ) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...]]:
        """The loss; its terms, (b,) each; and μ, log σ², z, logits, detached."""
        mu, logvar = self.model.encode(x)
        z = mu + torch.exp(0.5 * logvar) * eps
        logits = self.model.decode_logits(z)
        terms = elbo_terms(logits, x, mu, logvar, self.config.model.likelihood)
        loss = terms.reconstruction.mean() + beta * terms.kl.mean()
        seen = tuple(tensor.detach() for tensor in (mu, logvar, z, logits))
        return loss, tuple(term.detach() for term in terms), seen
