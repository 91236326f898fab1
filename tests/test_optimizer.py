"""The optimiser: its parameters, and moments that come back as copies or not at all."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from vae.errors import VaeError
from vae.optimizer import make_optimizer, optimizer_tensors, restore_optimizer, set_learning_rate
from vae.presets import make_config
from vae.training import build_model


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("freeze", ["none", "encoder", "decoder"])
def test_of_the_parts_that_learn(freeze: str, decay: float) -> None:
    chosen = {"start_from": "" if freeze == "none" else "other", "freeze": freeze}
    config = make_config("mlp-2d", "digits", (8, 8, 1), lr=0.02, weight_decay=decay, **chosen)
    model = build_model(config)
    optimizer = make_optimizer(model, config)
    assert type(optimizer) is (torch.optim.AdamW if decay else torch.optim.Adam)
    (group,) = optimizer.param_groups
    learning = [p for name, p in model.named_parameters() if not name.startswith(freeze)]
    assert [id(p) for p in group["params"]] == [id(p) for p in learning]
    assert (group["betas"], group["eps"], group["weight_decay"]) == ((0.9, 0.999), 1e-8, decay)
    assert float(group["lr"]) == pytest.approx(0.02)
    set_learning_rate(optimizer, 0.005)
    assert float(group["lr"]) == pytest.approx(0.005)


def _adam(steps: int = 2) -> torch.optim.Adam:
    """An optimiser of two parameters that has made some steps."""
    torch.manual_seed(0)
    parameters = [torch.randn(2, 3, requires_grad=True), torch.randn(4, requires_grad=True)]
    optimizer = torch.optim.Adam(parameters, lr=0.1)
    for _ in range(steps):
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    return optimizer


def test_an_optimiser_gets_copies_of_its_moments_back() -> None:
    one, other = _adam(), _adam(0)
    moments = optimizer_tensors(one)
    before = {name: tensor.clone() for name, tensor in moments.items()}
    restore_optimizer(other, moments)
    restored = optimizer_tensors(other)
    assert set(restored) == set(before)
    for parameter in other.param_groups[0]["params"]:
        parameter.grad = torch.ones_like(parameter)
    other.step()
    assert all(torch.equal(moments[name], before[name]) for name in before)
    assert not any(torch.equal(restored[name], before[name]) for name in before)


def test_before_the_first_step_there_are_no_moments() -> None:
    fresh = _adam(0)
    restore_optimizer(fresh, optimizer_tensors(_adam(0)))
    assert optimizer_tensors(fresh) == {}


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
    moments = optimizer_tensors(_adam())
    change(moments)
    with pytest.raises(VaeError, match="optimiser does not belong"):
        restore_optimizer(_adam(0), moments)
