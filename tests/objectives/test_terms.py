"""Each objective's terms and loss against formulas written here once more."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.func import functional_call

from tests.objectives.tiny import SIZE, draws, images, named_terms, tiny_model
from vae.config import Likelihood, Objective, ObjectiveConfig
from vae.objectives import TERMS, mmd, noise_shape, objective_terms
from vae.schedules import term_weights

GAUSSIAN = [kind for kind in get_args(Objective) if kind != "autoencoder"]


@pytest.mark.parametrize("likelihood", get_args(Likelihood))
@pytest.mark.parametrize("kind", GAUSSIAN)
def test_reconstruction_and_kl_are_those_of_torch_distributions(
    kind: Objective, likelihood: Likelihood
) -> None:
    model, x = tiny_model(likelihood), images()
    eps = draws(noise_shape(ObjectiveConfig(kind), len(x), 2))
    found = named_terms(model, x, kind, eps)
    mu, logvar = model.encode(x)
    posterior = Normal(mu, (0.5 * logvar).exp())
    # one draw of each posterior: of the only sample of iwae, of the codes' half of the MMD's draws
    z = posterior.mean + posterior.stddev * eps.reshape(-1, len(x), 2)[0]
    logits = model.decode_logits(z)
    law = Bernoulli(logits=logits, validate_args=False) if likelihood == "bernoulli" else None
    nll = -Independent(law or Normal(logits, 1.0), 3).log_prob(x)
    torch.testing.assert_close(found["reconstruction"], nll)
    torch.testing.assert_close(found["kl"], kl_divergence(posterior, Normal(0.0, 1.0)).sum(1))


def test_capacity_is_the_distance_of_the_batchs_mean_kl() -> None:
    found = named_terms(tiny_model(), images(), "capacity", capacity=1.5)
    assert found["capacity_gap"].shape == ()
    assert found["capacity_gap"].item() == pytest.approx(abs(found["kl"].mean().item() - 1.5))
    beyond = named_terms(tiny_model(), images(), "capacity", capacity=0.0)
    assert beyond["capacity_gap"].item() == pytest.approx(found["kl"].mean().item())


def test_aevb_adds_minus_log_q_of_the_draw() -> None:
    model, x, eps = tiny_model(), images(), draws((6, 2))
    mu, logvar = model.encode(x)
    posterior = Normal(mu, (0.5 * logvar).exp())
    expected = -posterior.log_prob(mu + posterior.stddev * eps).sum(1)
    torch.testing.assert_close(named_terms(model, x, "aevb", eps)["neg_log_q"], expected)


@pytest.mark.parametrize("kind", ["wae-mmd", "info-vae"])
def test_codes_are_compared_with_the_second_half_of_the_draws(kind: Objective) -> None:
    model, x, eps = tiny_model(), images(), draws((2, 6, 2))
    mu, logvar = model.encode(x)
    found = named_terms(model, x, kind, eps)["mmd"]
    torch.testing.assert_close(found, mmd(mu + (0.5 * logvar).exp() * eps[0], eps[1]))


@pytest.mark.parametrize("likelihood", get_args(Likelihood))
def test_an_autoencoder_decodes_its_code_and_pays_for_its_length(likelihood: Likelihood) -> None:
    model, x = tiny_model(likelihood, point=True), images()
    found = named_terms(model, x, "autoencoder")
    code = model.encoder(x)
    logits = model.decoder(code)
    law = Normal(logits, 1.0)
    if likelihood == "bernoulli":
        law = Bernoulli(logits=logits, validate_args=False)
    torch.testing.assert_close(found["reconstruction"], -law.log_prob(x).flatten(1).sum(1))
    assert found["l1"].tolist() == pytest.approx([sum(map(abs, row)) for row in code.tolist()])


@pytest.mark.parametrize("kind", get_args(Objective))
def test_the_target_is_the_clean_image(kind: Objective) -> None:
    """What is given as spoiled decides the code alone; the error is measured against the target."""
    model, clean, spoiled = tiny_model(point=kind == "autoencoder"), images(), images(seed=9)
    found = named_terms(model, spoiled, kind, target=clean)
    other = named_terms(model, spoiled, kind)
    # BCE is linear in its target: -(target - spoiled) · logits is all that differs
    eps = draws(noise_shape(ObjectiveConfig(kind), 6, 2)).reshape(-1, 6, 2)
    mu, logvar = model.encode(spoiled)
    z = mu if kind == "autoencoder" else mu + (0.5 * logvar).exp() * eps[0]
    logits = model.decode_logits(z)
    expected = ((spoiled - clean) * logits).flatten(1).sum(1)
    torch.testing.assert_close(found["reconstruction"] - other["reconstruction"], expected)
    for name in set(TERMS[kind]) - {"reconstruction", "importance_bound"}:
        torch.testing.assert_close(found[name], other[name])


LOSSES = {
    "elbo": ({"beta": 4.0}, lambda t: t["reconstruction"] + 4 * t["kl"]),
    "capacity": ({"gamma": 30.0}, lambda t: t["reconstruction"] + 30 * t["capacity_gap"]),
    "beta-tcvae": (
        {"beta": 6.0},
        lambda t: (
            t["reconstruction"]
            + t["index_code_mi"]
            + 6 * t["total_correlation"]
            + t["dimension_kl"]
        ),
    ),
    "wae-mmd": ({"mmd_weight": 7.0}, lambda t: t["reconstruction"] + 7 * t["mmd"]),
    "info-vae": (
        {"alpha": 0.25, "mmd_weight": 5.0},
        lambda t: t["reconstruction"] + 0.75 * t["kl"] + 4.25 * t["mmd"],
    ),
    "iwae": ({"samples": 3}, lambda t: t["importance_bound"]),
    "aevb": (
        {"beta": 2.0, "gamma": 0.5},
        lambda t: t["reconstruction"] + 2 * t["kl"] + 0.5 * t["neg_log_q"],
    ),
    "autoencoder": ({"sparsity": 0.2}, lambda t: t["reconstruction"] + 0.2 * t["l1"]),
}


@pytest.mark.parametrize("kind", get_args(Objective))
def test_the_loss_weighs_the_terms_as_its_paper_does(kind: Objective) -> None:
    settings, formula = LOSSES[kind]
    terms = {name: torch.rand(()) for name in TERMS[kind]}
    weights = term_weights(ObjectiveConfig(kind, **settings), epoch=3.0)
    assert list(weights) == list(TERMS[kind])
    assert TERMS[kind][0] == "reconstruction"
    found = sum(weights[name] * value for name, value in terms.items())
    torch.testing.assert_close(found, formula(terms))


@pytest.mark.parametrize("likelihood", get_args(Likelihood))
@pytest.mark.parametrize("kind", get_args(Objective))
def test_the_gradient_of_every_parameter_equals_finite_differences(
    kind: Objective, likelihood: Likelihood
) -> None:
    model, x, spoiled = tiny_model(likelihood, kind == "autoencoder"), images(), images(seed=9)
    objective = ObjectiveConfig(kind, **LOSSES[kind][0])
    eps = draws(noise_shape(objective, len(x), 2))
    capacity = torch.tensor(0.3, dtype=torch.double)
    weights = term_weights(objective, 3.0).values()

    class Loss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self) -> torch.Tensor:
            terms = objective_terms(model, spoiled, x, eps, objective, capacity, SIZE)
            return sum(w * term.mean() for w, term in zip(weights, terms, strict=True))

    loss, names = Loss(), [name for name, _ in Loss().named_parameters()]
    parameters = tuple(p.detach().clone().requires_grad_() for p in model.parameters())

    def at(*values: torch.Tensor) -> torch.Tensor:
        return functional_call(loss, dict(zip(names, values, strict=True)), ())

    assert torch.autograd.gradcheck(at, parameters, eps=1e-6, atol=1e-6, rtol=1e-5)
    grads = torch.autograd.grad(at(*parameters), parameters)
    assert all(bool((grad != 0).any()) for grad in grads)


@pytest.mark.parametrize("kind", get_args(Objective))
def test_bf16_terms_are_summed_and_drawn_in_single_precision(kind: Objective) -> None:
    model, x = tiny_model(point=kind == "autoencoder").float(), images().float()
    objective = ObjectiveConfig(kind)
    eps = draws(noise_shape(objective, len(x), 2)).float()
    exact = objective_terms(model, x, x, eps, objective, torch.tensor(0.0), SIZE)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = objective_terms(model, x, x, eps, objective, torch.tensor(0.0), SIZE)
        logvar = model.encode(x)[1].float()
    for first, second in zip(exact, rough, strict=True):
        assert second.dtype == torch.float32
        torch.testing.assert_close(first, second, rtol=0.05, atol=0.05)
    if kind == "aevb":
        # The draw is exact whatever the network's precision: z - mu is sigma · eps.
        expected = -Normal(0.0, 1.0).log_prob(eps).sum(1) + 0.5 * logvar.sum(1)
        torch.testing.assert_close(rough[2], expected, rtol=1e-5, atol=1e-5)
