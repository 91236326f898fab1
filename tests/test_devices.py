"""Devices by name, threads by the work there is."""

from __future__ import annotations

import pytest
import torch

from vae.devices import _products, keep_freed_memory, resolve_device, set_training_threads
from vae.errors import VaeError
from vae.presets import make_config

MNIST = (28, 28, 1)


def test_device_by_name() -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(VaeError, match="allowed are auto, cpu, cuda, mps"):
        resolve_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(VaeError, match="finds none here"):
            resolve_device("cuda")


def test_products_are_those_of_the_layers() -> None:
    """Against the multiply-adds counted layer by layer, of one image, times batch and three."""
    mlp = make_config("mlp-400-20", "mnist", MNIST, batch_size=10)
    assert _products(mlp) == 10 * 3 * 2 * (784 * 400 + 400 * 20)
    conv = make_config("conv-16", "mnist", MNIST, batch_size=10)
    assert _products(conv) == 10 * 3 * 2 * 16 * (14 * 14 * 1 * 32 + 7 * 7 * 32 * 64)
    bare = make_config("linear-ae", "digits", (8, 8, 1), batch_size=10)
    assert _products(bare) == 10 * 3 * 2 * 64 * 10


@pytest.mark.parametrize(
    ("preset", "cores", "expected"),
    [("mlp-400-20", 8, 1), ("conv-16", 8, 7), ("conv-16", 2, 1), ("conv-16", 1, 1)],
)
def test_threads_by_work_and_cores(
    preset: str, cores: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: cores)
    monkeypatch.setattr(torch, "set_num_threads", found.append)
    set_training_threads(make_config(preset, "mnist", MNIST))
    assert found == [expected]


def test_freed_memory_may_be_kept_anywhere() -> None:
    keep_freed_memory()
    assert torch.zeros(1 << 20).sum() == 0
