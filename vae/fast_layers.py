"""Layers that compute what PyTorch's do, with the kernels that are the fastest on a CPU."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Multiply-adds below which the conversion to and from oneDNN's tensors costs more than it saves.
_LEAST_PRODUCTS = 4_000_000


class Linear(nn.Linear):
    """A fully connected layer: (N, inner) -> (N, outer).

    It learns by oneDNN's products, where PyTorch would call MKL on a processor that is not
    Intel's: MKL has none of its AVX-512 kernels for these (half the speed, measured on Zen 5).
    """

    def forward(self, input: Tensor) -> Tensor:
        products = len(input) * self.weight.numel()
        if (
            self.training
            and products >= _LEAST_PRODUCTS
            and input.device.type == "cpu"
            and input.dtype == self.weight.dtype == torch.float32
            and not torch.is_autocast_enabled("cpu")
            and _onednn_is_faster()
        ):
            return F.linear(input.to_mkldnn(), self.weight, self.bias).to_dense()
        return super().forward(input)


@cache
def _onednn_is_faster() -> bool:
    """Whether this processor is AMD's, with AVX-512."""
    if not torch.backends.mkldnn.is_available():
        return False
    cpuinfo = Path("/proc/cpuinfo")
    facts = platform.processor() + (cpuinfo.read_text() if cpuinfo.is_file() else "")
    return "AuthenticAMD" in facts and torch.backends.cpu.get_cpu_capability() == "AVX512"


class LastTransposed(nn.ConvTranspose2d):
    """The transposed convolution that draws the image: (N, C, H, W) -> (N, 1 or 3, 2H, 2W).

    One product for all taps, whose results are then added up where they overlap: with so few
    channels coming out, PyTorch's own kernel takes two to five times as long on a CPU (measured).
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if input.device.type != "cpu":
            return super().forward(input, output_size)
        height, width = input.shape[2:]
        # (N, C, H, W) -> (N, channels · taps, H · W)
        taps = F.conv2d(input, self.weight.flatten(1).t()[:, :, None, None]).flatten(2)
        size = (self.stride[0] * height, self.stride[1] * width)
        image = F.fold(taps, size, self.kernel_size, padding=self.padding, stride=self.stride)
        return image if self.bias is None else image + self.bias[:, None, None]
