"""Which precision: decided where it is "auto", by what this machine knows and how fast it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.conftest import train_tiny
from vae import precision
from vae.config import Config
from vae.precision import gain, knows_bfloat16, with_precision
from vae.presets import make_config
from vae.runs import find_run

CPU = torch.device("cpu")


def small(chosen: str = "auto", **more: object) -> Config:
    return make_config(
        "mlp-2d", "digits", (8, 8, 1), device="cpu", batch_size=32, precision=chosen, **more
    )


@pytest.mark.parametrize("chosen", ["fp32", "bf16"])
def test_a_choice_is_kept_and_nothing_is_measured(
    chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "gain", lambda *_: pytest.fail("measured"))
    config = small(chosen)
    assert with_precision(config) is config


@pytest.mark.parametrize(("gained", "decided"), [(1.0, "fp32"), (1.14, "fp32"), (1.16, "bf16")])
def test_bfloat16_only_where_it_gains(
    gained: float, decided: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "knows_bfloat16", lambda _: True)
    monkeypatch.setattr(precision, "gain", lambda *_: gained)
    assert with_precision(small()) == small(decided)


def test_without_the_instructions_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    monkeypatch.setattr(precision, "gain", lambda *_: pytest.fail("measured"))
    assert with_precision(small()) == small("fp32")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert knows_bfloat16(CPU)
    assert not knows_bfloat16(torch.device("mps"))


def test_gain_is_that_of_the_step_and_leaves_random_numbers_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "_SECONDS", 0.0)
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    assert 0.01 < gain(small(noise="gaussian", weight_decay=0.1), CPU) < 100
    assert torch.equal(torch.rand(4), expected)


def test_gain_is_single_precision_time_by_bfloat16_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def pretend(stepper: precision.Stepper, _images: torch.Tensor, step: int) -> float:
        bf16 = stepper._config.training.precision == "bf16"
        return (1.0 if bf16 else 2.0) + (5.0 if step == 1 else 0.0)  # once disturbed

    monkeypatch.setattr(precision, "_SECONDS", 0.0)
    monkeypatch.setattr(precision, "_seconds", pretend)
    assert gain(small(), CPU) == pytest.approx(2.0)


def test_a_run_keeps_what_was_decided(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "knows_bfloat16", lambda _: True)
    monkeypatch.setattr(precision, "gain", lambda *_: 2.0)
    train_tiny("fast", epochs=1, precision="auto")
    written = json.loads((runs_folder / "fast" / "config.json").read_text())
    assert written["training"]["precision"] == "bf16"
    assert find_run("fast").config.training.precision == "bf16"
