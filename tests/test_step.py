"""A step against the same written out: objective, gradient, Adam."""

from __future__ import annotations

import pytest
import torch

from vae.config import Config
from vae.inference import to_float
from vae.objectives import elbo_terms
from vae.optimizer import make_optimizer
from vae.presets import make_config
from vae.randomness import generator
from vae.step import Stepper
from vae.training import build_model

SIZE = 200


def small(**chosen: object) -> Config:
    return make_config("mlp-2d", "digits", (8, 8, 1), device="cpu", epochs=4, **chosen)


def stepper(config: Config) -> tuple[Stepper, torch.nn.Module]:
    model = build_model(config)
    return Stepper(config, model, make_optimizer(model, config), SIZE), model


@pytest.fixture
def images() -> torch.Tensor:
    drawn = torch.Generator().manual_seed(0)
    return torch.randint(256, (32, 8, 8, 1), dtype=torch.uint8, generator=drawn)


def test_a_step_is_adams_on_the_mean_loss(images: torch.Tensor) -> None:
    config = small(beta=2.0)
    step, model = stepper(config)
    by_hand = build_model(config)
    optimizer = torch.optim.Adam(by_hand.parameters(), lr=config.training.lr)
    for number in range(3):
        sums = step(images, epoch=1, step=number, progress=1.0)
        x = to_float(images)
        mu, logvar = by_hand.encode(x)
        drawn = generator("cpu", "noise", config.training.seed, 1, number)
        z = mu + torch.exp(0.5 * logvar) * torch.empty(32, 2).normal_(generator=drawn)
        terms = elbo_terms(by_hand.decode_logits(z), x, mu, logvar, "bernoulli")
        loss = (terms.reconstruction + 2.0 * terms.kl).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected = torch.stack([*(term.sum() for term in terms), 32 * loss])
        torch.testing.assert_close(sums, expected.detach(), rtol=1e-5, atol=1e-4)
    for ours, theirs in zip(model.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_same_place_in_the_run_same_step(images: torch.Tensor) -> None:
    """Whatever was drawn before: random numbers are a function of seed, epoch and step."""
    (first, one), (second, other) = stepper(small()), stepper(small())
    torch.rand(7)
    assert torch.equal(first(images, 2, 5, 2.0), second(images, 2, 5, 2.0))
    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(first(images, 2, 6, 2.0), second(images, 2, 7, 2.0))


def test_bfloat16_learns_nearly_the_same(images: torch.Tensor) -> None:
    sums = {}
    for precision in ("fp32", "bf16"):
        step, model = stepper(small(precision=precision))
        sums[precision] = torch.stack([step(images, 0, number, 0.0) for number in range(30)])
        assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    losses = {name: rows[:, -1] / 32 for name, rows in sums.items()}
    assert losses["bf16"].dtype == torch.float32
    assert losses["fp32"][-1] < losses["fp32"][0] - 1.0
    torch.testing.assert_close(losses["bf16"], losses["fp32"], rtol=0.0, atol=0.1)
