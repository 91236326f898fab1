"""The loss in formulas: for each objective the numbers on screen add up to its loss."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from pages.train_formulas import empty_formula, explanation, formula, loss_name, symbolic
from pages.train_words import (
    in_words,
    measured_on,
    no_numbers,
    queue_words,
    schedule_words,
    state_words,
)
from vae.config import Objective, ObjectiveConfig
from vae.objectives import TERMS
from vae.presets import make_config
from vae.schedules import term_weights

OBJECTIVES = {
    "elbo": ObjectiveConfig(beta=4.0, beta_warmup=10.0),
    "capacity": ObjectiveConfig("capacity", gamma=30.0),
    "beta-tcvae": ObjectiveConfig("beta-tcvae", beta=6.0),
    "wae-mmd": ObjectiveConfig("wae-mmd", mmd_weight=500.0),
    "info-vae": ObjectiveConfig("info-vae", alpha=0.5, mmd_weight=20.0),
    "iwae": ObjectiveConfig("iwae", samples=5),
    "aevb": ObjectiveConfig("aevb", gamma=-0.5),
    "autoencoder": ObjectiveConfig("autoencoder", sparsity=0.1),
}
EPOCH = 5.0


def row_of(objective: ObjectiveConfig) -> dict[str, Any]:
    """A point of the curves with the loss that the weights make of its terms."""
    weights = term_weights(objective, EPOCH)
    values = (80.123, 12.347, 1.3456, 0.4567, 3.21)
    row = dict(zip(TERMS[objective.objective], values, strict=False))
    row |= {"neg_log_q": -12.345} if "neg_log_q" in row else {}
    return {**row, "loss": sum(weights[term] * value for term, value in row.items())}


@pytest.mark.parametrize("kind", get_args(Objective))
def test_the_numbers_on_screen_add_up(kind: Objective) -> None:
    objective, row = OBJECTIVES[kind], row_of(OBJECTIVES[kind])
    left, _, right = formula(objective, row, EPOCH).partition(" = ")
    (loss,) = re.findall(r"\{([-\d.]+)\\text\{ nats\}\}", left)
    assert float(loss) == pytest.approx(row["loss"], abs=0.051)
    if kind == "iwae":
        assert r"\tfrac{1}{5} \sum_{i=1}^{5}" in right
        return
    total = 0.0
    for part in right.split(" + "):
        weight = re.match(r"\(?(-?[\d.]+)\)?\\cdot", part)
        (value,) = re.findall(r"\\underbrace\{\(?(-?[\d.]+)\)?\}", part)
        total += (float(weight[1]) if weight else 1.0) * float(value)
    # as a reader adds them: the rounded terms are off by a tenth each at most
    assert total == pytest.approx(row["loss"], abs=0.25)


def test_only_an_autoencoder_has_no_kl_anywhere() -> None:
    for kind, objective in OBJECTIVES.items():
        preset = "ae" if kind == "autoencoder" else "mlp-2d"
        config = make_config(preset, "digits", (8, 8, 1), objective=kind)
        words = explanation(config, "").replace("no\nKL", "").replace("no KL", "")
        shown = formula(objective, row_of(objective), EPOCH) + symbolic(objective) + words
        assert ("KL" in shown) == (kind != "autoencoder"), kind
        assert ("ELBO" in shown) == (kind != "autoencoder"), kind


def test_the_loss_is_the_elbo_only_where_it_is() -> None:
    assert loss_name(ObjectiveConfig()) == r"-\mathrm{ELBO}"
    for other in (ObjectiveConfig(beta=2.0), ObjectiveConfig(beta_warmup=3.0)):
        assert loss_name(other) == r"\text{loss}"
    assert r"4\cdot \mathrm{KL}" in empty_formula(ObjectiveConfig(beta=4.0), no_numbers(True))


def test_a_mean_over_moving_weights_is_said_to_be_about() -> None:
    objective = ObjectiveConfig(beta=4.0, beta_warmup=10.0)
    row = {"loss": 100.0, "reconstruction": 80.0, "kl": 9.0}
    assert r"\approx" in formula(objective, row, EPOCH)
    assert r"2\cdot" in formula(objective, row, EPOCH)


def test_what_moves_says_where_it_stands() -> None:
    warming = ObjectiveConfig(beta=4.0, beta_warmup=10.0)
    assert schedule_words(warming, 5.0, 50) == "β is 2 now, and 4 from epoch 10 on."
    growing = ObjectiveConfig("capacity", gamma=1.0, capacity=25.0)
    assert schedule_words(growing, 5.0, 50) == "C is 2.5 nats now, and 25 from epoch 50 on."
    assert schedule_words(ObjectiveConfig(), 5.0, 50) == ""
    assert schedule_words(ObjectiveConfig("iwae", beta_warmup=3.0), 1.0, 50) == ""


def test_the_explanation_speaks_of_this_run() -> None:
    config = make_config("conv-64px", "any", (64, 64, 3), beta=4.0)
    text = explanation(config, " Now: 80.0 and 10.0 nats.")
    assert all(part in text for part in ("12,288 pixel values", r"4\cdot", "80.0 and 10.0 nats"))
    assert "cross-entropy" in text
    assert "squared error" in explanation(make_config("ae", "digits", (8, 8, 1)), "")


def test_the_numbers_say_which_images_they_are_of() -> None:
    cases = {
        ("validation", "validation images", False): "Intermediate result",
        ("validation", "validation images", True): "before its final test",
        ("validation", "", False): "come with the first points",
        ("validation", "", True): "Nothing was measured",
        ("test", "300 test images", True): "300 test images that the model never saw",
    }
    for arguments, words in cases.items():
        assert words in measured_on(*arguments)


def test_a_queue_in_words() -> None:
    assert queue_words([]) == "next in the queue"
    assert queue_words(["a"]) == "queued, 1 before it: a"
    assert queue_words(["a", "b", "c"]) == "queued, 3 before it: a, b and 1 more"
    assert state_words({"state": "queued"}) == "queued"


def test_what_was_cancelled_before_its_first_step_is_not_called_stopped() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"epoch": 0.3}, "stopped"),
        ({"copy_of": "other"}, "stopped"),
        ({}, "cancelled"),
        ({"epoch": 0.0}, "cancelled"),
    ]
    for facts, words in cases:
        assert state_words({"state": "cancelled", **facts}) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "a few seconds"), (41, "about 40 seconds"), (150, "about 2 minutes"), (9e3, "2.5 hours")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert words in in_words(seconds)
