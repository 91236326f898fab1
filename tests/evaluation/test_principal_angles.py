"""Principal angles against a known rotation, and a model beside PCA against PCA made a model."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from vae.datasets import load
from vae.evaluation import evaluate
from vae.evaluation.principal_angles import compare_with_pca, decoder_columns, principal_angles
from vae.model import VAE
from vae.presets import make_config

CONFIG = make_config("linear-ae", "digits", (8, 8, 1), latent_dim=5)


def test_angles_of_known_planes() -> None:
    a = np.eye(4)[:, :2]
    turn = math.radians(30)
    b = np.array([[1, 0], [0, math.cos(turn)], [0, math.sin(turn)], [0, 0]])
    assert principal_angles(a, b) == pytest.approx([30, 0], abs=1e-5)
    # which vectors span the plane does not matter
    mixed = b @ np.array([[2.0, 1.0], [-1.0, 3.0]])
    assert principal_angles(a, mixed) == pytest.approx([30, 0], abs=1e-5)
    assert principal_angles(a, np.eye(4)[:, 2:]) == pytest.approx([90, 90])


def test_the_columns_are_the_matrix_of_the_decoder() -> None:
    model = VAE(CONFIG.model).eval()
    (weight,) = [p for p in model.decoder.parameters() if p.dim() == 2]
    assert decoder_columns(model) == pytest.approx(weight.detach().numpy(), abs=1e-6)


def test_a_model_that_is_pca_has_its_angles_and_its_error() -> None:
    train, test = load("digits", "train").images, load("digits", "test").images
    model = VAE(CONFIG.model).eval()
    fresh = compare_with_pca(model, train, test)
    assert fresh["degrees"][0] > 45, "the control: nothing was learned"
    flat = train.reshape(len(train), -1) / 255.0
    pca = PCA(5).fit(flat)
    components, mean = (torch.tensor(a, dtype=torch.float32) for a in (pca.components_, pca.mean_))
    (encoder,) = [m for m in model.encoder.modules() if isinstance(m, torch.nn.Linear)]
    (decoder,) = [m for m in model.decoder.modules() if isinstance(m, torch.nn.Linear)]
    with torch.no_grad():
        encoder.weight.copy_(components)
        encoder.bias.copy_(-components @ mean)
        decoder.weight.copy_(components.T)
        decoder.bias.copy_(mean)
    found = compare_with_pca(model, train, test)
    assert found["degrees"] == pytest.approx([0] * 5, abs=0.1)
    assert found["n"] == len(train)
    own = evaluate(model, test, "digits")["reconstruction"]
    assert found["pca_reconstruction"] == pytest.approx(own, abs=1e-3)
    assert found["pca_reconstruction"] == pytest.approx(fresh["pca_reconstruction"])
