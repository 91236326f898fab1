"""The clocks of the training benchmark, and the matrix products that a step consists of."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from vae.config import Config
from vae.fast_layers import OneDNNLinear, onednn_is_faster
from vae.training import build_model

Layer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
PRODUCT_SECONDS = 0.05  # for each product, of which the quickest round counts


def measure(train: Callable[[], Any], images: int, device: torch.device) -> dict[str, float]:
    """Microseconds per image of a pass: of all threads together, and as time goes by."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    wall, cpu = time.perf_counter(), time.process_time()
    train()
    wait()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"cpu": 1e6 * cpu / images, "wall": 1e6 * wall / images}


def products(config: Config) -> list[tuple[int, int, int, int]]:
    """Of each layer: rows, inner and outer size of its product, and how many it takes a step."""
    found: list[tuple[int, int, int, int]] = []
    batch = config.training.batch_size

    def note(layer: Layer, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        first = not found  # its input has no gradient
        taps = 1 if isinstance(layer, nn.Linear) else math.prod(layer.kernel_size)
        inner, outer = inputs[0].shape[1], output.shape[1]
        if isinstance(layer, nn.ConvTranspose2d):
            rows, outer = inputs[0][0, 0].numel(), outer * taps
        else:
            rows, inner = output[0, 0].numel(), inner * taps
        found.append((batch * rows, inner, outer, 2 if first else 3))

    model = build_model(config)
    for layer in model.modules():
        if isinstance(layer, Layer):
            layer.register_forward_hook(note)
    height, width, channels = config.model.image_shape
    model(torch.zeros(1, channels, height, width))
    return found


def product_seconds(config: Config, precision: str, device: torch.device) -> tuple[float, float]:
    """What the products of a step take by themselves, and their rate in GFLOP/s."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    total, operations = 0.0, 0
    for rows, inner, outer, times in products(config):
        x = torch.randn(rows, inner, dtype=kind, device=device)
        w = torch.randn(outer, inner, dtype=kind, device=device)
        ways = [lambda x=x, w=w: torch.nn.functional.linear(x, w)]
        if device.type == "cpu" and kind is torch.float32 and onednn_is_faster():
            ways.append(lambda x=x, w=w: OneDNNLinear.apply(x, w, None))
        total += times * min(_least(way, device) for way in ways)
        operations += times * 2 * rows * inner * outer
    return total, operations / total / 1e9


@torch.no_grad()
def _least(compute: Callable[[], Any], device: torch.device) -> float:
    least, begun = float("inf"), time.perf_counter()
    while time.perf_counter() - begun < PRODUCT_SECONDS:
        row = measure(lambda: [compute() for _ in range(5)], 5, device)
        least = min(least, row["wall" if device.type == "cuda" else "cpu"] / 1e6)
    return least
