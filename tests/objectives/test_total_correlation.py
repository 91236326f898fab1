"""β-TCVAE's parts of the KL: brute force, an exact sum, and the exact q(z) of a whole data set."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from tests.objectives.tiny import SIZE, draws, images, named_terms, tiny_model
from vae.objectives import kl_parts, log_normal


def _batch(n: int, d: int) -> tuple[Tensor, Tensor, Tensor]:
    mu, logvar = draws((n, d)), draws((n, d), seed=1)
    return mu + (0.5 * logvar).exp() * draws((n, d), seed=2), mu, logvar


def _log(z: float, mu: float, logvar: float) -> float:
    return Normal(mu, math.exp(0.5 * logvar)).log_prob(torch.tensor(z)).item()


@pytest.mark.parametrize(("n", "d", "size"), [(1, 1, 50), (4, 3, 100), (5, 2, 5)])
def test_parts_equal_loops_over_the_batch(n: int, d: int, size: int) -> None:
    z, mu, logvar = _batch(n, d)
    found = kl_parts(z, mu, logvar, size)
    zs, mus, vs = z.tolist(), mu.tolist(), logvar.tolist()
    for i in range(n):
        ln = [[_log(zs[i][k], mus[j][k], vs[j][k]) for k in range(d)] for j in range(n)]
        own = sum(ln[i])
        joint = math.log(sum(math.exp(sum(row)) for row in ln) / (n * size))
        product = sum(math.log(sum(math.exp(row[k]) for row in ln) / (n * size)) for k in range(d))
        prior = sum(_log(zs[i][k], 0.0, 0.0) for k in range(d))
        parts = [float(part[i]) for part in found]
        assert parts == pytest.approx([own - joint, joint - product, product - prior], abs=1e-5)


@pytest.mark.parametrize("n", [1, 2, 64])
def test_their_sum_is_log_q_minus_log_p_for_every_batch(n: int) -> None:
    z, mu, logvar = _batch(n, 5)
    expected = Normal(mu, (0.5 * logvar).exp()).log_prob(z) - Normal(0.0, 1.0).log_prob(z)
    torch.testing.assert_close(sum(kl_parts(z, mu, logvar, 1000)), expected.sum(1))


def test_the_mean_of_the_sum_is_the_kl() -> None:
    mu, logvar = draws((1, 3)).expand(20_000, 3), draws((1, 3), 1).expand(20_000, 3)
    z = mu + (0.5 * logvar).exp() * draws((20_000, 3), 2)
    parts = kl_parts(z[:500], mu[:500], logvar[:500], 500)
    sampled = log_normal(z, mu, logvar).sum(1) - Normal(0.0, 1.0).log_prob(z).sum(1)
    kl = 0.5 * (mu[0].square() + logvar[0].exp() - 1 - logvar[0]).sum().item()
    error = sampled.std().item()
    assert abs(sampled.mean().item() - kl) < 4 * error / math.sqrt(20_000)
    assert abs(sum(parts).mean().item() - kl) < 4 * error / math.sqrt(500)


def test_with_the_whole_data_set_as_a_batch_q_is_exact_but_for_a_constant() -> None:
    """Then the sum runs over all of q(z)'s components: only 1/(N·N) stands where 1/N should."""
    n, d = 40, 3
    z, mu, logvar = _batch(n, d)
    sigma, equal = (0.5 * logvar).exp(), Categorical(logits=torch.zeros(n, dtype=torch.double))
    log_q = MixtureSameFamily(equal, Independent(Normal(mu, sigma), 1)).log_prob(z)
    log_q_each = sum(
        MixtureSameFamily(equal, Normal(mu[:, k], sigma[:, k])).log_prob(z[:, k]) for k in range(d)
    )
    log_conditional = Normal(mu, sigma).log_prob(z).sum(1)
    found = kl_parts(z, mu, logvar, n)
    torch.testing.assert_close(found.index_code_mi, log_conditional - log_q + math.log(n))
    torch.testing.assert_close(found.total_correlation, log_q - log_q_each + (d - 1) * math.log(n))
    log_prior = Normal(0.0, 1.0).log_prob(z).sum(1)
    torch.testing.assert_close(found.dimension_kl, log_q_each - log_prior - d * math.log(n))


def test_the_objective_gives_them_its_draws_and_the_size_of_the_training_set() -> None:
    model, x, eps = tiny_model(), images(), draws((6, 2))
    mu, logvar = model.encode(x)
    expected = kl_parts(mu + (0.5 * logvar).exp() * eps, mu, logvar, SIZE)
    found = named_terms(model, x, "beta-tcvae", eps)
    for name, value in expected._asdict().items():
        torch.testing.assert_close(found[name], value)
