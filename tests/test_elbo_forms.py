"""The ELBO's two forms: each term against an independent formula, and both against each other."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Independent, Normal

from vae.config import Likelihood, ModelConfig
from vae.elbo_forms import elbo_of, expected_log_prior, joint_form, posterior_entropy
from vae.model import VAE, reparameterize
from vae.objectives import elbo_terms, gaussian_kl, reconstruction_nll


def posteriors(n: int = 5, d: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    mu, logvar = torch.randn(2, n, d, dtype=torch.double, generator=generator)
    return mu, 2 * logvar - 1


def test_entropy_equals_torch_distributions() -> None:
    mu, logvar = posteriors()
    expected = Independent(Normal(mu, (0.5 * logvar).exp()), 1).entropy()
    torch.testing.assert_close(posterior_entropy(logvar), expected)


def test_the_expected_log_prior_is_the_mean_of_draws() -> None:
    mu, logvar = posteriors()
    q, p = Normal(mu, (0.5 * logvar).exp()), Independent(Normal(torch.zeros(4), torch.ones(4)), 1)
    torch.manual_seed(0)
    drawn = p.log_prob(q.sample(torch.Size([200_000])))  # (200000, 5)
    error = drawn.std(0) / drawn.shape[0] ** 0.5
    assert ((expected_log_prior(mu, logvar) - drawn.mean(0)).abs() < 5 * error).all()
    # of a point at the origin it is the prior's own density there
    at_zero = expected_log_prior(torch.zeros(1, 4), torch.full((1, 4), -200.0))
    torch.testing.assert_close(at_zero, p.log_prob(torch.zeros(1, 4)))


def test_the_kl_is_their_difference() -> None:
    mu, logvar = posteriors()
    found = -expected_log_prior(mu, logvar) - posterior_entropy(logvar)
    torch.testing.assert_close(found, gaussian_kl(mu, logvar).sum(1))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_both_forms_agree_and_are_what_draws_say(likelihood: Likelihood) -> None:
    """E_q[log p(x, z) - log q(z|x)] by Monte Carlo, with torch.distributions for every density."""
    torch.manual_seed(0)
    model = VAE(ModelConfig("mlp", (8,), 3, (2, 2, 1), likelihood)).double()
    x = torch.rand(4, 1, 2, 2, dtype=torch.double).round()
    draws = 20_000
    with torch.no_grad():
        mu, logvar = model.encode(x)
        many = mu.repeat(draws, 1), logvar.repeat(draws, 1)
        z, images = reparameterize(*many), x.repeat(draws, 1, 1, 1)
        logits = model.decode_logits(z)
        per_draw = reconstruction_nll(logits, images, likelihood).view(draws, 4)
        log_p = Normal(0.0, 1.0).log_prob(z).sum(1) - per_draw.view(-1)
        log_q = Normal(many[0], (0.5 * many[1]).exp()).log_prob(z).sum(1)
        drawn = (log_p - log_q).view(draws, 4)
        joint = joint_form(per_draw.mean(0), mu, logvar)
        error = drawn.std(0) / draws**0.5
        assert ((joint.elbo - drawn.mean(0)).abs() < 5 * error).all()
        # and on one draw each, as training computes it
        logits = model.decode_logits(reparameterize(mu, logvar))
        terms = elbo_terms(logits, x, mu, logvar, likelihood)
        single = joint_form(terms.reconstruction, mu.float(), logvar.float())
    torch.testing.assert_close(single.elbo, elbo_of(terms), rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(single.log_joint, single.log_likelihood + single.log_prior)
