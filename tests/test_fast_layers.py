"""Each fast layer against PyTorch's own: values and every gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from vae import fast_layers
from vae.fast_layers import (
    Convolution,
    Linear,
    OneDNNLinear,
    Strided,
    Transposed,
    TransposedToGrey,
    onednn_is_faster,
)

HAS_PRODUCT = (
    hasattr(torch.ops.mkldnn, "_linear_pointwise") and torch.backends.mkldnn.is_available()
)


def answers(layer: Callable[[Tensor], Tensor], leaves: Sequence[Tensor], x: Tensor) -> list[Tensor]:
    """The value, and the gradients of a scalar of it by ``x`` and the leaves."""
    value = layer(x)
    draws = torch.randn(value.shape, generator=torch.Generator().manual_seed(2))
    return [value, *torch.autograd.grad((value * draws).sum(), [x, *leaves])]


def compare(fast: nn.Module, plain: nn.Module, x: Tensor) -> Tensor:
    """Compare two layers of the same weights; the value of the first."""
    plain.load_state_dict(fast.state_dict())
    x = x.requires_grad_()
    ours, theirs = (answers(layer, list(layer.parameters()), x) for layer in (fast, plain))
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)
    return ours[0]


@pytest.mark.skipif(not HAS_PRODUCT, reason="this PyTorch has no oneDNN product of that name")
@pytest.mark.parametrize("bias", [True, False])
def test_onednn_product_is_a_linear_layer(bias: bool) -> None:
    layer = nn.Linear(60, 30, bias=bias)
    x = torch.randn(50, 60, requires_grad=True)
    leaves = list(layer.parameters())
    ours = answers(lambda x: OneDNNLinear.apply(x, layer.weight, layer.bias), leaves, x)
    for mine, theirs in zip(ours, answers(layer, leaves, x), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-4)


@pytest.mark.skipif(not HAS_PRODUCT, reason="this PyTorch has no oneDNN product of that name")
def test_gradients_that_nobody_needs_are_not_made() -> None:
    weight, bias = torch.randn(30, 60, requires_grad=True), torch.randn(30)
    OneDNNLinear.apply(torch.randn(50, 60), weight, bias).sum().backward()
    assert weight.grad is not None
    assert bias.grad is None


def test_linear_layer_is_onednns_only_while_it_learns_a_large_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fast_layers, "onednn_is_faster", lambda: True)
    asked: list[int] = []

    def product(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        asked.append(len(x))
        return x @ weight.t() + bias

    monkeypatch.setattr(fast_layers.OneDNNLinear, "apply", product)
    layer, x = Linear(784, 400), torch.randn(128, 784)
    plain = nn.functional.linear(x, layer.weight, layer.bias)
    torch.testing.assert_close(layer(x), plain, rtol=1e-4, atol=1e-5)
    assert asked == [128]
    layer(x[:2])  # small
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layer(x)
    layer.double()(x.double())
    layer.float().eval()(x)
    assert asked == [128]
    monkeypatch.setattr(fast_layers, "onednn_is_faster", lambda: False)
    layer.train()(x)
    assert asked == [128]


def test_onednn_needs_the_product_as_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_layers, "_SCHEMA", "mkldnn::_linear_pointwise(Tensor other) -> Tensor")
    onednn_is_faster.cache_clear()
    try:
        assert not onednn_is_faster()
    finally:
        onednn_is_faster.cache_clear()


GEOMETRIES = [(4, 2, 1), (3, 1, 0), (5, 2, 2), (3, 3, 1)]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("fast", "plain"), [(Convolution, nn.Conv2d), (Transposed, nn.ConvTranspose2d)]
)
def test_convolution_and_its_transpose_and_their_gradients(
    fast: type[nn.Module], plain: type[nn.Module], bias: bool, geometry: tuple[int, int, int]
) -> None:
    """Of sides from which the stride goes on evenly, and of others."""
    for sides in ((8, 8), (7, 10)):
        layer = fast(5, 6, *geometry, bias=bias)
        value = compare(layer, plain(5, 6, *geometry, bias=bias), torch.randn(3, 5, *sides))
        assert isinstance(value.grad_fn, Strided._backward_cls)
        layer.eval()
        value = layer(torch.randn(3, 5, *sides))
        assert not isinstance(value.grad_fn, Strided._backward_cls)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_transposed_to_grey_is_a_transposed_convolution(geometry: tuple[int, int, int]) -> None:
    x = torch.randn(6, 8, 7, 5)
    compare(TransposedToGrey(8, 1, *geometry), nn.ConvTranspose2d(8, 1, *geometry), x)


@pytest.mark.parametrize(
    ("fast", "plain"),
    [
        (Convolution(8, 6, 4, 2, 1), nn.Conv2d(8, 6, 4, 2, 1)),
        (Transposed(8, 6, 4, 2, 1), nn.ConvTranspose2d(8, 6, 4, 2, 1)),
        (TransposedToGrey(8, 1, 4, 2, 1), nn.ConvTranspose2d(8, 1, 4, 2, 1)),
    ],
)
def test_in_bfloat16_within_its_eight_bits(fast: nn.Module, plain: nn.Module) -> None:
    plain.load_state_dict(fast.state_dict())
    x = torch.randn(6, 8, 6, 10, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = answers(fast, list(fast.parameters()), x)
    for mine, theirs in zip(ours, answers(plain, list(plain.parameters()), x), strict=True):
        error = (mine.float() - theirs).norm() / theirs.norm()
        assert error < 0.01
