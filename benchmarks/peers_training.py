"""Other trainings of the same model: the loop of PyTorch's own VAE example, and pythae's trainer.

Both get the networks of the preset in PyTorch's plain layers, with the weights ours begin with.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from vae.config import Config
from vae.datasets import data_dir
from vae.training import build_model

Pass = Callable[[], None]


def plain_networks(config: Config) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder and decoder without the layers of `vae.fast_layers`."""
    model = build_model(config)
    return _plain(model.encoder), _plain(model.decoder)


def _plain(network: nn.Sequential) -> nn.Sequential:
    network = deepcopy(network)
    for layer in network:
        for kind in (nn.Linear, nn.Conv2d, nn.ConvTranspose2d):
            if isinstance(layer, kind):
                layer.__class__ = kind
    return network


class ExampleVAE(nn.Module):
    """The model of pytorch/examples/vae: (N, C, H, W) -> probabilities, mu, logvar."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.encoder, self.decoder = plain_networks(config)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.encoder(x).chunk(2, dim=1)
        std = torch.exp(0.5 * logvar)
        z = mu + torch.randn_like(std) * std
        return torch.sigmoid(self.decoder(z)), mu, logvar


def example_loop(config: Config, images: Tensor, device: torch.device) -> Pass:
    """A pass over MNIST ``images`` as vae/main.py of github.com/pytorch/examples makes it."""
    from torchvision import datasets, transforms

    mnist = datasets.MNIST(str(data_dir()), train=True, transform=transforms.ToTensor())
    mnist.data, mnist.targets = images[..., 0], mnist.targets[: len(images)]
    how: dict[str, Any] = {"num_workers": 1, "pin_memory": True} if device.type == "cuda" else {}
    loader = DataLoader(mnist, batch_size=config.training.batch_size, shuffle=True, **how)
    model = ExampleVAE(config).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.training.lr)

    def train() -> None:
        model.train()
        total = 0.0
        for data, _ in loader:
            data = data.to(device)
            optimizer.zero_grad()
            decoded, mu, logvar = model(data)
            bce = F.binary_cross_entropy(decoded, data, reduction="sum")
            kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
            loss = bce + kld
            loss.backward()
            total += loss.item()
            optimizer.step()

    return train


def pythae_loop(config: Config, images: Tensor, device: torch.device) -> Pass | None:
    """A pass by pythae's ``BaseTrainer``, the loop alone; ``None`` where it is not installed."""
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            from pythae.data.datasets import BaseDataset
            from pythae.models import VAE, VAEConfig
            from pythae.models.base.base_utils import ModelOutput
            from pythae.models.nn import BaseDecoder, BaseEncoder
            from pythae.trainers import BaseTrainer, BaseTrainerConfig
    except ImportError:
        return None
    logging.getLogger("pythae").setLevel(logging.ERROR)

    class Encoder(BaseEncoder):
        def __init__(self, network: nn.Sequential) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Tensor) -> ModelOutput:
            mu, logvar = self.network(x).chunk(2, dim=1)
            return ModelOutput(embedding=mu, log_covariance=logvar)

    class Decoder(BaseDecoder):
        def __init__(self, network: nn.Sequential) -> None:
            super().__init__()
            self.network = network

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=torch.sigmoid(self.network(z)))

    height, width, channels = config.model.image_shape
    encoder, decoder = plain_networks(config)
    model = VAE(
        VAEConfig((channels, height, width), config.model.latent_dim, reconstruction_loss="bce"),
        Encoder(encoder),
        Decoder(decoder),
    )
    with tempfile.TemporaryDirectory() as folder:
        settings = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=config.training.batch_size,
            learning_rate=config.training.lr,
            keep_best_on_train=True,
            no_cuda=device.type != "cuda",
        )
        floats = images.permute(0, 3, 1, 2).float() / 255
        trainer = BaseTrainer(model, BaseDataset(floats, torch.zeros(len(floats))), None, settings)
        trainer.prepare_training()  # makes a folder, in which nothing is kept

    def train() -> None:
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
            trainer.train_step(1)
            trainer.callback_handler.on_epoch_end(training_config=settings)

    return train
