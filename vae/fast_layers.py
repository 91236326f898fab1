"""Layers that compute what PyTorch's do, by the kernels that are the fastest on a CPU."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.grad import conv2d_weight

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


class Convolution(nn.Conv2d):
    """A convolution, undilated: (N, inner, H, W) -> (N, outer, H/2, W/2); see :class:`Strided`."""

    def forward(self, input: Tensor) -> Tensor:
        if not _learns_on_cpu(self, input):
            return super().forward(input)
        return _strided(self, input, up=False)


class Transposed(nn.ConvTranspose2d):
    """Its transpose: (N, inner, H, W) -> (N, outer, 2H, 2W); see :class:`Strided`."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not _learns_on_cpu(self, input) or output_size is not None:
            return super().forward(input, output_size)
        return _strided(self, input, up=True)


class Strided(torch.autograd.Function):
    """A convolution with a stride, or its transpose where ``up``, and its gradients.

    Each is the gradient of the other by its input, and computed forwards it is quicker; all lie
    with their channels last, as oneDNN has them, so that nothing is put into another order on the
    way. A training step of ``conv-16`` is 6 to 10 % shorter so (measured).
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
        up: bool,
    ) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding, ctx.up = stride, padding, up
        compute = F.conv_transpose2d if up else F.conv2d
        return compute(x, weight, bias, stride, padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (x, weight), stride, padding = ctx.saved_tensors, ctx.stride, ctx.padding
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        small, large = (x, gradient) if ctx.up else (gradient, x)
        of_x = of_weight = None
        if ctx.needs_input_grad[0] and ctx.up:
            of_x = F.conv2d(gradient, weight, None, stride, padding)
        elif ctx.needs_input_grad[0]:
            reached = _sides(small, stride, padding, weight.shape[2:])
            missed = tuple(a - b for a, b in zip(large.shape[2:], reached, strict=True))
            of_x = F.conv_transpose2d(gradient, weight, None, stride, padding, missed)
        if ctx.needs_input_grad[1]:
            of_weight = conv2d_weight(large, weight.shape, small, stride, padding)
        of_bias = gradient.sum((0, 2, 3)) if ctx.needs_input_grad[2] else None
        return of_x, of_weight, of_bias, None, None, None


class TransposedToGrey(nn.ConvTranspose2d):
    """The transposed convolution that draws a grey image: (N, C, H, W) -> (N, 1, 2H, 2W), say.

    One product for all taps, whose results are added up where they overlap: with one channel coming
    out PyTorch's own kernel takes 1.2 to 5 times as long on a CPU (measured; with three, less).
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not _on_cpu(input) or output_size is not None:
            return super().forward(input, output_size)
        kernel = self.weight.flatten(1).t()[:, :, None, None]  # (taps, C, 1, 1)
        taps = F.conv2d(input, kernel).flatten(2)  # (N, taps, H · W)
        padding = _padding(self)
        sides = _sides(input, self.stride, padding, self.kernel_size)
        image = F.fold(taps, sides, self.kernel_size, padding=padding, stride=self.stride)
        return image if self.bias is None else image + self.bias[:, None, None]


def _strided(layer: nn.Conv2d | nn.ConvTranspose2d, input: Tensor, up: bool) -> Tensor:
    x, weight, bias = input, layer.weight, layer.bias
    if torch.is_autocast_enabled("cpu"):
        kind = torch.get_autocast_dtype("cpu")
        x, weight = x.to(kind), weight.to(kind)
        bias = bias if bias is None else bias.to(kind)
    with torch.autocast("cpu", enabled=False):
        return Strided.apply(x, weight, bias, layer.stride, _padding(layer), up)


def _on_cpu(input: Tensor) -> bool:
    return input.device.type == "cpu"


def _learns_on_cpu(layer: nn.Module, input: Tensor) -> bool:
    return layer.training and torch.is_grad_enabled() and _on_cpu(input)


def _padding(layer: nn.Conv2d | nn.ConvTranspose2d) -> tuple[int, ...]:
    return tuple(int(side) for side in layer.padding)


def _sides(
    small: Tensor, stride: tuple[int, ...], padding: tuple[int, ...], kernel: tuple[int, ...]
) -> tuple[int, ...]:
    """Height and width of what a transposed convolution makes of ``small``."""
    around = zip(small.shape[2:], stride, padding, kernel, strict=True)
    return tuple((n - 1) * step - 2 * pad + side for n, step, pad, side in around)
