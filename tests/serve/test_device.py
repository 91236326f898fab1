"""What a GPU answers is what the CPU answers; where the GPU cannot, the CPU does."""

from __future__ import annotations

import logging
from typing import NoReturn

import numpy as np
import pytest
import torch

from vae.inference import decode_pixels, encode_pixels
from vae.model import VAE
from vae.presets import make_config
from vae.serve import device
from vae.serve.device import forwards

RNG = np.random.default_rng(0)
Z = RNG.standard_normal((40, 16), dtype=np.float32)
IMAGES = RNG.integers(0, 256, (40, 12, 10, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model() -> VAE:
    torch.manual_seed(0)
    return VAE(make_config("conv-16", "some", (12, 10, 3)).model).eval()


def test_without_a_gpu_the_cpu_answers(model: VAE, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    _agree(model, forwards(model), levels=0)
    far = np.full((1, 16), 1e30, np.float32)
    np.testing.assert_array_equal(forwards(model)[0](far), decode_pixels(model, far))


@pytest.mark.parametrize("at_once", [True, False])
def test_a_gpu_that_fails_is_said_and_the_cpu_answers(
    at_once: bool, model: VAE, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: object) -> NoReturn:
        raise torch.OutOfMemoryError("CUDA out of memory.\nMore words.")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    # no room for the weights, or for a pass only
    monkeypatch.setattr(device, "_on_gpu", full if at_once else lambda _: (full, full))
    with caplog.at_level(logging.WARNING):
        _agree(model, forwards(model), levels=0)
    assert caplog.messages == ["Decoding on the CPU, because the GPU says: CUDA out of memory."]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("preset", ["conv-16", "mlp-2d", "conv-64px"])
def test_a_gpu_answers_as_the_cpu_does(preset: str) -> None:
    torch.manual_seed(0)
    model = VAE(make_config(preset, "some", (12, 10, 3), latent_dim=16).model).eval()
    _agree(model, device._on_gpu(model), levels=1)
    assert next(model.parameters()).device.type == "cpu"  # the given model stays where it was


def _agree(model: VAE, found: tuple, levels: int) -> None:
    """Pixels within ``levels`` grey levels of the library's, posteriors within rounding."""
    decode, encode = found
    for n in (1, 7, 40):
        pixels = decode(Z[:n])
        assert pixels.dtype == np.uint8
        assert np.abs(pixels.astype(int) - decode_pixels(model, Z[:n])).max() <= levels
        expected = np.stack(encode_pixels(model, IMAGES[:n]), axis=1)
        np.testing.assert_allclose(encode(IMAGES[:n]), expected, rtol=1e-4, atol=1e-5)
