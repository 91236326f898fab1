"""The variational autoencoder (Kingma & Welling, 2014; Rezende et al., 2014)."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from vae.config import POINT_LOGVAR, ModelConfig
from vae.networks import build_networks


class VAE(nn.Module):
    """Encoder q(z|x) = N(mu, diag(exp(logvar))), prior p(z) = N(0, I), decoder p(x|z).

    Images are floats in 0–1 of shape (N, C, H, W); codes have shape (N, d). With the posterior
    ``"point"`` it is a plain autoencoder: z = mu, and the log-variance says nothing.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = build_networks(config)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The posterior's mean and log-variance, each (N, d), for images (N, C, H, W) in 0–1."""
        if self.config.posterior == "point":
            mu = self.encoder(x)
            return mu, torch.full_like(mu, POINT_LOGVAR)
        mu, logvar = self.encoder(x).chunk(2, dim=1)
        return mu, logvar

    def decode_logits(self, z: Tensor) -> Tensor:
        """What the decoder puts out before its link function, (N, C, H, W)."""
        return self.decoder(z)

    def decode(self, z: Tensor) -> Tensor:
        """The mean of p(x|z), pixels in 0–1, (N, C, H, W).

        Bernoulli: the probability sigmoid(logits). Gaussian: the mean itself, clipped for display.
        """
        logits = self.decode_logits(z)
        if self.config.likelihood == "bernoulli":
            return torch.sigmoid(logits)
        return logits.clamp(0.0, 1.0)

    def forward(self, x: Tensor, generator: Generator | None = None) -> tuple[Tensor, ...]:
        """Encode, sample, decode: (logits, mu, logvar)."""
        mu, logvar = self.encode(x)
        return self.decode_logits(reparameterize(mu, logvar, generator)), mu, logvar


def reparameterize(mu: Tensor, logvar: Tensor, generator: Generator | None = None) -> Tensor:
    """A sample z = mu + sigma · eps with eps ~ N(0, I), differentiable in mu and logvar."""
    eps = torch.empty_like(mu).normal_(generator=generator)
    return mu + torch.exp(0.5 * logvar) * eps
