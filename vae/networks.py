"""Encoders and decoders: plain ``nn.Sequential`` stacks, built from a :class:`ModelConfig`."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from vae.config import ModelConfig
from vae.fast_layers import Convolution, Linear, Transposed, TransposedToGrey


class PadTo(nn.Module):
    """Zero-pad images at the bottom and right to (height, width), so that strides divide evenly."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        # x: (N, C, H, W) -> (N, C, height, width)
        if x.shape[2:] == (self.height, self.width):
            return x  # without a copy
        return F.pad(x, (0, self.width - x.shape[3], 0, self.height - x.shape[2]))


class CropTo(nn.Module):
    """Undo :class:`PadTo`."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, : self.height, : self.width]


def _between(config: ModelConfig) -> list[nn.Module]:
    """What stands between two layers."""
    return [nn.ReLU()] if config.activation == "relu" else []


def _outputs(config: ModelConfig) -> int:
    """Numbers that the encoder puts out: mean and log-variance side by side, or the code alone."""
    return config.latent_dim * (2 if config.posterior == "gaussian" else 1)


def _mlp_encoder(config: ModelConfig) -> nn.Sequential:
    pixels = math.prod(config.image_shape)
    layers: list[nn.Module] = [nn.Flatten()]
    sizes = (pixels, *config.widths)
    for inner, outer in pairwise(sizes):
        layers += [Linear(inner, outer), *_between(config)]
    layers.append(Linear(sizes[-1], _outputs(config)))
    return nn.Sequential(*layers)


def _mlp_decoder(config: ModelConfig) -> nn.Sequential:
    height, width, channels = config.image_shape
    layers: list[nn.Module] = []
    sizes = (config.latent_dim, *reversed(config.widths))
    for inner, outer in pairwise(sizes):
        layers += [Linear(inner, outer), *_between(config)]
    layers.append(Linear(sizes[-1], height * width * channels))
    layers.append(nn.Unflatten(1, (channels, height, width)))
    return nn.Sequential(*layers)


def _grid(config: ModelConfig) -> tuple[int, int]:
    """Height and width of the last feature map: each stage halves, after padding."""
    factor = 2 ** len(config.widths)
    height, width, _ = config.image_shape
    return math.ceil(height / factor), math.ceil(width / factor)


def _conv_encoder(config: ModelConfig) -> nn.Sequential:
    rows, columns = _grid(config)
    factor = 2 ** len(config.widths)
    layers: list[nn.Module] = [PadTo(rows * factor, columns * factor)]
    for inner, outer in pairwise((config.image_shape[2], *config.widths)):
        layers.append(Convolution(inner, outer, kernel_size=4, stride=2, padding=1))
        layers += _between(config)
    # Before the last activation, whose gradient then lies as the next layer's does.
    layers.insert(len(layers) - len(_between(config)), nn.Flatten())
    layers.append(Linear(config.widths[-1] * rows * columns, _outputs(config)))
    return nn.Sequential(*layers)


def _conv_decoder(config: ModelConfig) -> nn.Sequential:
    rows, columns = _grid(config)
    height, width, channels = config.image_shape
    deepest = config.widths[-1]
    layers: list[nn.Module] = [
        Linear(config.latent_dim, deepest * rows * columns),
        *_between(config),
        nn.Unflatten(1, (deepest, rows, columns)),
    ]
    stages = list(pairwise((*reversed(config.widths), channels)))
    for number, (inner, outer) in enumerate(stages, start=1):
        kind = TransposedToGrey if outer == 1 else Transposed
        layers.append(kind(inner, outer, kernel_size=4, stride=2, padding=1))
        if number < len(stages):
            layers += _between(config)
    layers.append(CropTo(height, width))
    return nn.Sequential(*layers)


def build_networks(config: ModelConfig) -> tuple[nn.Sequential, nn.Sequential]:
    """The encoder (N, C, H, W) -> (N, 2d), or (N, d) for point codes, and the decoder
    (N, d) -> (N, C, H, W) of logits.
    """
    if config.network == "mlp":
        encoder, decoder = _mlp_encoder(config), _mlp_decoder(config)
    else:
        encoder, decoder = _conv_encoder(config), _conv_decoder(config)
    if config.init == "normal-0.02":
        for module in (*encoder.modules(), *decoder.modules()):
            if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
    return encoder, decoder
