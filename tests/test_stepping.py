"""Step by step: the same weights as the training loop's, and tensors that belong together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae.config import Config
from vae.datasets import load
from vae.errors import VaeError
from vae.presets import make_config
from vae.stepping import SHOWN, Walk
from vae.training import Trainer

DIGITS = load("digits", "train").images[:300]


def config(**settings: Any) -> Config:
    chosen = {"epochs": 2, "batch_size": 64, "device": "cpu", "seed": 3} | settings
    return make_config("mlp-2d", "digits", (8, 8, 1), **chosen)


@pytest.mark.parametrize("settings", [{}, {"beta": 4.0, "beta_warmup": 1.0}, {"lr": 0.01}])
def test_the_weights_go_the_way_of_the_training_loop(settings: dict[str, Any]) -> None:
    chosen = config(**settings)
    walk = Walk(chosen, DIGITS)
    while walk.steps < 10:  # five batches an epoch, the last of them smaller
        last = walk.advance()
    assert (last.number, last.epoch, last.batch) == (10, 2, 300 - 4 * 64)
    trainer = Trainer(chosen, torch.tensor(DIGITS), torch.tensor(DIGITS[:8]))
    for _ in trainer.run():
        pass
    for ours, theirs in zip(walk.model.parameters(), trainer.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_what_is_shown_belongs_together() -> None:
    walk = Walk(config(beta=2.0, batch_size=SHOWN), DIGITS)
    for _ in range(3):
        step = walk.advance()
    np.testing.assert_allclose(step.z, step.mu + step.sigma * step.eps, rtol=1e-5, atol=1e-6)
    posterior = Normal(torch.tensor(step.mu), torch.tensor(step.sigma))
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).numpy()
    np.testing.assert_allclose(step.kl_dims, kl, rtol=1e-4, atol=1e-5)
    assert step.kl == pytest.approx(kl.sum(1).mean(), rel=1e-4)
    assert step.reconstruction == pytest.approx(step.pixel_nll.sum((1, 2)).mean(), rel=1e-5)
    assert step.loss == pytest.approx(step.reconstruction + 2.0 * step.kl, rel=1e-6)
    assert step.loss_after < step.loss
    # each pixel's cost, from the picture that is shown: rounded to 1/255
    p = torch.tensor(step.decodes / 255.0).clamp(0.002, 0.998)[..., 0]
    x = torch.tensor(step.images / 255.0)[..., 0]
    nll = -Bernoulli(probs=p, validate_args=False).log_prob(x)
    np.testing.assert_allclose(step.pixel_nll, nll.numpy(), atol=0.02)


def test_gradients_are_those_of_the_loss_and_the_update_is_adams() -> None:
    chosen = config(lr=0.002)
    walk = Walk(chosen, DIGITS)
    before = {name: p.detach().clone() for name, p in walk.model.named_parameters()}
    step = walk.advance()
    assert set(step.gradients) == set(step.changes) == set(before)
    for name, parameter in walk.model.named_parameters():
        assert parameter.grad is not None
        assert step.gradients[name] == pytest.approx(float(parameter.grad.norm()), rel=1e-6)
        # Adam's first step moves each number by the rate, whatever its gradient's size
        moved = (parameter - before[name]).abs()[parameter.grad.abs() > 1e-5]
        torch.testing.assert_close(moved, torch.full_like(moved, 0.002), rtol=0.01, atol=1e-6)


def test_other_kinds_of_training_are_refused() -> None:
    chosen = config()
    noisy = replace(chosen, training=replace(chosen.training, noise="masking"))
    with pytest.raises(VaeError, match="no noise"):
        Walk(noisy, DIGITS)
