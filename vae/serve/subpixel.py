"""A faster form of a decoder, with the same answers: sub-pixel convolution, fewer steps."""

from __future__ import annotations

import torch
from torch import nn

from vae.networks import CropTo

_FEW = 4  # output channels up to which the transposed convolution wastes most of its work


@torch.no_grad()
def faster_decoder(decoder: nn.Sequential) -> nn.Sequential:
    """The decoder with each transposed convolution to few channels in its sub-pixel form.

    Activations overwrite their input, and a crop that cuts nothing is left out: for a single image
    every step counts that touches other memory.
    """
    first = decoder[0]
    assert isinstance(first, nn.Linear)
    x = torch.zeros(1, first.in_features)
    layers: list[nn.Module] = []
    for layer in decoder:
        before, x = x, layer(x)
        if isinstance(layer, nn.ConvTranspose2d) and _fits(layer):
            layers += subpixel(layer)
        elif isinstance(layer, nn.ReLU):
            layers.append(nn.ReLU(inplace=True))
        elif not (isinstance(layer, CropTo) and x.shape == before.shape):
            layers.append(layer)
    return nn.Sequential(*layers).eval()


def subpixel(layer: nn.ConvTranspose2d) -> nn.Sequential:
    """A transposed convolution (kernel 4, stride 2, padding 1) as convolution and pixel shuffle.

    Output row 2i + a takes input row i + s through kernel row a + 1 - 2s, for s in -1, 0, 1 where
    that exists; columns likewise. So each of the four parities (a, b) is an ordinary 3 × 3
    convolution of the input, and interleaving them gives the output (Shi et al., 2016, "Is the
    deconvolution layer the same as a convolutional layer?").
    """
    inner, outer = layer.weight.shape[:2]
    kernel = torch.zeros(outer, 2, 2, inner, 3, 3)
    taps = [(a, s, a + 1 - 2 * s) for a in (0, 1) for s in (-1, 0, 1) if 0 <= a + 1 - 2 * s < 4]
    for a, down, row in taps:
        for b, across, column in taps:
            weight = layer.weight[:, :, row, column].detach()  # (inner, outer)
            kernel[:, a, b, :, down + 1, across + 1] = weight.T
    convolution = nn.Conv2d(inner, 4 * outer, kernel_size=3, padding=1)
    assert convolution.bias is not None
    assert layer.bias is not None
    with torch.no_grad():
        # (outer, 2, 2, …) -> (4 · outer, …): the order in which PixelShuffle takes channels
        convolution.weight.copy_(kernel.reshape(4 * outer, inner, 3, 3))
        convolution.bias.copy_(layer.bias.repeat_interleave(4))
    return nn.Sequential(convolution, nn.PixelShuffle(2)).to(layer.weight.device).eval()


def _fits(layer: nn.ConvTranspose2d) -> bool:
    shape = (layer.kernel_size, layer.stride, layer.padding)
    return layer.out_channels <= _FEW and shape == ((4, 4), (2, 2), (1, 1))
