"""The alarm of posterior collapse: seeded runs of every cause raise it, healthy ones never do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

from tests.conftest import needs_data
from vae.alarms import Cause, Finding, collapse, remedied
from vae.config import Config
from vae.datasets import load
from vae.errors import VaeError
from vae.presets import make_config
from vae.training import Trainer

Points = list[dict[str, Any]]

# (cause, preset, seed, what is chosen)
COLLAPSING: list[tuple[Cause, str, int, dict[str, Any]]] = [
    ("beta", "mlp-2d", 0, {"beta": 6.0}),
    ("beta", "mlp-400-20", 1, {"beta": 8.0, "beta_warmup": 5.0, "epochs": 35}),
    ("beta", "mlp-2d", 2, {"beta": 5.0}),
    ("sum", "mlp-2d", 0, {"beta": 64.0}),
    ("sum", "mlp-400-20", 1, {"beta": 64.0}),
    ("sum", "mlp-2d", 2, {"beta": 64.0, "beta_warmup": 5.0, "epochs": 35}),
    ("variance", "mlp-2d", 0, {"likelihood": "gaussian"}),
    ("variance", "mlp-400-20", 1, {"likelihood": "gaussian"}),
    ("warm-up", "mlp-512-256-64", 0, {"lr": 0.01}),
    ("warm-up", "mlp-512-256-64", 1, {"lr": 0.01}),
    ("learning rate", "mlp-400-20", 1, {"lr": 0.05, "epochs": 40}),
    ("capacity", "mlp-2d", 0, {"objective": "capacity", "capacity": 0.0}),
]
HEALTHY: list[tuple[str, int, dict[str, Any]]] = [
    ("mlp-2d", 0, {}),
    ("mlp-2d", 1, {"beta": 2.0}),
    ("mlp-2d", 2, {"beta_warmup": 10.0}),
    ("mlp-2d", 3, {"beta": 0.2}),
    ("mlp-2d", 4, {"lr": 1e-4, "epochs": 60}),
    ("mlp-400-20", 0, {}),
    ("mlp-400-20", 1, {"beta_warmup": 10.0, "epochs": 35}),
    ("mlp-512-256-64", 0, {}),
    # as the collapse without a warm-up, but with one
    ("mlp-512-256-64", 1, {"lr": 0.01, "beta_warmup": 9.0, "epochs": 33}),
    ("conv-16", 0, {"epochs": 23}),
    ("mlp-2d", 0, {"likelihood": "gaussian", "beta": 0.05}),
    ("mlp-2d", 1, {"objective": "capacity"}),
    ("mlp-2d", 1, {"objective": "beta-tcvae"}),
    ("mlp-2d", 2, {"objective": "info-vae"}),
]


@cache
def _split(dataset: str, most: int) -> tuple[torch.Tensor, torch.Tensor]:
    train, validation = (load(dataset, split).images for split in ("train", "validation"))
    return torch.tensor(train[:most]), torch.tensor(validation[:500])


@cache
def _train(config: Config, most: int = 3000) -> tuple[Points, int]:
    """The points of a training as its file would hold them, and how many images there were."""
    images = _split(config.training.dataset, most)
    points = [
        {"split": p.split, "epoch": p.epoch, "images": p.images, "loss": p.loss} | p.terms | p.usage
        for p in Trainer(config, *images).run()
        if p is not None
    ]
    return points, len(images[0])


def _digits(preset: str, seed: int, chosen: dict[str, Any]) -> Config:
    usual = {"epochs": 28, "seed": seed, "device": "cpu"}
    return make_config(preset, "digits", (8, 8, 1), **{**usual, **chosen})


def _ever(config: Config, points: Points, size: int) -> list[tuple[float, Finding]]:
    """The epochs at which who watched the training would have seen the alarm."""
    ends = [i for i, row in enumerate(points, start=1) if row["split"] == "validation"]
    found = ((points[i - 1]["epoch"], collapse(config, points[:i], size)) for i in ends)
    return [(epoch, finding) for epoch, finding in found if finding is not None]


@pytest.mark.parametrize(("cause", "preset", "seed", "chosen"), COLLAPSING)
def test_a_collapse_is_told_with_its_cause(
    cause: Cause, preset: str, seed: int, chosen: dict[str, Any]
) -> None:
    config = _digits(preset, seed, chosen)
    points, size = _train(config)
    seen = _ever(config, points, size)
    assert {finding.cause for _, finding in seen} == {cause}
    assert seen[0][0] > config.objective.beta_warmup + 5
    assert seen[-1][0] == config.training.epochs
    assert f"{points[-1]['kl']:.2f} nats" in seen[-1][1].seen
    better = remedied(config, seen[-1][1])
    assert better != config
    assert better.model == config.model


@pytest.mark.parametrize(("preset", "seed", "chosen"), HEALTHY)
def test_a_model_that_learns_raises_no_alarm_at_any_time(
    preset: str, seed: int, chosen: dict[str, Any]
) -> None:
    config = _digits(preset, seed, chosen)
    points, size = _train(config)
    assert _ever(config, points, size) == []
    assert points[-1]["kl"] > 0.05  # of the slow ones, still rising


@pytest.mark.parametrize("number", [0, 6, 8, 10])
def test_the_remedy_helps(number: int) -> None:
    _, preset, seed, chosen = COLLAPSING[number]
    config = _digits(preset, seed, chosen)
    points, size = _train(config)
    finding = collapse(config, points, size)
    assert finding is not None
    better = remedied(config, finding)
    after, size = _train(better)
    assert _ever(better, after, size) == []
    assert after[-1]["kl"] > 10 * points[-1]["kl"]
    assert after[-1]["active_units"] > 0


@needs_data
@pytest.mark.parametrize("dataset", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize(("beta", "cause"), [(1.0, None), (784.0, "sum"), (60.0, "beta")])
def test_of_784_pixels_too(dataset: str, beta: float, cause: Cause | None) -> None:
    chosen = {"beta": beta, "epochs": 11, "device": "cpu"}
    if dataset == "fashion-mnist" and cause == "beta":
        chosen["beta"] = 200.0  # there is more to see in clothes
    config = make_config("mlp-2d", dataset, (28, 28, 1), **chosen)
    points, size = _train(config)
    assert {finding.cause for _, finding in _ever(config, points, size)} == ({cause} - {None})


def _row(epoch: float, kl: float, active: int = 0) -> dict[str, Any]:
    numbers = {"epoch": epoch, "images": int(1000 * epoch), "loss": 30.0, "reconstruction": 30.0}
    return {"split": "validation", **numbers, "kl": kl, "active_units": active}


def test_it_waits_and_hears_of_what_rises_or_is_active() -> None:
    config = _digits("mlp-2d", 0, {"batch_size": 10})  # 100 steps an epoch

    def of(*kls: float, active: int = 0) -> bool:
        rows = [_row(i, kl, active) for i, kl in enumerate(kls, start=1)]
        return collapse(config, rows, 1000) is not None

    assert not of()
    assert not of(0.0, 0.0)
    assert of(0.0, 0.0, 0.0)
    assert of(0.5, 0.01, 0.01, 0.01)
    assert not of(0.01, 0.02, 0.04, 0.09)
    assert not of(0.0, 0.0, 0.0, active=1)
    assert not of(0.0, 0.0, 0.2)
    slow = replace(config, training=replace(config.training, lr=1e-4))
    assert collapse(slow, [_row(i, 0.0) for i in range(1, 21)], 1000) is None
    warming = replace(config, objective=replace(config.objective, beta_warmup=20.0))
    assert collapse(warming, [_row(i, 0.0) for i in range(1, 21)], 1000) is None


def test_a_capacity_that_still_grows_is_no_collapse() -> None:
    config = _digits("mlp-2d", 0, {"objective": "capacity", "capacity": 5.0, "epochs": 1000})
    rows = [_row(i, 0.0) for i in range(1, 15)]
    quick = replace(config, training=replace(config.training, batch_size=10))
    assert collapse(quick, rows, 1000) is None
    assert collapse(quick, [*rows, _row(990.0, 0.0)], 1000) is not None


def test_points_of_an_autoencoder_have_no_posterior() -> None:
    config = make_config("ae", "digits", (8, 8, 1), device="cpu")
    rows = [{k: v for k, v in _row(i, 0.0).items() if k != "kl"} for i in range(1, 40)]
    assert collapse(config, rows, 1000) is None


def test_points_without_the_count_of_active_units_are_judged_by_their_kl() -> None:
    config = _digits("mlp-2d", 0, {"batch_size": 10, "beta": 9.0})
    rows = [{k: v for k, v in _row(i, 0.001).items() if k != "active_units"} for i in range(1, 9)]
    found = collapse(config, rows, 1000)
    assert found is not None
    assert found.cause == "beta"
    assert remedied(config, found).objective.beta == 1.0
    with pytest.raises(VaeError):
        remedied(config, replace(found, changes={"beta": -1.0}))
