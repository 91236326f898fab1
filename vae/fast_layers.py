"""Layers that compute what PyTorch's do, by the kernels that are the fastest on a CPU."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.grad import conv2d_input

# Multiply-adds below which oneDNN's preparations cost more than it saves.
_LEAST_PRODUCTS = 4_000_000
# Not of PyTorch's public names, hence taken only as it is known.
_SCHEMA = (
    "mkldnn::_linear_pointwise(Tensor X, Tensor W, Tensor? B, str attr, Scalar?[] scalars, "
    "str? algorithm) -> Tensor Y"
)


class Linear(nn.Linear):
    """A fully connected layer: (N, inner) -> (N, outer).

    While it learns on an AMD processor with AVX-512 its products are oneDNN's: PyTorch calls MKL,
    which keeps its AVX-512 kernels for Intel's and takes twice as long (measured on Zen 5).
    """

    def forward(self, input: Tensor) -> Tensor:
        if (
            self.training
            and len(input) * self.weight.numel() >= _LEAST_PRODUCTS
            and _on_cpu(input)
            and input.dtype == self.weight.dtype == torch.float32
            and not torch.is_autocast_enabled("cpu")
            and onednn_is_faster()
        ):
            return OneDNNLinear.apply(input, self.weight, self.bias)
        return super().forward(input)


@cache
def onednn_is_faster() -> bool:
    """Whether this processor is AMD's, with AVX-512, and PyTorch has the product as we know it."""
    operator = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    if operator is None or str(operator.default._schema) != _SCHEMA:
        return False
    cpu = torch.cpu.get_capabilities()
    return "AMD" in cpu.get("cpu_name", "") and bool(cpu.get("avx512_f"))


class OneDNNLinear(torch.autograd.Function):
    """x W' + b and its gradients, each by oneDNN: x (N, inner), W (outer, inner), b (outer,)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            _product(gradient, weight.t(), None) if of_x else None,
            _product(gradient.t(), x.t(), None) if of_weight else None,
            gradient.sum(0) if of_bias else None,
        )


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


class Transposed(nn.ConvTranspose2d):
    """A transposed convolution: (N, inner, H, W) -> (N, outer, 2H, 2W), say.

    Under autocast on a CPU it is computed as what it is, the gradient of a convolution by its
    input: a training step of ``conv-16`` in bfloat16 is a twelfth shorter (measured).
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not _on_cpu(input) or not torch.is_autocast_enabled("cpu"):
            return super().forward(input, output_size)
        kind = torch.get_autocast_dtype("cpu")
        size = (len(input), self.out_channels, *_sides(self, input))
        weight, padding = self.weight.to(kind), _padding(self)
        image = conv2d_input(size, weight, input.to(kind), self.stride, padding)
        return image if self.bias is None else image + self.bias.to(kind)[:, None, None]


class TransposedToGrey(nn.ConvTranspose2d):
    """The transposed convolution that draws a grey image: (N, C, H, W) -> (N, 1, 2H, 2W), say.

    One product for all taps, whose results are added up where they overlap: with one channel coming
    out PyTorch's own kernel takes 1.2 to 5 times as long on a CPU (measured; with three, less).
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not _on_cpu(input):
            return super().forward(input, output_size)
        kernel = self.weight.flatten(1).t().expand(len(input), -1, -1)  # (N, taps, C)
        taps = torch.bmm(kernel, input.flatten(2))  # (N, taps, H · W)
        image = F.fold(taps, _sides(self, input), self.kernel_size, 1, _padding(self), self.stride)
        return image if self.bias is None else image + self.bias[:, None, None]


def _on_cpu(input: Tensor) -> bool:
    return input.device.type == "cpu"


def _padding(layer: nn.ConvTranspose2d) -> tuple[int, ...]:
    return tuple(int(side) for side in layer.padding)


def _sides(layer: nn.ConvTranspose2d, input: Tensor) -> tuple[int, ...]:
    """Height and width of what comes out."""
    around = zip(input.shape[2:], layer.stride, _padding(layer), layer.kernel_size, strict=True)
    return tuple((n - 1) * stride - 2 * pad + side for n, stride, pad, side in around)
