"""The optimiser: its parameters, and moments that come back as copies or not at all."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from vae.errors import VaeError
from vae.optimizer import Adam, make_optimizer
from vae.presets import make_config
from vae.training import build_model


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("freeze", ["none", "encoder", "decoder"])
def test_of_the_parts_that_learn(freeze: str, decay: float) -> None:
    chosen = {"start_from": "" if freeze == "none" else "other", "freeze": freeze}
    config = make_config("mlp-2d", "digits", (8, 8, 1), lr=0.02, weight_decay=decay, **chosen)
    model = build_model(config)
    optimizer = make_optimizer(model, config)
    learning = [p for name, p in model.named_parameters() if not name.startswith(freeze)]
    assert [id(p) for p in optimizer.parameters] == [id(p) for p in learning]
    assert (optimizer.rate, optimizer.weight_decay) == (0.02, decay)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_steps_are_those_of_pytorchs_class(decay: float) -> None:
    ours, theirs = _parameters(), _parameters()
    optimizer = Adam(ours, 0.1, decay)
    kind = torch.optim.AdamW if decay else torch.optim.Adam
    peer = kind(theirs, lr=0.1, weight_decay=decay)
    for rate in (0.1, 0.05, 0.2):
        optimizer.rate = peer.param_groups[0]["lr"] = rate
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        optimizer.step()
        peer.step()
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other)
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in ours)


def test_pytorchs_compiler_is_not_loaded() -> None:
    """It would cost each training a second."""
    code = (
        "import sys, torch; from vae.presets import make_config; from vae.training import Trainer\n"
        "c = make_config('mlp-2d', 'digits', (8, 8, 1), epochs=1, clip_norm=1.0, device='cpu')\n"
        "images = torch.zeros(64, 8, 8, 1, dtype=torch.uint8)\n"
        "trainer = Trainer(c, images, images); list(trainer.run()); trainer.state()\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _parameters() -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(2, 3, requires_grad=True), torch.randn(4, requires_grad=True)]


def _adam(steps: int = 2) -> Adam:
    """An optimiser of two parameters that has made some steps."""
    optimizer = Adam(_parameters(), 0.1, 0.0)
    for _ in range(steps):
        for parameter in optimizer.parameters:
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    return optimizer


def test_an_optimiser_gets_copies_of_its_moments_back() -> None:
    one, other = _adam(), _adam(0)
    moments = one.tensors()
    before = {name: tensor.clone() for name, tensor in moments.items()}
    assert {name: tensor.item() for name, tensor in before.items() if not tensor.dim()} == {
        "0.step": 2,
        "1.step": 2,
    }
    other.restore(moments)
    restored = other.tensors()
    assert all(torch.equal(restored[name], before[name]) for name in before)
    for parameter in other.parameters:
        parameter.grad = torch.ones_like(parameter)
    other.step()
    assert all(torch.equal(moments[name], before[name]) for name in before)
    assert not any(torch.equal(restored[name], before[name]) for name in before)


def test_moments_of_none_are_those_before_the_first_step() -> None:
    fresh = _adam(0)
    fresh.restore({})
    assert not any(tensor.any() for tensor in fresh.tensors().values())


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("0.exp_avg"),
        lambda t: t.update({"2.exp_avg": torch.zeros(1)}),
        lambda t: t.update({"x.exp_avg": torch.zeros(1)}),
        lambda t: t.update({"0.exp_avg": torch.zeros(3, 2)}),
        lambda t: t.update({"0.extra": torch.zeros(2, 3)}),
    ],
)
def test_foreign_moments_are_refused(change: Any) -> None:
    moments = _adam().tensors()
    change(moments)
    with pytest.raises(VaeError, match="optimiser does not belong"):
        _adam(0).restore(moments)
