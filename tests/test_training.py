"""The loop: it learns, repeats itself bit for bit, resumes, and stops on a loss that is none."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
import torch
from torch import Tensor

from vae.checkpoints import load_training_state, save_training_state
from vae.config import Config
from vae.datasets import load
from vae.errors import VaeError
from vae.presets import PRESETS, make_config
from vae.training import Trainer, set_learning_rate


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    return tuple(torch.tensor(load("digits", split).images) for split in ("train", "validation"))


def _config(preset: str = "mlp-2d", **chosen: object) -> Config:
    return make_config(preset, "digits", (8, 8, 1), device="cpu", **{"epochs": 2, **chosen})


def _weights(trainer: Trainer) -> list[Tensor]:
    return [tensor.clone() for tensor in trainer.model.state_dict().values()]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_improves_on_its_untrained_control(
    preset: str, digits: tuple[Tensor, Tensor]
) -> None:
    trainer = Trainer(_config(preset, epochs=3), *digits)
    untrained = trainer._validate()
    trained = list(trainer.run())[-1]
    assert trained.split == "validation"
    assert trained.loss < untrained.loss - 3  # nats


def test_same_seed_same_weights_bit_for_bit(digits: tuple[Tensor, Tensor]) -> None:
    first, second, other = (Trainer(_config(seed=seed), *digits) for seed in (1, 1, 2))
    for trainer in (first, second, other):
        torch.rand(3)  # what others draw from the global generator must not matter
        list(trainer.run())
    assert all(map(torch.equal, _weights(first), _weights(second)))
    assert not all(map(torch.equal, _weights(first), _weights(other)))


def test_resumed_run_equals_the_uninterrupted_one(digits, tmp_path) -> None:
    config = _config("conv-16", epochs=3, lr_schedule="cosine")
    whole = Trainer(config, *digits)
    list(whole.run())
    begun = Trainer(config, *digits)
    for point in begun.run():
        if point.split == "validation" and begun.epoch == 1:
            save_training_state(
                tmp_path / "state.safetensors", begun.model, begun.optimizer, begun.epoch
            )
            break
    resumed = Trainer(config, *digits, load_training_state(tmp_path / "state.safetensors"))
    assert resumed.epoch == 1
    list(resumed.run())
    assert all(map(torch.equal, _weights(whole), _weights(resumed)))


def test_points_cover_the_epochs_and_add_up(digits: tuple[Tensor, Tensor]) -> None:
    config = _config(beta=3.0)
    points = list(Trainer(config, *digits).run())
    validation = [point for point in points if point.split == "validation"]
    assert [point.epoch for point in validation] == [1.0, 2.0]
    assert all(a.epoch <= b.epoch for a, b in itertools.pairwise(points))
    assert points[-1].images == 2 * len(digits[0])
    for point in points:
        assert point.loss == pytest.approx(point.reconstruction + 3.0 * point.kl)


def test_beta_lowers_the_kl(digits: tuple[Tensor, Tensor]) -> None:
    ends = [list(Trainer(_config(epochs=20, beta=b), *digits).run())[-1] for b in (0.1, 4.0)]
    assert ends[0].kl > 2 * ends[1].kl


def test_bf16_learns_as_fp32_does(digits: tuple[Tensor, Tensor]) -> None:
    ends = [
        list(Trainer(_config(epochs=5, precision=p), *digits).run())[-1] for p in ("fp32", "bf16")
    ]
    assert ends[0].loss == pytest.approx(ends[1].loss, abs=0.5)


def test_a_loss_that_is_no_number_stops_with_the_term(digits: tuple[Tensor, Tensor]) -> None:
    trainer = Trainer(_config(), *digits)
    with torch.no_grad():
        next(trainer.model.parameters()).fill_(math.nan)
    with pytest.raises(VaeError, match="term became nan"):
        list(trainer.run())


def test_images_of_another_shape_are_refused(digits: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(VaeError, match=r"\(28, 28, 1\)|28, 28, 1"):
        Trainer(make_config("mlp-2d", "mnist", (28, 28, 1)), *digits)
    with pytest.raises(VaeError, match="float32"):
        Trainer(_config(), digits[0].float(), digits[1])


def test_foreign_checkpoint_is_refused(digits, tmp_path) -> None:
    trainer = Trainer(_config(), *digits)
    save_training_state(tmp_path / "state", trainer.model, trainer.optimizer, 1)
    with pytest.raises(VaeError, match="checkpoint"):
        Trainer(_config(latent_dim=3), *digits, load_training_state(tmp_path / "state"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused_in_a_sentence(digits: tuple[Tensor, Tensor]) -> None:
    config = _config()
    config = dataclasses.replace(
        config, training=dataclasses.replace(config.training, device="cuda")
    )
    with pytest.raises(VaeError, match="use auto or cpu"):
        Trainer(config, *digits)


def test_cosine_schedule_goes_from_lr_to_zero() -> None:
    training = _config(epochs=10, lr=0.01, lr_schedule="cosine").training
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=0.5)
    rates = []
    for epoch in (0, 5, 10):
        set_learning_rate(optimizer, training, epoch)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.01, 0.005, 0.0])
