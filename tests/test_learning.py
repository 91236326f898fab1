"""Pausing at any step, curves and checkpoints of runs that stop and go on, and data in batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import torch

from tests.conftest import train_tiny
from vae import learning
from vae.checkpoints import load_training_state, read_tensors
from vae.config import Config
from vae.errors import VaeError
from vae.presets import make_config
from vae.runs import CHECKPOINT, Run, find_run, load_model
from vae.status import read_status
from vae.stops import Stops
from vae.training import Progress, Trainer
from vae.worker import prepare, resumable, train_run

EPOCHS = 3


def _config(**chosen: object) -> Config:
    return make_config("mlp-2d", "digits", (8, 8, 1), epochs=EPOCHS, device="cpu", **chosen)


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick after every step."""
    monkeypatch.setattr("vae.training._TICK_SECONDS", -1.0)


class _StopAt(Stops):
    """Asked to stop when it is looked at for the n-th time."""

    def __init__(self, folder, looks: int, what: str = "pause") -> None:
        super().__init__(folder)
        self._left, self._what = looks, what

    def asked(self):
        self._left -= 1
        return self._what if self._left < 0 else None


def _equal(one: Run, two: Run) -> bool:
    states = (load_model(one).state_dict(), load_model(two).state_dict())
    return all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@pytest.mark.parametrize("chosen", [{}, {"lr_schedule": "plateau", "lr_patience": 1}], ids=str)
def test_paused_at_every_step_it_learns_the_same(runs_folder, ticks, chosen: dict) -> None:
    whole = train_tiny("whole", epochs=EPOCHS, **chosen)
    config = _config(**chosen)
    folder = prepare("paused", config)
    before = -1
    for _ in itertools.count():
        # Two looks come before the first step: one in the queue and one when it begins.
        state = train_run(folder, config, stops=_StopAt(folder, 3))
        if state == "done":
            break
        status = read_status(folder)
        assert (state, status["state"]) == ("paused", "paused")
        assert "finished" not in status
        kept = load_training_state(folder / CHECKPOINT)
        assert (kept.epoch, kept.step) > (0, 0)
        assert status["progress"] > before
        before = status["progress"]
        assert not (folder / "weights.safetensors").exists()
        resumable("paused")
    paused = find_run("paused")
    assert _equal(paused, whole)
    assert paused.metrics() == whole.metrics()
    assert paused.evaluation == whole.evaluation
    assert not (folder / CHECKPOINT).exists()


def test_cancelled_in_the_middle_of_an_epoch_it_keeps_that_step(runs_folder, ticks) -> None:
    config = _config()
    folder = prepare("run", config)
    assert train_run(folder, config, stops=_StopAt(folder, 6, "cancel")) == "cancelled"
    run = find_run("run")
    assert run.ready
    assert run.evaluation is not None
    kept = load_training_state(folder / CHECKPOINT)
    assert (kept.epoch, kept.step) == (0, 5)
    weights, _ = read_tensors(folder / "weights.safetensors")
    assert all(torch.equal(weights[key], kept.model[key]) for key in weights)
    assert train_run(folder, resumable("run").config) == "done"
    assert _equal(run, train_tiny("whole", epochs=EPOCHS))


def test_cancelled_before_the_first_step_nothing_is_kept(runs_folder) -> None:
    config = _config()
    folder = prepare("run", config)
    assert train_run(folder, config, stops=_StopAt(folder, 1, "cancel")) == "cancelled"
    assert not find_run("run").ready
    assert not (folder / CHECKPOINT).exists()


def test_killed_while_it_is_measured_nothing_is_trained_again(runs_folder, monkeypatch) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    config = _config()
    folder = prepare("run", config)
    with monkeypatch.context() as patch:
        patch.setattr(learning, "evaluate", killed)
        with pytest.raises(SystemExit):
            train_run(folder, config)
    assert find_run("run").status["state"] == "failed"
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_epoch", killed)
        assert train_run(folder, resumable("run").config) == "done"
    assert _equal(find_run("run"), train_tiny("whole", epochs=EPOCHS))


def test_checkpoints_come_by_time_also_within_an_epoch(runs_folder, ticks, monkeypatch) -> None:
    monkeypatch.setattr(learning, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(learning, "_CHECKPOINT_SHARE", 0)
    config, saved = _config(), []
    original = learning.save_training_state
    monkeypatch.setattr(
        learning,
        "save_training_state",
        lambda path, state: (saved.append((state.epoch, state.step)), original(path, state)),
    )
    train_run(prepare("run", config), config)
    assert len(set(saved)) > EPOCHS * 10
    assert saved[-1] == (EPOCHS, 0)
    monkeypatch.setattr(learning, "_CHECKPOINT_SECONDS", 1000.0)
    saved.clear()
    train_run(prepare("rare", config), config)
    assert saved == [(EPOCHS, 0)]  # what it is measured from


def test_a_step_that_makes_nan_does_not_reach_the_checkpoint(
    runs_folder, ticks, monkeypatch
) -> None:
    """The loss of that step was finite, and no point has been read since."""
    monkeypatch.setattr(learning, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(learning, "_CHECKPOINT_SHARE", 0)
    original = Trainer.run

    def run(self: Trainer) -> Iterator[Progress | None]:
        for point in original(self):
            if (self.epoch, self.step) == (1, 3):
                with torch.no_grad():
                    next(self.model.parameters())[0, 0] = float("nan")
            yield point

    config = _config(batch_size=32)
    folder = prepare("run", config)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run", run)
        with pytest.raises(VaeError, match="term became nan by step"):
            train_run(folder, config)
        kept = load_training_state(folder / CHECKPOINT)
        assert (kept.epoch, kept.step) == (1, 2)
        status = find_run("run").status
        assert status["state"] == "failed"
        assert "term became nan by step" in status["error"]
        # Asked to pause just there, it says so and keeps the checkpoint from before.
        with pytest.raises(VaeError, match="weights hold values that are not finite"):
            train_run(folder, config, stops=_StopAt(folder, 2))
    assert train_run(folder, resumable("run").config) == "done"
    assert _equal(find_run("run"), train_tiny("whole", epochs=EPOCHS, batch_size=32))


def test_nan_in_the_data_is_told_as_such(runs_folder, monkeypatch) -> None:
    from vae import step

    original = step.to_float

    def spoiled(images):
        x = original(images)
        x[0, 0] = float("nan")
        return x

    config = _config()
    folder = prepare("run", config)
    with monkeypatch.context() as patch:
        patch.setattr(step, "to_float", spoiled)
        with pytest.raises(VaeError, match="values in the data that are not numbers"):
            train_run(folder, config)
    assert find_run("run").status["state"] == "failed"
    assert not (folder / CHECKPOINT).exists()
    assert train_run(folder, resumable("run").config) == "done"


def test_in_memory_or_in_batches_it_learns_the_same(runs_folder) -> None:
    config = _config()
    assert train_run(prepare("stream", config), config, where="stream") == "done"
    assert train_run(prepare("memory", config), config, where="memory") == "done"
    assert _equal(find_run("stream"), find_run("memory"))


def test_the_threads_of_who_trains_in_a_program_of_their_own_stay(runs_folder) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train_tiny("run", epochs=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
