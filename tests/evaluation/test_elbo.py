"""The evaluation's figures against a slow computation of the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vae.datasets import load
from vae.evaluation import evaluate
from vae.inference import to_float
from vae.model import VAE
from vae.presets import make_config
from vae.runs import Run, load_model


def test_figures_equal_a_slow_computation_with_posteriors_that_do_not_vary() -> None:
    """With a posterior of no width the sample is the mean, so every term has one value."""
    model = VAE(make_config("mlp-2d", "digits", (8, 8, 1)).model).eval()
    with torch.no_grad():
        model.encoder[-1].weight[2:] = 0
        model.encoder[-1].bias[2:] = -40
    images = load("digits", "test").images[:20]
    found = evaluate(model, images, "digits")
    reconstruction, kl = [], []
    for image in images:
        x = to_float(torch.tensor(image[None]))
        with torch.no_grad():
            mu, logvar = model.encode(x)
            p = model.decode(mu).double()
        reconstruction.append(float(-(x * p.log() + (1 - x) * (1 - p).log()).sum()))
        kl.append(float(0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()))
    assert found["reconstruction"] == pytest.approx(np.mean(reconstruction), rel=1e-4)
    assert found["kl"] == pytest.approx(np.mean(kl), rel=1e-4)
    assert found["elbo"] == pytest.approx(-found["reconstruction"] - found["kl"])
    assert found["bits_per_dimension"] == pytest.approx(-found["elbo"] / 64 / math.log(2))
    assert sum(found["kl_per_dimension"]) == pytest.approx(found["kl"], rel=1e-4)
    assert found["n"] == 20


def test_evaluation_repeats_itself_and_what_the_run_says(tiny_run: Run) -> None:
    model, images = load_model(tiny_run), load("digits", "test").images
    first, second = (evaluate(model, images, "digits") for _ in range(2))
    assert first == second
    kept = tiny_run.evaluation
    assert kept is not None
    assert first["elbo"] == pytest.approx(kept["elbo"], abs=1e-3)
    assert first["active_units"] == kept["active_units"]


def test_of_points_only_the_reconstruction_is_measured(tiny_ae: Run) -> None:
    model, images = load_model(tiny_ae), load("digits", "test").images
    found = evaluate(model, images, "digits")
    assert [found[key] for key in ("elbo", "kl", "bits_per_dimension", "kl_per_dimension")] == (
        [None] * 4
    )
    x = to_float(torch.tensor(images))
    with torch.no_grad():
        error = 0.5 * (model.decode_logits(model.encode(x)[0]) - x).square().flatten(1).sum(1)
    expected = error.mean() + 0.5 * 64 * math.log(2 * math.pi)
    assert found["reconstruction"] == pytest.approx(float(expected), rel=1e-5)
    assert found == tiny_ae.evaluation
