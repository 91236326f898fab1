"""IWAE's bound: the ELBO at k = 1, tighter with k, and exact where the evidence is known."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from tests.objectives.tiny import draws, images, named_terms, tiny_model
from vae.config import ModelConfig
from vae.model import VAE
from vae.objectives import importance_bound, log_normal


def _linear_gaussian(logvar_error: float, mu_error: float) -> tuple[VAE, Tensor, Tensor]:
    """A model whose evidence is known, an image, and its log p(x).

    z ~ N(0, I), x = Wz + b + N(0, I): x ~ N(b, WWᵀ + I). W has orthogonal columns, so the true
    posterior has independent dimensions, and the encoder can be it, but for the given errors.
    """
    model = VAE(ModelConfig("mlp", (), 2, (2, 2, 1), "gaussian", activation="linear")).double()
    w = torch.tensor([[1.0, 0.5], [2.0, -0.25], [0.0, 0.0], [0.0, 1.0]], dtype=torch.double)
    assert (w[:, 0] @ w[:, 1]).item() == 0
    b = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.double)
    variance = 1 / (1 + w.square().sum(0))  # (I + WᵀW)⁻¹
    to_mean = variance[:, None] * w.T
    with torch.no_grad():
        encoder, decoder = model.encoder[1], model.decoder[0]
        decoder.weight.copy_(w)
        decoder.bias.copy_(b)
        encoder.weight.copy_(torch.cat((to_mean, torch.zeros_like(to_mean))))
        encoder.bias.copy_(torch.cat((-to_mean @ b + mu_error, variance.log() + logvar_error)))
    x = images(1)
    law = MultivariateNormal(b, w @ w.T + torch.eye(4, dtype=torch.double))
    return model, x, law.log_prob(x.flatten())


def test_one_sample_equals_the_sampled_elbo_exactly() -> None:
    model, x, eps = tiny_model(), images(), draws((1, 6, 2))
    found = named_terms(model, x, "iwae", eps)
    mu, logvar = model.encode(x)
    z = mu + (0.5 * logvar).exp() * eps[0]
    zero = torch.zeros_like(z)
    sampled_kl = (log_normal(z, mu, logvar) - log_normal(z, zero, zero)).sum(1)
    torch.testing.assert_close(found["importance_bound"], found["reconstruction"] + sampled_kl)


def test_one_sample_equals_the_elbo_on_average() -> None:
    model, x = tiny_model(), images(1).expand(50_000, -1, -1, -1)
    found = named_terms(model, x, "iwae", draws((1, 50_000, 2)))
    difference = found["importance_bound"] - found["reconstruction"] - found["kl"]
    assert abs(difference.mean().item()) < 4 * difference.std().item() / math.sqrt(50_000)


def test_reconstruction_is_the_mean_over_the_samples() -> None:
    model, x, eps = tiny_model(), images(), draws((3, 6, 2))
    each = [named_terms(model, x, "elbo", row)["reconstruction"] for row in eps]
    found = named_terms(model, x, "iwae", eps, samples=3)
    torch.testing.assert_close(found["reconstruction"], sum(each) / 3)


def test_equals_the_formula_written_out() -> None:
    weights = draws((4, 5)).exp()
    torch.testing.assert_close(importance_bound(weights.log()), weights.mean(0).log())
    torch.testing.assert_close(  # far beyond what exp can hold
        importance_bound(torch.tensor([[-5000.0], [-5000.0]])), torch.tensor([-5000.0])
    )


@pytest.mark.parametrize("k", [1, 7])
def test_with_the_true_posterior_every_draw_gives_the_evidence(k: int) -> None:
    model, x, evidence = _linear_gaussian(0.0, 0.0)
    found = named_terms(model, x, "iwae", draws((k, 1, 2)), samples=k)
    torch.testing.assert_close(-found["importance_bound"][0], evidence)


def test_rises_with_k_to_the_evidence() -> None:
    model, x, evidence = _linear_gaussian(0.5, 0.6)
    total, means, errors = 60_000, [], []
    for k in (1, 3, 10, 100):
        rows = total // k
        copies = x.expand(rows, -1, -1, -1)
        found = -named_terms(model, copies, "iwae", draws((k, rows, 2)))["importance_bound"]
        means.append(found.mean().item())
        errors.append(found.std().item() / math.sqrt(rows))
    for (low, high), error in zip(pairwise(means), errors[1:], strict=True):
        assert high > low + 4 * error
    gap = [evidence.item() - mean for mean in means]
    assert gap[0] > 0.3  # nats: the posterior is wrong enough to tell
    assert -4 * errors[-1] < gap[-1] < 0.02 + 4 * errors[-1]
    # no more than the ELBO's own gap, which is KL(q(z|x) || p(z|x)) in closed form
    variance = math.exp(0.5)
    kl = 0.0
    for column in model.decoder[0].weight.T:
        shift = 0.6**2 * (1 + column.square().sum().item())
        kl += 0.5 * (variance + shift - 1 - 0.5)
    assert gap[0] == pytest.approx(kl, abs=4 * errors[0])
