"""A moment of a training as a model of its own: its weights, its codes, and nothing half made."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import train_tiny
from vae.checkpoints import read_tensors
from vae.datasets import load
from vae.errors import VaeError
from vae.inference import encode_pixels
from vae.reopening import moment_name, reopen, reopened
from vae.runs import NAME_PATTERN, Run, delete_run, find_run, load_model
from vae.timeline import moments, read_shown, weights_path
from vae.worker import check_resumable


def test_a_moment_becomes_a_model_that_every_page_can_open(tiny_run: Run) -> None:
    images = moments(tiny_run)[5]
    run = reopen(tiny_run, images)
    assert run is not None
    assert (run.name, run.ready) == (moment_name(tiny_run, images), True)
    assert run.config == tiny_run.config
    weights, _ = read_tensors(weights_path(tiny_run, images))
    model = load_model(run)
    assert all((weights[key] == value).all() for key, value in model.state_dict().items())
    test = load("digits", "test")
    np.testing.assert_allclose(
        run.codes().mu, encode_pixels(model, test.images)[0], atol=5e-3, rtol=1e-3
    )
    np.testing.assert_array_equal(run.codes().labels, test.labels)
    assert run.codes().split == "test"
    assert not np.allclose(run.codes().mu, tiny_run.codes().mu, atol=0.05)
    assert run.evaluation is None
    assert all(row["images"] <= images for row in run.metrics())
    assert run.status["state"] == "cancelled"
    assert "(stopped)" in (run.path / "card.md").read_text()
    with pytest.raises(VaeError, match="start a new training from it"):
        check_resumable(run)


def test_the_last_moment_is_the_model(tiny_run: Run) -> None:
    run = reopen(tiny_run, moments(tiny_run)[-1])
    assert run is not None
    assert run.status["state"] == "done"
    np.testing.assert_array_equal(run.codes().mu, tiny_run.codes().mu)


def test_it_is_made_once_and_anew_when_its_name_is_free(tiny_run: Run) -> None:
    images = moments(tiny_run)[2]
    first = reopen(tiny_run, images)
    assert first is not None
    made = first.path.stat().st_ino
    assert reopen(tiny_run, images) == reopened(tiny_run, images) == first
    assert first.path.stat().st_ino == made
    delete_run(first.name)
    assert reopened(tiny_run, images) is None
    assert reopen(tiny_run, images) == first
    # Another model of this name, as of an earlier training, is not overwritten.
    other = weights_path(tiny_run, moments(tiny_run)[3]).read_bytes()
    (first.path / "weights.safetensors").write_bytes(other)
    with pytest.raises(VaeError, match="already a run named"):
        reopen(tiny_run, images)


def test_told_to_stop_or_unable_it_leaves_nothing(tiny_run: Run, runs_folder) -> None:
    images = moments(tiny_run)[2]
    told = []
    assert reopen(tiny_run, images, lambda share: bool(told.append(share) or True)) is None
    assert told == [1.0]
    path = weights_path(tiny_run, images)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(VaeError, match="not a readable safetensors file"):
        reopen(tiny_run, images)
    path.unlink()
    with pytest.raises(VaeError, match=r"weights of 'tiny' .* were not kept"):
        reopen(tiny_run, images)
    assert [folder.name for folder in runs_folder.iterdir()] == ["tiny"]


def test_a_fine_tuned_model_needs_its_beginning_no_more(tiny_run: Run) -> None:
    tuned = train_tiny("tuned", epochs=1, start_from="tiny")
    delete_run("tiny")
    run = reopen(tuned, moments(tuned)[0])
    assert run is not None
    assert run.ready


def test_names_are_names(tiny_run: Run, runs_folder) -> None:
    import re

    tiny_run.path.rename(runs_folder / ("a" * 64))
    run = find_run("a" * 64)
    names = {moment_name(run, images) for images in moments(run)}
    assert len(names) == len(moments(run))
    assert all(re.fullmatch(NAME_PATTERN, name) for name in names)
    count = read_shown(run).count
    late = [moment_name(run, epoch * count) for epoch in (150, 1000, 100_000)]
    assert [name.rpartition("-")[2] for name in late] == ["150", "1000", "100000"]
