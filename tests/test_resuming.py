"""A training that was stopped anywhere goes on bit for bit: weights and points of the curves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vae.checkpoints import TrainingState, load_training_state, save_training_state
from vae.config import Config
from vae.datasets import load
from vae.presets import make_config
from vae.training import Progress, Trainer, build_model

WAYS: dict[str, dict[str, Any]] = {
    "adam": {},
    "adamw": {"weight_decay": 0.05, "clip_norm": 20.0},
    "plateau": {"lr_schedule": "plateau", "lr_patience": 1, "lr": 0.02},
    "warm-up": {"beta": 4.0, "beta_warmup": 1.5, "lr_schedule": "cosine"},
    "capacity": {"objective": "capacity", "capacity": 9.0},
    "augmented": {"rotate": 20.0, "scale": 0.1, "flip": True},
    "denoising": {"preset": "denoising-ae"},
    "sparse": {"preset": "sparse-ae"},
    "iwae": {"objective": "iwae", "samples": 3},
    "mmd": {"objective": "wae-mmd"},
    "total-correlation": {"objective": "beta-tcvae"},
    "frozen": {"start_from": "teacher", "freeze": "encoder"},
    "bf16": {"precision": "bf16"},
    "convolutional": {"preset": "conv-16", "epochs": 2, "batch_size": 12},
}


@pytest.fixture(scope="module")
def images() -> tuple[Tensor, Tensor]:
    train, validation = (load("digits", split).images for split in ("train", "validation"))
    # Negatives: as a model learns it gets worse at them, so that a plateau is sure to come.
    return torch.tensor(train[:150]), torch.tensor(255 - validation[:40])


@pytest.fixture(autouse=True)
def ticks_after_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that each step is a place to stop at."""
    monkeypatch.setattr("vae.training._TICK_SECONDS", -1.0)


def _config(preset: str = "mlp-2d", **chosen: Any) -> Config:
    settings = {"epochs": 3, "batch_size": 8, "device": "cpu", "seed": 4, **chosen}
    return make_config(preset, "digits", (8, 8, 1), **settings)


def _trainer(config: Config, images: tuple[Tensor, Tensor], state: TrainingState | None) -> Trainer:
    start = None
    if config.training.start_from and state is None:
        start = build_model(_config(seed=9)).state_dict()
    return Trainer(config, *images, state, start)


def _whole(config: Config, images: tuple[Tensor, Tensor]) -> tuple[Trainer, list[Progress | None]]:
    trainer = _trainer(config, images, None)
    return trainer, list(trainer.run())


def _broken_everywhere(
    config: Config, images: tuple[Tensor, Tensor], path: Path
) -> Iterator[tuple[Trainer, Progress | None]]:
    """As many trainers as there are yields: each goes to its first one, and is written down."""
    state = None
    while state is None or state.epoch < config.training.epochs:
        trainer = _trainer(config, images, state)
        point = next(trainer.run())
        save_training_state(path, trainer.state())
        state = load_training_state(path)
        yield trainer, point


def _assert_equal(first: Trainer, second: Trainer) -> None:
    one, other = first.state(), second.state()
    for found, wanted in ((one.model, other.model), (one.optimizer, other.optimizer)):
        assert sorted(found) == sorted(wanted)
        assert [name for name in found if not torch.equal(found[name], wanted[name])] == []
    assert (one.epoch, one.step, one.seen, one.plateau) == (
        other.epoch,
        other.step,
        other.seen,
        other.plateau,
    )
    assert torch.equal(one.sums, other.sums)


@pytest.mark.parametrize("way", WAYS)
def test_stopped_at_every_yield_it_ends_as_if_never(
    way: str, images: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    config = _config(**WAYS[way])
    whole, points = _whole(config, images)
    broken, found = None, []
    for trainer, point in _broken_everywhere(config, images, tmp_path / "state"):
        broken = trainer
        found.append(point)
    assert None in points
    assert found == points
    assert broken is not None
    _assert_equal(broken, whole)
    if way == "plateau":
        assert whole.state().plateau[2] < 1  # the rate was halved on the way


@pytest.mark.parametrize("at", [1, 30, 57])
def test_a_state_may_be_gone_on_from_more_than_once(
    at: int, images: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    """It is not used up: neither moments nor sums of who went on from it change it."""
    config = _config()
    whole, points = _whole(config, images)
    begun = _trainer(config, images, None)
    running = begun.run()
    seen = [next(running) for _ in range(at)]
    save_training_state(tmp_path / "state", begun.state())
    state = load_training_state(tmp_path / "state")
    for _ in range(2):
        trainer = _trainer(config, images, state)
        assert seen + list(trainer.run()) == points
        _assert_equal(trainer, whole)


def test_looking_at_the_state_changes_nothing(images: tuple[Tensor, Tensor]) -> None:
    config = _config()
    whole, points = _whole(config, images)
    trainer = _trainer(config, images, None)
    found = []
    for point in trainer.run():
        trainer.state()
        found.append(point)
    assert found == points
    _assert_equal(trainer, whole)


def test_after_the_last_epoch_there_is_nothing_to_do(
    images: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    whole, _ = _whole(_config(epochs=1), images)
    save_training_state(tmp_path / "state", whole.state())
    again = _trainer(_config(epochs=1), images, load_training_state(tmp_path / "state"))
    assert list(again.run()) == []
    _assert_equal(again, whole)


def test_a_resumed_training_knows_how_far_it_is(
    images: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    begun = _trainer(_config(), images, None)
    running = begun.run()
    for _ in range(25):  # 19 steps and a validation are an epoch
        next(running)
    assert (begun.epoch, begun.step, begun.images) == (1, 5, 150 + 40)
    save_training_state(tmp_path / "state", begun.state())
    resumed = _trainer(_config(), images, load_training_state(tmp_path / "state"))
    assert (resumed.epoch, resumed.step, resumed.images) == (1, 5, 190)


def test_the_points_are_plain_numbers(images: tuple[Tensor, Tensor]) -> None:
    for point in _whole(_config(epochs=1), images)[1]:
        if point is not None:
            numbers = [point.loss, point.epoch, point.images, *point.terms.values()]
            assert {type(number) for number in numbers} <= {int, float}
            assert json.loads(json.dumps(numbers)) == numbers
