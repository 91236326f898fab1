"""The snapshots of a training: when, what is in them, and that a resume repeats them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from tests.conftest import train_tiny
from tests.test_learning import _config, _StopAt
from vae import snapshots
from vae.checkpoints import read_tensors
from vae.datasets import load
from vae.errors import VaeError
from vae.files import load_npz, save_npz
from vae.inference import encode_pixels, image_terms, reconstruct, sample_prior
from vae.runs import Run, find_run, load_model
from vae.snapshots import GROWTH, due_steps, with_weights
from vae.timeline import (
    MOMENTS,
    has_timeline,
    moment_path,
    moments,
    nearest_openable,
    read_moment,
    read_shown,
    weights_path,
)
from vae.training import Trainer
from vae.worker import prepare, resumable, train_run


@pytest.mark.parametrize("steps", [1, 2, 11, 33, 430, 21_500, 10**6, 10**9])
def test_the_schedule_begins_before_the_first_step_and_grows_geometrically(steps: int) -> None:
    due = due_steps(steps)
    assert due == sorted(set(due))
    assert (due[0], due[1], due[-1]) == (0, 1, steps)
    assert len(due) < MOMENTS
    growth = max(GROWTH, steps ** (1 / (MOMENTS - 4)))
    for early, late in itertools.pairwise(due[1:]):
        assert late <= max(early + 1, growth * (early + 0.5) + 0.5)


def test_weights_of_large_models_are_thinned_and_the_last_stay(monkeypatch) -> None:
    times = list(range(0, 500, 10))
    monkeypatch.setattr(snapshots, "WEIGHT_BYTES", 1000)
    assert with_weights(times, 20) == frozenset(times)
    kept = with_weights(times, 100)
    assert len(kept) == 10
    assert {0, 490} <= kept
    assert np.ptp(np.diff(sorted(kept))) <= 10
    assert with_weights(times, 700) == {490}
    assert with_weights(times, 2000) == frozenset()


def test_each_is_what_the_model_made_at_that_moment(tiny_run: Run) -> None:
    steps, count = 3 * 11, len(load("digits", "train").images)
    per_epoch = -(-count // 128)
    assert moments(tiny_run) == [
        step // per_epoch * count + min(count, step % per_epoch * 128)
        for step in due_steps(3 * per_epoch)
    ]
    assert steps <= 3 * per_epoch
    shown, validation = read_shown(tiny_run), load("digits", "validation")
    np.testing.assert_array_equal(shown.originals, validation.images[:16])
    np.testing.assert_array_equal(shown.labels, validation.labels[: len(shown.labels)])
    for images in moments(tiny_run):
        model = load_model(tiny_run)
        model.load_state_dict(read_tensors(weights_path(tiny_run, images))[0])
        moment = read_moment(tiny_run, images)
        assert moment.images == images
        codes = encode_pixels(model, validation.images[: len(shown.labels)])[0]
        np.testing.assert_allclose(moment.codes, codes, atol=5e-3, rtol=1e-3)
        for made, expected in (
            (moment.reconstructions, reconstruct(model, shown.originals)),
            (moment.samples, sample_prior(model, 16, seed=0)),
        ):
            assert np.abs(made.astype(int) - expected).max() <= 1
        terms = image_terms(model, shown.originals)
        expected = [terms["reconstruction"].mean(), terms["kl"].mean()]
        np.testing.assert_allclose(moment.terms, expected, rtol=1e-4)
    weights, _ = read_tensors(weights_path(tiny_run, moments(tiny_run)[-1]))
    final = load_model(tiny_run).state_dict()
    assert all(torch.equal(weights[key], final[key]) for key in final)


def test_snapshots_change_nothing_of_what_is_learned(runs_folder, monkeypatch) -> None:
    with_them = load_model(train_tiny("with")).state_dict()
    monkeypatch.setattr(snapshots.Snapshots, "take", lambda self: None)
    run = train_tiny("without")
    assert moments(run) == []
    without = load_model(run).state_dict()
    assert all(torch.equal(with_them[key], without[key]) for key in without)


def test_a_resumed_run_takes_the_same(runs_folder, monkeypatch) -> None:
    monkeypatch.setattr("vae.training._TICK_SECONDS", -1.0)
    whole = train_tiny("whole", epochs=3)
    config = _config()
    folder = prepare("paused", config)
    assert train_run(folder, config, stops=_StopAt(folder, 17)) == "paused"
    paused = find_run("paused")
    early = moments(paused)
    assert early == moments(whole)[: len(early)]
    # What a killed process took after its last checkpoint is taken again.
    save_npz(moment_path(paused, moments(whole)[-1]), codes=np.zeros(1))
    assert train_run(folder, resumable("paused").config) == "done"
    assert moments(paused) == moments(whole)
    for images in moments(whole):
        one, two = (load_npz(moment_path(run, images)) for run in (whole, paused))
        assert all(np.array_equal(one[key], two[key]) for key in one)
        assert weights_path(whole, images).read_bytes() == weights_path(paused, images).read_bytes()


def test_who_stops_early_keeps_the_end(runs_folder, monkeypatch) -> None:
    monkeypatch.setattr("vae.training._TICK_SECONDS", -1.0)
    config = _config()
    folder = prepare("run", config)
    assert train_run(folder, config, stops=_StopAt(folder, 15, "cancel")) == "cancelled"
    run = find_run("run")
    last = moments(run)[-1]
    weights, _ = read_tensors(weights_path(run, last))
    final = load_model(run).state_dict()
    assert all(torch.equal(weights[key], final[key]) for key in final)
    assert train_run(folder, resumable("run").config) == "done"
    assert moments(run) == moments(train_tiny("whole", epochs=3))


def test_an_autoencoder_and_its_noise(tiny_ae: Run) -> None:
    shown = read_shown(tiny_ae)
    assert shown.noisy is not None
    assert not np.array_equal(shown.noisy, shown.originals)
    moment = read_moment(tiny_ae, moments(tiny_ae)[-1])
    assert moment.terms[0] > 0
    assert np.isnan(moment.terms[1])


def test_a_model_that_bursts_leaves_no_snapshot_of_nan(runs_folder, monkeypatch) -> None:
    original = Trainer.run

    def run(self: Trainer):
        for point in original(self):
            with torch.no_grad():
                next(self.model.parameters()).fill_(float("nan"))
            yield point

    monkeypatch.setattr(Trainer, "run", run)
    config = _config()
    folder = prepare("run", config)
    with pytest.raises(VaeError, match="nan"):
        train_run(folder, config)
    assert moments(find_run("run")) == [0]


def test_the_nearest_that_opens(tiny_run: Run) -> None:
    times = moments(tiny_run)
    assert nearest_openable(tiny_run, times[4]) == times[4]
    weights_path(tiny_run, times[4]).unlink()
    assert nearest_openable(tiny_run, times[4]) == times[5]
    assert not has_timeline(find_run("digits-2d"))
    assert nearest_openable(find_run("digits-2d"), 5) is None
