"""The ELBO's terms against independent formulas."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional as F

from vae.config import ModelConfig
from vae.model import VAE, reparameterize
from vae.objectives import elbo_terms, gaussian_kl, reconstruction_nll


def test_kl_equals_torch_distributions() -> None:
    mu, logvar = torch.randn(7, 5, dtype=torch.double), torch.randn(7, 5, dtype=torch.double)
    expected = kl_divergence(Normal(mu, (0.5 * logvar).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(gaussian_kl(mu, logvar), expected)


def test_kl_is_zero_only_at_the_prior() -> None:
    assert gaussian_kl(torch.zeros(1, 3), torch.zeros(1, 3)).abs().max() == 0
    assert (gaussian_kl(torch.full((1, 3), 0.1), torch.zeros(1, 3)) > 0).all()


def test_bernoulli_nll_equals_torch_distributions() -> None:
    logits, x = torch.randn(4, 1, 3, 3), torch.randint(0, 2, (4, 1, 3, 3)).float()
    expected = -Independent(Bernoulli(logits=logits), 3).log_prob(x)
    torch.testing.assert_close(reconstruction_nll(logits, x, "bernoulli"), expected)


def test_gaussian_nll_equals_torch_distributions() -> None:
    mean, x = torch.randn(4, 3, 2, 2), torch.rand(4, 3, 2, 2)
    expected = -Independent(Normal(mean, 1.0), 3).log_prob(x)
    torch.testing.assert_close(reconstruction_nll(mean, x, "gaussian"), expected)


def test_elbo_is_a_lower_bound_on_the_evidence() -> None:
    """Brute force: one latent dimension, evidence by integration over a fine grid."""
    torch.manual_seed(0)
    model = VAE(ModelConfig("mlp", (8,), 1, (2, 2, 1))).double()
    x = torch.rand(5, 1, 2, 2, dtype=torch.double).round()
    grid = torch.linspace(-8, 8, 4001, dtype=torch.double)[:, None]
    with torch.no_grad():
        log_prior = Normal(0.0, 1.0).log_prob(grid)[:, 0]
        logits = model.decode_logits(grid)
        mu, logvar = model.encode(x)
        for row in range(len(x)):
            target = x[row : row + 1].expand_as(logits)
            log_joint = log_prior - reconstruction_nll(logits, target, "bernoulli")
            evidence = torch.logsumexp(log_joint, 0) + math.log(16 / 4000)
            eps = torch.randn(20_000, 1, dtype=torch.double)
            z = mu[row] + (0.5 * logvar[row]).exp() * eps
            nll = reconstruction_nll(
                model.decode_logits(z), x[row].expand(len(z), -1, -1, -1), "bernoulli"
            )
            elbo = -nll.mean() - gaussian_kl(mu[row], logvar[row]).sum()
            assert elbo <= evidence + 1e-2
            assert elbo > evidence - 5


def test_terms_stay_single_precision_under_autocast() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = torch.randn(2, 1, 2, 2, dtype=torch.bfloat16)
        mu = torch.zeros(2, 3, dtype=torch.bfloat16)
        terms = elbo_terms(logits, torch.rand(2, 1, 2, 2), mu, mu, "bernoulli")
    assert terms.reconstruction.dtype == terms.kl.dtype == torch.float32


def test_reparameterize_has_the_right_moments_and_gradients() -> None:
    mu = torch.tensor([[1.0, -2.0]]).repeat(200_000, 1).requires_grad_()
    logvar = torch.tensor([[0.0, 1.5]]).repeat(200_000, 1).requires_grad_()
    z = reparameterize(mu, logvar, torch.Generator().manual_seed(0))
    torch.testing.assert_close(z.mean(0), torch.tensor([1.0, -2.0]), atol=0.02, rtol=0)
    torch.testing.assert_close(z.var(0), torch.tensor([1.0, math.exp(1.5)]), atol=0.05, rtol=0)
    z.sum().backward()
    assert mu.grad is not None
    torch.testing.assert_close(mu.grad, torch.ones_like(mu))
    assert logvar.grad is not None
    torch.testing.assert_close(logvar.grad, 0.5 * (z - mu).detach())


@pytest.mark.parametrize("scale", [0.1, 3.0, 300.0])
def test_cross_entropy_and_its_gradients_are_pytorchs(scale: float) -> None:
    drawn = torch.Generator().manual_seed(0)
    logits = (scale * torch.randn(5, 1, 8, 8, generator=drawn)).requires_grad_()
    x = torch.rand(5, 1, 8, 8, generator=drawn).requires_grad_()
    per_pixel = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    weights = torch.tensor([1.0, 2.0, 0.0, -1.0, 0.5])
    found = []
    for nll in (reconstruction_nll(logits, x, "bernoulli"), per_pixel.flatten(1).sum(1)):
        found.append((nll, *torch.autograd.grad((nll * weights).sum(), [logits, x])))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_gradient_of_the_cross_entropy_by_finite_differences() -> None:
    drawn = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 3, 3, generator=drawn, dtype=torch.float64).requires_grad_()
    x = torch.rand(2, 1, 3, 3, generator=drawn, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: reconstruction_nll(a, b, "bernoulli"), (logits, x))
