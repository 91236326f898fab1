"""A model's card: its figures add up, and its words are a student's."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal
from typing import Any, get_args

import pytest

from tests.conftest import train_tiny
from vae.__main__ import parser
from vae.card import architecture, command, duration, model_card, moment, objective_words
from vae.config import Config, ModelConfig, Objective, ObjectiveConfig
from vae.datasets.registry import find
from vae.files import write_json
from vae.options import HELP, USED_BY
from vae.presets import PRESETS, make_config
from vae.runs import Run, list_runs


def value(card: str, label: str) -> Decimal:
    """The first number in the row whose label holds these words."""
    (row,) = [line for line in card.splitlines() if label in line and line.startswith("|")]
    number = re.search(r"[-−]?[0-9]+[.][0-9]+", row.split("|")[2])
    assert number is not None
    return Decimal(number.group().replace("−", "-"))


@pytest.mark.parametrize(
    ("reconstruction", "kl"),
    [(222.6249, 17.3049), (88.1251, 9.5451), (0.004, 0.004), (-310.206, 4.199)],
)
def test_the_rows_add_up_as_printed(tiny_run: Run, reconstruction: float, kl: float) -> None:
    terms = {"reconstruction": reconstruction, "kl": kl, "elbo": -(reconstruction + kl)}
    write_json(tiny_run.path / "evaluation.json", {**(tiny_run.evaluation or {}), **terms})
    card = model_card(tiny_run)
    total, first, second = (
        value(card, label) for label in ("reconstruction + KL", "log p(x∣z)", "KL(q")
    )
    assert first + second == total
    assert float(total) == pytest.approx(reconstruction + kl, abs=0.0101)
    assert float(first) == pytest.approx(reconstruction, abs=0.0051)
    assert float(second) == pytest.approx(kl, abs=0.0051)


def test_bundled_cards_are_what_their_folders_say() -> None:
    for run in list_runs()[0]:
        if run.bundled:
            assert (run.path / "card.md").read_text(encoding="utf-8") == model_card(run)


def test_the_table_has_a_header(tiny_run: Run) -> None:
    assert "| what | value |\n|---|---|\n" in model_card(tiny_run)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (99.4, "99 s"), (99.5, "2 min"), (2118.47, "35 min"), (9000, "2.5 h")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("iso", "words"),
    [
        ("2026-11-20T13:36:26+00:00", "2026-11-20 13:36 UTC"),
        ("2026-11-20T13:36:26+02:00", "2026-11-20 11:36 UTC"),
        ("0001-01-01T00:00:00+02:00", "0001-01-01T00:00:00+02:00"),
        ("some day", "some day"),
    ],
)
def test_moments(iso: str, words: str) -> None:
    assert moment(iso) == words


def test_networks_in_words() -> None:
    shape = (28, 28, 1)
    assert architecture(ModelConfig("conv", (32, 64), 2, shape)) == "convolutional, channels 32–64"
    single = architecture(ModelConfig("mlp", (256,), 2, shape))
    assert single == "fully connected, one hidden layer of 256"
    deeper = architecture(ModelConfig("mlp", (512, 256), 2, shape))
    assert deeper == "fully connected, hidden layers 512–256"
    assert architecture(ModelConfig("mlp", (), 2, shape, activation="linear")) == (
        "linear, without hidden layers"
    )


def _repeated(config: Config) -> Config:
    """What the command line of its card makes of it."""
    words = shlex.split(command("again", config))
    assert words[:5] == ["python", "-m", "vae", "train", "again"]
    options = parser().parse_args(words[3:])
    shape = find(options.dataset).image_shape
    chosen = {name: getattr(options, name) for name in HELP}
    return make_config(options.preset, options.dataset, shape, **chosen)


@pytest.mark.parametrize("kind", get_args(Objective))
@pytest.mark.parametrize("preset", PRESETS)
def test_the_command_makes_the_same_again(preset: str, kind: Objective) -> None:
    config = make_config(preset, "digits", (8, 8, 1), objective=kind)
    assert _repeated(config) == config


@pytest.mark.parametrize(
    ("preset", "chosen"),
    [
        # at the default of the field, which is not the preset's or the objective's
        ("sparse-ae", {"sparsity": 0.0}),
        ("denoising-ae", {"noise": "none"}),
        ("linear-ae", {"lr_schedule": "constant"}),
        ("mlp-2d", {"objective": "iwae", "samples": 1}),
        ("mlp-2d", {"objective": "capacity", "gamma": 0.0}),
        ("mlp-2d", {"objective": "beta-tcvae", "beta": 1.0}),
        # numbers that are not what they look like
        ("mlp-2d", {"lr": 0.1 + 0.2}),
        ("mlp-2d", {"objective": "aevb", "gamma": -1e-05}),
        ("mlp-2d", {"objective": "info-vae", "alpha": -1.5}),
        (
            "conv-16",
            {
                "rotate": 10.0,
                "scale": 0.1,
                "flip": True,
                "noise": "masking",
                "noise_level": 0.25,
                "start_from": "other",
                "freeze": "encoder",
                "weight_decay": 1e-4,
                "clip_norm": 5.0,
                "lr_schedule": "plateau",
                "lr_patience": 3,
                "seed": 5,
                "precision": "bf16",
                "device": "cpu",
                "beta_warmup": 2.5,
                "beta": 4.0,
                "epochs": 7,
            },
        ),
    ],
)
def test_every_choice_is_in_the_command(preset: str, chosen: dict[str, Any]) -> None:
    config = make_config(preset, "digits", (8, 8, 1), **chosen)
    assert _repeated(config) == config


@pytest.mark.parametrize("kind", get_args(Objective))
def test_an_objective_is_named_with_the_numbers_that_it_reads(kind: Objective) -> None:
    numbers = {"beta": 2.5, "gamma": 7.5, "capacity": 11.5, "alpha": 0.5, "mmd_weight": 3.5}
    objective = ObjectiveConfig(kind, samples=13, sparsity=0.125, **numbers)
    words = objective_words(objective)
    shown = {name: f"{getattr(objective, name):g}" for name in (*numbers, "samples", "sparsity")}
    for name, number in shown.items():
        found = number in re.findall(r"-?[0-9.]+", words)
        assert found == (kind in USED_BY[name]), name


def test_a_plain_autoencoders_card_tells_of_no_posterior(runs_folder) -> None:
    card = model_card(train_tiny("plain", epochs=1, preset="denoising-ae"))
    assert "An autoencoder (preset `denoising-ae`)" in card
    assert "log p(x∣z)" in card
    for word in ("KL", "ELBO", "bits", "posterior", "variational"):
        assert word not in card, word
