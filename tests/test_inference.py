"""NumPy in, NumPy out: rounding, chunks, and the sentences for wrong shapes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae import inference
from vae.errors import VaeError
from vae.model import VAE
from vae.presets import make_config

RNG = np.random.default_rng(0)
Z = RNG.standard_normal((7, 16), dtype=np.float32)


@pytest.fixture(scope="module")
def model() -> VAE:
    torch.manual_seed(0)
    return VAE(make_config("conv-16", "some", (12, 10, 3)).model).eval()


def test_pixels_are_the_decoder_s_mean_rounded(model: VAE) -> None:
    with torch.no_grad():
        expected = (model.decode(torch.tensor(Z)) * 255).round().permute(0, 2, 3, 1).numpy()
    found = inference.decode_pixels(model, Z)
    assert found.dtype == np.uint8
    assert found.shape == (7, 12, 10, 3)
    np.testing.assert_array_equal(found, expected)


def test_chunks_do_not_change_the_answer(model: VAE, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = inference.decode_pixels(model, Z)
    images = RNG.integers(0, 256, (7, 12, 10, 3), dtype=np.uint8)
    mu, logvar = inference.encode_pixels(model, images)
    monkeypatch.setattr(inference, "_CHUNK", 3)
    assert np.abs(whole.astype(int) - inference.decode_pixels(model, Z)).max() <= 1
    again = inference.encode_pixels(model, images)
    np.testing.assert_allclose(mu, again[0], atol=1e-5)
    np.testing.assert_allclose(logvar, again[1], atol=1e-5)


def test_float_and_pixel_conversions_are_inverse() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    floats = inference.to_float(torch.tensor(images))
    assert (floats.min(), floats.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(inference.to_pixels(floats).numpy(), images)


def test_nothing_in_nothing_out(model: VAE) -> None:
    assert inference.decode_pixels(model, Z[:0]).shape == (0, 12, 10, 3)
    mu, logvar = inference.encode_pixels(model, np.empty((0, 12, 10, 3), np.uint8))
    assert mu.shape == logvar.shape == (0, 16)


def test_traverse_changes_one_dimension(model: VAE) -> None:
    values = np.linspace(-2, 2, 5)
    codes = np.repeat(Z[:1], 5, axis=0)
    codes[:, 3] = values
    np.testing.assert_array_equal(
        inference.traverse(model, Z[0], 3, values), inference.decode_pixels(model, codes)
    )
    with pytest.raises(VaeError, match="0 to 15"):
        inference.traverse(model, Z[0], 16, values)


def test_posterior_samples_have_the_posterior_s_moments() -> None:
    mu, logvar = np.float32([[1.0, -3.0]]), np.log(np.float32([[0.25, 4.0]]))
    draws = inference.sample_posterior(mu, logvar, 100_000)[0]
    np.testing.assert_allclose(draws.mean(0), mu[0], atol=0.02)
    np.testing.assert_allclose(draws.var(0), [0.25, 4.0], rtol=0.02)


def test_prior_samples_repeat_by_seed(model: VAE) -> None:
    one, two, other = (inference.sample_prior(model, 4, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_wrong_shapes_are_told(model: VAE) -> None:
    with pytest.raises(VaeError, match=r"takes \(n, 16\)"):
        inference.decode_pixels(model, Z[:, :3])
    with pytest.raises(VaeError, match="takes uint8"):
        inference.encode_pixels(model, np.zeros((1, 12, 10, 1), np.uint8))
    with pytest.raises(VaeError, match="float64"):
        inference.encode_pixels(model, np.zeros((1, 12, 10, 3)))


def test_noise_depends_on_the_seed_and_the_place_alone() -> None:
    images = RNG.integers(0, 256, (5, 12, 10, 3), dtype=np.uint8)
    whole = inference.spoil(images, "gaussian", 0.3, seed=4)
    assert whole.dtype == np.uint8
    assert whole.shape == images.shape
    np.testing.assert_array_equal(inference.spoil(images[:2], "gaussian", 0.3, seed=4), whole[:2])
    assert (inference.spoil(images, "gaussian", 0.3, seed=5) != whole).any()
    assert inference.spoil(images, "none", 0.3) is images
    masked = inference.spoil(np.full((1, 60, 60, 1), 200, np.uint8), "masking", 0.25)
    assert (masked == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert set(np.unique(masked)) == {0, 200}
    assert inference.spoil(images[:0], "masking", 0.5).shape == (0, 12, 10, 3)


def test_the_terms_of_spoiled_images_measure_the_clean_ones(model: VAE) -> None:
    clean, seen = RNG.integers(0, 256, (2, 4, 12, 10, 3), dtype=np.uint8)
    terms = inference.image_terms(model, clean, 0, seen)
    mu, logvar = inference.encode_pixels(model, seen)
    np.testing.assert_allclose(terms["mu"], mu, atol=1e-5)
    of_seen = inference.image_terms(model, seen, 0)
    np.testing.assert_allclose(terms["kl"], of_seen["kl"], rtol=1e-5)
    # the same z, and so the same decode: BCE is linear in what it is compared with
    eps = torch.empty(4, 16).normal_(generator=torch.Generator().manual_seed(0))
    z = torch.tensor(mu) + torch.exp(0.5 * torch.tensor(logvar)) * eps
    with torch.no_grad():
        logits = model.decode_logits(z)
    x = inference.to_float(torch.tensor(clean))
    expected = (torch.nn.functional.softplus(logits) - x * logits).flatten(1).sum(1)
    np.testing.assert_allclose(terms["reconstruction"], expected, rtol=1e-4)
    with pytest.raises(VaeError, match="3 images to encode came for 4"):
        inference.image_terms(model, clean, 0, seen[:3])


def test_a_point_is_decoded_without_noise() -> None:
    config = make_config("ae", "some", (12, 10, 3)).model
    plain = VAE(config).eval()
    images = RNG.integers(0, 256, (4, 12, 10, 3), dtype=np.uint8)
    one, two = (inference.image_terms(plain, images, seed) for seed in (0, 1))
    assert "kl" not in one
    np.testing.assert_array_equal(one["reconstruction"], two["reconstruction"])
