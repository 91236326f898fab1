"""The fast form of the last layer answers as the slow one does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from vae.inference import decode_pixels
from vae.model import VAE
from vae.networks import CropTo
from vae.presets import make_config
from vae.serve.subpixel import faster_decoder, subpixel


@pytest.mark.parametrize(("inner", "outer"), [(32, 1), (8, 3)])
@pytest.mark.parametrize("size", [(1, 1), (7, 7), (3, 5)])
def test_equal_to_the_transposed_convolution(inner: int, outer: int, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layer = nn.ConvTranspose2d(inner, outer, kernel_size=4, stride=2, padding=1)
    x = torch.randn(2, inner, *size)
    torch.testing.assert_close(subpixel(layer)(x), layer(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", [(28, 28, 1), (13, 10, 3)])
def test_a_decoder_s_pixels_stay_what_they_are(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    model = VAE(make_config("conv-16", "some", shape).model).eval()
    z = np.random.default_rng(0).standard_normal((9, 16), dtype=np.float32)
    before = decode_pixels(model, z).astype(int)
    model.decoder = faster_decoder(model.decoder)
    assert any(isinstance(layer, nn.PixelShuffle) for layer in model.decoder.modules())
    assert np.abs(decode_pixels(model, z) - before).max() <= 1


def test_other_layers_are_kept() -> None:
    decoder = VAE(make_config("mlp-2d", "some", (8, 8, 1)).model).decoder
    faster = faster_decoder(decoder)
    assert [type(layer) for layer in faster] == [type(layer) for layer in decoder]
    assert faster[0] is decoder[0]


@pytest.mark.parametrize(("shape", "cut"), [((28, 28, 1), False), ((27, 28, 1), True)])
def test_a_crop_that_cuts_nothing_is_left_out(shape: tuple[int, int, int], cut: bool) -> None:
    decoder = VAE(make_config("conv-16", "some", shape).model).decoder
    assert any(isinstance(layer, CropTo) for layer in faster_decoder(decoder)) == cut
