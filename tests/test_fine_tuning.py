"""Fine-tuning: what a training inherits, and which models can be its beginning."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from vae.checkpoints import read_tensors
from vae.config import Config
from vae.errors import VaeError
from vae.files import make_folder
from vae.fine_tuning import check_start, inherited, keep_start, read_start
from vae.presets import make_config
from vae.runs import Run, delete_run
from vae.stops import Stops
from vae.worker import prepare, train_run


def _config(preset: str = "mlp-2d", **chosen: object) -> Config:
    return make_config(preset, "digits", (8, 8, 1), device="cpu", start_from="tiny", **chosen)


def test_choices_follow_the_model_where_none_was_made(tiny_run: Run) -> None:
    chosen = inherited(
        "tiny", {"preset": None, "latent_dim": None, "lr": 0.1, "likelihood": "gaussian"}
    )
    assert chosen == {
        "preset": "mlp-2d",
        "widths": (256,),
        "latent_dim": 2,
        "lr": 0.1,
        "likelihood": "gaussian",
        "objective": "elbo",
        "beta": 1.0,
        "beta_warmup": 0.0,
    }
    other = inherited("tiny", {"objective": "iwae"})
    assert other["objective"] == "iwae"
    assert "beta" not in other  # it would have no meaning


def test_the_weights_are_kept_in_the_run_itself(tiny_run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "fine"
    make_folder(folder)
    keep_start(folder, _config())
    wanted, _ = read_tensors(tiny_run.path / "weights.safetensors")
    delete_run("tiny")
    kept = read_start(folder)
    assert kept is not None
    assert all(torch.equal(kept[name], wanted[name]) for name in wanted)


def test_they_are_gone_when_it_is_done_and_not_before(tiny_run: Run) -> None:
    config = _config(epochs=2)
    folder = prepare("fine", config)
    stops = Stops(folder)

    def pause(point, _config) -> None:
        stops.signal = 15 if point.epoch > 0.5 else None

    assert train_run(folder, config, pause, stops=stops) == "paused"
    assert read_start(folder) is not None
    assert train_run(folder, config) == "done"
    assert read_start(folder) is None


def test_a_fresh_training_keeps_nothing(tmp_path: Path) -> None:
    keep_start(tmp_path, make_config("mlp-2d", "digits", (8, 8, 1)))
    assert read_start(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("preset", "chosen", "words"),
    [
        ("mlp-2d", {"latent_dim": 3}, "latent dim is 2, and 3 was asked for"),
        ("conv-16", {}, "network is mlp, and conv was asked for"),
        ("mlp-2d", {"objective": "autoencoder"}, "posterior is gaussian, and point"),
    ],
)
def test_other_networks_are_refused(tiny_run: Run, preset: str, chosen: dict, words: str) -> None:
    with pytest.raises(VaeError, match=words):
        check_start(_config(preset, **chosen))


def test_a_model_that_is_not_there_or_not_ready_is_refused(tiny_run: Run) -> None:
    config = _config()
    (tiny_run.path / "weights.safetensors").unlink()
    with pytest.raises(VaeError, match="no weights yet"):
        check_start(config)
    other = dataclasses.replace(config.training, start_from="nobody")
    with pytest.raises(VaeError, match="no model 'nobody'"):
        check_start(dataclasses.replace(config, training=other))
