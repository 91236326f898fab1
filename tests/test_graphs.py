"""The bookkeeping around a CUDA graph, with a stand-in for the device; graphs where a GPU is."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vae.config import Config
from vae.graphs import _WARM_STEPS, GraphedStep
from vae.presets import make_config
from vae.step import Stepper
from vae.training import Trainer

Compute = Callable[[], Tensor]


class Device:
    """Notes what is asked of it; a capture computes nothing, a replay reads the same tensors."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse, self.said = refuse, ""

    def capture(self, compute: Compute) -> Compute:
        self.said += "c"
        if self.refuse:
            raise RuntimeError(self.refuse)

        def replay() -> Tensor:
            self.said += "r"
            return compute()

        return replay

    def first(self, compute: Compute) -> Tensor:
        self.said += "f"
        return compute()


def doubled(x: Tensor, add: Tensor) -> Tensor:
    return 2 * x + add


def graphed(device: Device, size: int = 4) -> GraphedStep:
    return GraphedStep(doubled, size, device.capture, device.first)


def test_first_steps_then_one_capture_then_replays_of_new_values() -> None:
    device = Device()
    step, one = graphed(device), torch.ones(1)
    for number in range(_WARM_STEPS + 3):
        x = torch.full((4,), float(number))
        torch.testing.assert_close(step(x, one * number), 3 * x)
    assert device.said == "f" * _WARM_STEPS + "crrr"


def test_batch_of_another_size_is_made_as_it_is() -> None:
    device = Device()
    step, one = graphed(device), torch.ones(1)
    for _ in range(_WARM_STEPS + 1):
        step(torch.ones(4), one)
    said = device.said
    torch.testing.assert_close(step(torch.ones(3), one), torch.full((3,), 3.0))
    assert device.said == said
    torch.testing.assert_close(step(5 * torch.ones(4), one), torch.full((4,), 11.0))
    assert device.said == said + "r"


def test_without_a_graph_it_goes_on_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    device = Device("operation not permitted when stream is capturing\nmore")
    step = graphed(device)
    with caplog.at_level(logging.WARNING):
        for number in range(_WARM_STEPS + 3):
            x = torch.full((4,), float(number))
            torch.testing.assert_close(step(x, torch.ones(1)), 2 * x + 1)
    assert device.said == "f" * _WARM_STEPS + "c"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not permitted" in caplog.text
    assert "more" not in caplog.text


def small(**chosen: object) -> Config:
    chosen = {"device": "cpu", "batch_size": 32, "epochs": 2, **chosen}
    return make_config("mlp-2d", "digits", (8, 8, 1), **chosen)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"noise": "gaussian", "clip_norm": 1.0, "weight_decay": 0.01},
        {"objective": "capacity", "lr_schedule": "cosine"},
        {"objective": "wae-mmd"},
    ],
)
def test_all_that_changes_reaches_the_graph_by_its_inputs(
    chosen: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained with the stand-in, bit for bit the weights of the plain training."""
    images = torch.randint(256, (200, 8, 8, 1), dtype=torch.uint8)
    device, make = Device(), Stepper.__init__

    def with_a_graph(self: Stepper, *args: object) -> None:
        make(self, *args)  # type: ignore[arg-type]
        self._step = GraphedStep(self._learn, 32, device.capture, device.first)

    config = small(**chosen)
    plain = Trainer(config, images, images[:32])
    list(plain.run())
    monkeypatch.setattr(Stepper, "__init__", with_a_graph)
    trainer = Trainer(config, images, images[:32])
    list(trainer.run())
    assert device.said == "f" * _WARM_STEPS + "c" + "r" * (2 * 6 - _WARM_STEPS)
    for name, weight in plain.model.state_dict().items():
        assert torch.equal(weight, trainer.model.state_dict()[name]), name


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("preset", ["mlp-2d", "conv-16"])
def test_graph_learns_what_single_steps_learn(
    preset: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = torch.randint(256, (200, 28, 28, 1), dtype=torch.uint8)
    chosen = {"precision": precision, "lr_schedule": "cosine", "batch_size": 32, "epochs": 3}
    config = make_config(preset, "mnist", (28, 28, 1), device="cuda", **chosen)
    trainer = Trainer(config, images, images[:32])
    points = [point for point in trainer.run() if point]
    make = Stepper.__init__

    def without(self: Stepper, *args: object) -> None:
        make(self, *args)  # type: ignore[arg-type]
        assert isinstance(self._step, GraphedStep)
        self._step = self._learn

    monkeypatch.setattr(Stepper, "__init__", without)
    plain = Trainer(config, images, images[:32])
    for ours, theirs in zip(points, (point for point in plain.run() if point), strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_resumed_with_a_graph() -> None:
    """From a state between two points on: the steps' count and the rate are the optimiser's."""
    images = torch.randint(256, (400, 8, 8, 1), dtype=torch.uint8)
    config = small(device="cuda", lr_schedule="cosine", epochs=2)
    whole = Trainer(config, images, images[:32])
    list(whole.run())
    first = Trainer(config, images, images[:32])
    for _ in first.run():
        if first.images >= 320:
            break
    second = Trainer(config, images, images[:32], state=first.state())
    list(second.run())
    for name, weight in whole.model.state_dict().items():
        torch.testing.assert_close(weight, second.model.state_dict()[name], rtol=1e-3, atol=1e-4)
