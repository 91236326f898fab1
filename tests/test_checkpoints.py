"""Weights come back tensor by tensor, or not at all."""

from __future__ import annotations

import math
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from vae.checkpoints import (
    TrainingState,
    load_training_state,
    load_weights,
    save_training_state,
    save_weights,
)
from vae.errors import VaeError
from vae.model import VAE
from vae.presets import make_config

CONFIG = make_config("conv-16", "digits", (8, 8, 1)).model


@pytest.fixture
def saved(tmp_path: Path) -> tuple[VAE, Path]:
    model = VAE(CONFIG)
    save_weights(model, tmp_path / "weights.safetensors")
    return model, tmp_path / "weights.safetensors"


def test_exact_reload(saved: tuple[VAE, Path]) -> None:
    model, path = saved
    other = VAE(CONFIG)
    load_weights(other, path)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(VaeError, match="no weights file"):
        load_weights(VAE(CONFIG), tmp_path / "none")


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_truncated_file_is_refused(saved: tuple[VAE, Path], keep: int) -> None:
    path = saved[1]
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(VaeError, match="not a readable safetensors"):
        load_weights(VAE(CONFIG), path)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "weights").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(VaeError, match="not a readable safetensors"):
        load_weights(VAE(CONFIG), tmp_path / "weights")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.pop("encoder.1.weight"), "lacks the tensor"),
        (lambda t: t.update(extra=torch.zeros(1)), "foreign tensor"),
        (lambda t: t.update({"encoder.1.bias": torch.zeros(3)}), "needs"),
        (lambda t: t.update({"encoder.1.bias": torch.zeros(32).double()}), "float64"),
        (lambda t: t.update({"encoder.1.bias": torch.full((32,), torch.nan)}), "not finite"),
    ],
)
def test_foreign_weights_leave_the_model_as_it_was(saved, change, words) -> None:
    model, path = saved
    tensors = model.state_dict()
    change(tensors)
    save_file(tensors, str(path))
    other = VAE(CONFIG)
    before = [tensor.clone() for tensor in other.state_dict().values()]
    with pytest.raises(VaeError, match=words):
        load_weights(other, path)
    assert all(map(torch.equal, before, other.state_dict().values()))


def test_weights_are_no_training_state(saved: tuple[VAE, Path]) -> None:
    with pytest.raises(VaeError, match="how far its training came"):
        load_training_state(saved[1])


def test_a_file_truncated_under_a_loaded_model_does_not_touch_it(saved: tuple[VAE, Path]) -> None:
    model, path = saved
    loaded = VAE(CONFIG)
    load_weights(loaded, path)
    os.truncate(path, 10)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name]), name


def _state(**changed: Any) -> TrainingState:
    state = TrainingState(
        epoch=3,
        step=7,
        seen=40,
        sums=torch.tensor([0.1, 1e30, -3.0]),
        plateau=(0.1 + 0.2, 2, 0.25),
        model={"encoder.1.weight": torch.randn(2, 3), "decoder.bias": torch.randn(1)},
        optimizer={"0.step": torch.tensor(2.0), "0.exp_avg": torch.randn(2, 3)},
    )
    return replace(state, **changed)


@pytest.mark.parametrize("best", [0.1 + 0.2, -1e-300, math.inf])
def test_a_training_state_comes_back_bit_for_bit(tmp_path: Path, best: float) -> None:
    state = _state(plateau=(best, 2, 0.25))
    save_training_state(tmp_path / "state", state)
    found = load_training_state(tmp_path / "state")
    assert (found.epoch, found.step, found.seen, found.plateau) == (3, 7, 40, (best, 2, 0.25))
    assert torch.equal(found.sums, state.sums)
    for part, wanted in ((found.model, state.model), (found.optimizer, state.optimizer)):
        assert set(part) == set(wanted)
        assert all(torch.equal(part[name], wanted[name]) for name in wanted)


def _rewritten(path: Path, change: Any, **metadata: str) -> None:
    facts = {"epoch": "3", "step": "7", "seen": "40", "waited": "2"}
    facts |= {"best": (0.3).hex(), "factor": (0.25).hex()} | metadata
    tensors = load_file(str(path))
    change(tensors)
    save_file(tensors, str(path), {key: value for key, value in facts.items() if value})


@pytest.mark.parametrize(
    ("metadata", "change", "words"),
    [
        ({"step": ""}, lambda t: None, "how far its training came"),
        ({"epoch": "three"}, lambda t: None, "how far its training came"),
        ({"best": "0x1p99999"}, lambda t: None, "how far its training came"),
        ({"factor": "half"}, lambda t: None, "how far its training came"),
        ({}, lambda t: t.pop("sums"), "how far its training came"),
        ({}, lambda t: t.update(rng=torch.zeros(1)), "foreign tensor 'rng'"),
    ],
)
def test_a_damaged_training_state_is_refused(tmp_path, metadata, change, words) -> None:
    save_training_state(tmp_path / "state", _state())
    _rewritten(tmp_path / "state", change, **metadata)
    with pytest.raises(VaeError, match=words):
        load_training_state(tmp_path / "state")


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_a_truncated_training_state_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "state"
    save_training_state(path, _state())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(VaeError, match="not a readable safetensors"):
        load_training_state(path)
