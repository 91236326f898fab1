"""Networks and presets: shapes for any image size, exact sizes, a gradient for every parameter."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vae.config import ModelConfig
from vae.model import VAE
from vae.objectives import elbo_terms
from vae.presets import PRESETS, make_config

SHAPES = [(8, 8, 1), (28, 28, 1), (64, 64, 1), (28, 20, 1), (33, 47, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_takes_every_image_size(preset: str, shape: tuple[int, int, int]) -> None:
    config = make_config(preset, "some", shape).model
    model = VAE(config)
    x = torch.rand(3, shape[2], shape[0], shape[1])
    logits, mu, logvar = model(x)
    assert logits.shape == x.shape
    assert mu.shape == logvar.shape == (3, config.latent_dim)
    assert model.decode(mu).min() >= 0
    assert model.decode(mu).max() <= 1
    sum(elbo_terms(logits, x, mu, logvar, config.likelihood)).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def _sizes(stack: nn.Sequential) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in stack if isinstance(m, nn.Linear)]


@pytest.mark.parametrize(
    ("preset", "encoder", "decoder"),
    [
        ("mlp-400-20", [(784, 400), (400, 40)], [(20, 400), (400, 784)]),
        (
            "mlp-512-256-64",
            [(784, 512), (512, 256), (256, 128)],
            [(64, 256), (256, 512), (512, 784)],
        ),
        ("mlp-2d", [(784, 256), (256, 4)], [(2, 256), (256, 784)]),
        ("conv-16", [(3136, 32)], [(16, 3136)]),
        ("conv-64px", [(128, 64)], [(32, 128)]),
    ],
)
def test_presets_have_the_sizes_of_their_systems(
    preset: str, encoder: list[tuple[int, int]], decoder: list[tuple[int, int]]
) -> None:
    model = VAE(make_config(preset, "mnist", (28, 28, 1)).model)
    assert _sizes(model.encoder) == encoder
    assert _sizes(model.decoder) == decoder


def test_conv_16_has_two_strided_stages() -> None:
    model = VAE(make_config("conv-16", "mnist", (28, 28, 1)).model)
    stages = [m for m in model.encoder if isinstance(m, nn.Conv2d)]
    assert [(m.in_channels, m.out_channels, m.stride) for m in stages] == [
        (1, 32, (2, 2)),
        (32, 64, (2, 2)),
    ]


@pytest.mark.parametrize("channels", [1, 3])
def test_conv_64px_halves_64_pixels_five_times(channels: int) -> None:
    model = VAE(make_config("conv-64px", "some", (64, 64, channels)).model)
    stages = [m for m in model.encoder if isinstance(m, nn.Conv2d)]
    assert [stage.stride for stage in stages] == [(2, 2)] * 5
    assert model.encoder[:-2](torch.rand(1, channels, 64, 64)).shape == (1, 128, 2, 2)
    assert model.decode(torch.zeros(1, 32)).shape == (1, channels, 64, 64)


def test_first_vae_starts_from_small_normal_weights() -> None:
    torch.manual_seed(0)
    model = VAE(make_config("mlp-400-20", "mnist", (28, 28, 1)).model)
    weight = model.encoder[1].weight
    assert weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert all(
        bool((p == 0).all()) for name, p in model.named_parameters() if name.endswith("bias")
    )


def test_presets_train_as_their_systems_say() -> None:
    assert (PRESETS["mlp-400-20"].batch_size, PRESETS["mlp-400-20"].epochs) == (128, 100)
    deeper = PRESETS["mlp-512-256-64"]
    assert (deeper.batch_size, deeper.epochs, deeper.lr) == (128, 20, 1e-3)


def test_gaussian_decoder_shows_its_mean() -> None:
    model = VAE(ModelConfig("mlp", (4,), 2, (2, 2, 1), likelihood="gaussian"))
    z = torch.randn(3, 2)
    torch.testing.assert_close(model.decode(z), model.decode_logits(z).clamp(0, 1))
