"""A model's card: its figures add up, and its words are a student's."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from vae.card import architecture, duration, model_card, moment
from vae.config import ModelConfig
from vae.files import write_json
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
