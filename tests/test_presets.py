"""Presets are the systems that they are named for, to the letter."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest
import torch
from torch import nn

from vae.card import command
from vae.config import Config, Objective, TrainingConfig
from vae.datasets.registry import DATASETS
from vae.errors import VaeError
from vae.model import VAE
from vae.presets import DEFAULT_PRESET, PRESETS, make_config, own_settings, sensible_epochs
from vae.training import Trainer


def _mnist(preset: str, **chosen: Any) -> Config:
    return make_config(preset, "mnist", (28, 28, 1), **chosen)


def _layers(stack: nn.Sequential) -> list[Any]:
    """Sizes of the linear layers, channels of the convolutions, and what stands between them."""
    found: list[Any] = []
    for module in stack:
        if isinstance(module, nn.Linear):
            found.append((module.in_features, module.out_features))
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            assert module.stride == (2, 2)
            found.append((module.in_channels, module.out_channels, "halved"))
        elif isinstance(module, nn.ReLU):
            found.append("ReLU")
    return found


@pytest.mark.parametrize(
    ("preset", "encoder", "decoder"),
    [
        ("mlp-400-20", [(784, 400), "ReLU", (400, 40)], [(20, 400), "ReLU", (400, 784)]),
        (
            "mlp-512-256-64",
            [(784, 512), "ReLU", (512, 256), "ReLU", (256, 128)],
            [(64, 256), "ReLU", (256, 512), "ReLU", (512, 784)],
        ),
        ("mlp-2d", [(784, 256), "ReLU", (256, 4)], [(2, 256), "ReLU", (256, 784)]),
        ("faces-100", [(784, 500), "ReLU", (500, 200)], [(100, 500), "ReLU", (500, 784)]),
        ("linear-ae", [(784, 10)], [(10, 784)]),
        (
            "ae",
            [(784, 512), "ReLU", (512, 256), "ReLU", (256, 32)],
            [(32, 256), "ReLU", (256, 512), "ReLU", (512, 784)],
        ),
        ("sparse-ae", [(784, 512), "ReLU", (512, 64)], [(64, 512), "ReLU", (512, 784)]),
        ("denoising-ae", [(784, 512), "ReLU", (512, 64)], [(64, 512), "ReLU", (512, 784)]),
        (
            "conv-16",
            [(1, 32, "halved"), "ReLU", (32, 64, "halved"), "ReLU", (64 * 7 * 7, 32)],
            [(16, 64 * 7 * 7), "ReLU", (64, 32, "halved"), "ReLU", (32, 1, "halved")],
        ),
    ],
)
def test_networks(preset: str, encoder: list[Any], decoder: list[Any]) -> None:
    model = VAE(_mnist(preset).model)
    assert _layers(model.encoder) == encoder
    assert _layers(model.decoder) == decoder


@pytest.mark.parametrize("channels", [1, 3])
def test_conv_64px_halves_64_pixels_five_times(channels: int) -> None:
    model = VAE(make_config("conv-64px", "some", (64, 64, channels)).model)
    stages = [layer for layer in _layers(model.encoder) if "halved" in layer]
    assert len(stages) == len([layer for layer in _layers(model.decoder) if "halved" in layer]) == 5
    assert stages[0][0] == channels
    assert model.encoder[:-3](torch.rand(1, channels, 64, 64)).shape == (1, 128, 2, 2)
    assert model.decode(torch.zeros(1, 32)).shape == (1, channels, 64, 64)


def test_the_default_is_convolutional() -> None:
    assert DEFAULT_PRESET == "conv-16"


def test_first_vae_starts_from_small_normal_weights() -> None:
    model = VAE(_mnist("mlp-400-20").model)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            assert bool((parameter == 0).all()), name
        else:
            assert parameter.std().item() == pytest.approx(0.02, rel=0.05), name
            assert abs(parameter.mean().item()) < 0.001, name


@pytest.mark.parametrize(
    ("preset", "objective", "likelihood", "epochs"),
    [
        ("mlp-400-20", "elbo", "bernoulli", 100),
        ("mlp-512-256-64", "elbo", "bernoulli", 20),
        ("mlp-2d", "elbo", "bernoulli", 20),
        ("conv-16", "elbo", "bernoulli", 20),
        ("conv-64px", "elbo", "bernoulli", 20),
        ("faces-100", "aevb", "bernoulli", 100),
        ("ae", "autoencoder", "gaussian", 20),
        ("linear-ae", "autoencoder", "gaussian", 20),
        ("sparse-ae", "autoencoder", "gaussian", 20),
        ("denoising-ae", "autoencoder", "gaussian", 20),
    ],
)
def test_training(preset: str, objective: Objective, likelihood: str, epochs: int) -> None:
    config = _mnist(preset)
    assert config.preset == preset
    assert config.objective.objective == objective
    assert config.objective.beta == 1
    assert config.model.likelihood == likelihood
    assert config.training.epochs == epochs
    assert config.training.lr == (1e-2 if preset == "linear-ae" else 1e-3)
    assert config.training.batch_size == (64 if preset == "conv-64px" else 128)
    assert config.model.posterior == ("point" if objective == "autoencoder" else "gaussian")
    assert (config.objective.sparsity > 0) == (preset == "sparse-ae")
    assert (config.training.noise != "none") == (preset == "denoising-ae")
    images = torch.zeros(1, 28, 28, 1, dtype=torch.uint8)
    decays = Trainer(config, images, images).optimizer.weight_decay > 0
    assert decays == (preset == "sparse-ae")


def test_the_plain_autoencoder_comes_with_either_error() -> None:
    assert _mnist("ae", likelihood="bernoulli").model.likelihood == "bernoulli"


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("kind", get_args(Objective))
def test_every_preset_goes_with_every_objective(preset: str, kind: Objective) -> None:
    """The networks stay; of the preset's own settings those that are read stay too."""
    config = _mnist(preset, objective=kind)
    assert config.model.posterior == ("point" if kind == "autoencoder" else "gaussian")
    assert config.model.widths == _mnist(preset).model.widths
    for name, value in own_settings(preset, kind).items():
        if name != "objective":
            parts = (config.model, config.objective, config.training)
            assert [getattr(p, name) for p in parts if hasattr(p, name)] == [value]


def test_objectives_bring_a_sensible_beginning() -> None:
    assert _mnist("mlp-2d", objective="capacity").objective.gamma > 1
    assert _mnist("mlp-2d", objective="beta-tcvae").objective.beta > 1
    assert _mnist("mlp-2d", objective="iwae").objective.samples > 1
    assert _mnist("mlp-2d", objective="iwae", samples=1).objective.samples == 1


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("preset", PRESETS)
def test_small_data_sets_get_enough_steps(preset: str, dataset: str) -> None:
    info = DATASETS[dataset]
    config = make_config(preset, dataset, info.image_shape)
    steps = config.training.epochs * math.ceil(info.sizes["train"] / config.training.batch_size)
    assert steps > 0.9 * PRESETS[preset].steps
    assert config.training.epochs >= PRESETS[preset].settings.get("epochs", 20)
    larger = make_config(preset, dataset, info.image_shape, batch_size=10_000)
    assert larger.training.epochs >= config.training.epochs
    own = make_config(preset, dataset, info.image_shape, epochs=3)
    assert own.training.epochs == 3
    assert sensible_epochs(preset, dataset, config.training.batch_size) == config.training.epochs


def test_unknown_preset_and_option() -> None:
    with pytest.raises(VaeError, match="conv-16"):
        _mnist("conv-17")
    with pytest.raises(VaeError, match="'delta'"):
        _mnist("conv-16", delta=1)
    with pytest.raises(VaeError, match="objective is gan"):
        _mnist("conv-16", objective="gan")
    with pytest.raises(VaeError, match="do not fit"):
        _mnist("conv-16", posterior="point")


@pytest.mark.parametrize(
    ("idle", "awake"),
    [
        ({"noise_level": 0.2}, {"noise": "masking"}),
        ({"lr_patience": 3}, {"lr_schedule": "plateau"}),
    ],
)
def test_what_another_choice_makes_idle_is_refused(
    idle: dict[str, Any], awake: dict[str, Any]
) -> None:
    ((name, value),), (other,) = idle.items(), awake.values()
    flag = name.replace("_", "-")
    with pytest.raises(VaeError, match=f"{flag} has no meaning without .*{other}"):
        _mnist("conv-16", **idle)
    assert getattr(_mnist("conv-16", **idle, **awake).training, name) == value
    assert getattr(_mnist("conv-16", **awake).training, name) == getattr(TrainingConfig, name)


def test_a_preset_without_its_noise_has_no_level_of_it() -> None:
    assert _mnist("denoising-ae", noise_level=0.1).training.noise_level == 0.1
    config = _mnist("denoising-ae", noise="none")
    assert config.training.noise_level == TrainingConfig.noise_level
    assert "--noise none" in (line := command("x", config))
    assert "noise-level" not in line
