"""Networks: shapes for any image size, a gradient for every parameter, codes that are points."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vae.config import ModelConfig
from vae.model import POINT_LOGVAR, VAE
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


def test_gaussian_decoder_shows_its_mean() -> None:
    model = VAE(ModelConfig("mlp", (4,), 2, (2, 2, 1), likelihood="gaussian"))
    z = torch.randn(3, 2)
    torch.testing.assert_close(model.decode(z), model.decode_logits(z).clamp(0, 1))


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_a_point_code_is_what_the_encoder_puts_out(network: str) -> None:
    config = ModelConfig(network, (4,), 3, (5, 6, 1), posterior="point")  # type: ignore[arg-type]
    model, x = VAE(config), torch.rand(2, 1, 5, 6)
    mu, logvar = model.encode(x)
    assert mu.shape == (2, 3)
    assert torch.equal(mu, model.encoder(x))
    assert (logvar == POINT_LOGVAR).all()
    # a draw from it is the code, as far as a picture can tell
    logits = model(x, torch.Generator().manual_seed(0))[0]
    torch.testing.assert_close(logits, model.decode_logits(mu), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("widths", [(), (7, 5)])
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_a_linear_network_is_an_affine_map(network: str, widths: tuple[int, ...]) -> None:
    if network == "conv" and not widths:
        return  # at least one stage, as vae.config says
    config = ModelConfig(
        network,  # type: ignore[arg-type]
        widths,
        3,
        (5, 6, 1),
        activation="linear",
        posterior="point",
    )
    model = VAE(config).double()
    assert not any(isinstance(module, nn.ReLU) for module in model.modules())
    for function, shape in ((model.encoder, (1, 5, 6)), (model.decoder, (3,))):
        a, b = torch.randn(2, 4, *shape, dtype=torch.double)
        zero = function(torch.zeros_like(a))
        torch.testing.assert_close(
            function(2 * a - 3 * b), 2 * function(a) - 3 * function(b) + 2 * zero
        )


def test_padding_is_undone() -> None:
    """33 × 47 pixels become 64 × 64 inside, and what is beyond an image's edges never shows."""
    model = VAE(ModelConfig("conv", (4, 4, 4, 4, 4), 3, (33, 47, 3)))
    padded = model.encoder[0](torch.ones(1, 3, 33, 47))
    assert padded.shape == (1, 3, 64, 64)
    assert padded.sum() == 3 * 33 * 47
    assert model.decode(torch.zeros(1, 3)).shape == (1, 3, 33, 47)
