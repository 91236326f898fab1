"""The words for each choice: none is missing, none is too much, each option is read by somebody."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

import pytest

from vae import options
from vae.config import (
    Corruption,
    Freeze,
    Likelihood,
    ModelConfig,
    Objective,
    ObjectiveConfig,
    Precision,
    Schedule,
    TrainingConfig,
)
from vae.errors import VaeError
from vae.options import HELP, USED_BY
from vae.presets import make_config
from vae.schedules import capacity_at, term_weights

# These a preset, the objective or the data set decides.
DECIDED = {"network", "widths", "image_shape", "init", "activation", "posterior", "dataset"}
OTHER: dict[str, Any] = dict.fromkeys(USED_BY, 3.0) | {"samples": 3, "alpha": 0.5}


def test_every_choosable_field_has_its_line_and_every_line_its_field() -> None:
    kinds = (ModelConfig, ObjectiveConfig, TrainingConfig)
    names = [field.name for kind in kinds for field in fields(kind)]
    assert len(names) == len(set(names))  # one word on the command line means one thing
    assert set(HELP) == set(names) - DECIDED


@pytest.mark.parametrize(
    ("lines", "choices"),
    [
        (options.OBJECTIVES, Objective),
        (options.LIKELIHOODS, Likelihood),
        (options.SCHEDULES, Schedule),
        (options.CORRUPTIONS, Corruption),
        (options.FREEZES, Freeze),
        (options.PRECISIONS, Precision),
    ],
)
def test_every_choice_has_its_line(lines: dict[str, str], choices: Any) -> None:
    assert tuple(lines) == get_args(choices)


@pytest.mark.parametrize(
    "lines",
    [
        options.OBJECTIVES,
        options.LIKELIHOODS,
        options.SCHEDULES,
        options.CORRUPTIONS,
        options.FREEZES,
        options.PRECISIONS,
        HELP,
    ],
)
def test_a_line_is_one_line_and_a_sentence(lines: dict[str, str]) -> None:
    for name, line in lines.items():
        assert "\n" not in line
        assert 10 < len(line) < 120, name
        assert line.endswith(".")
    assert len(set(lines.values())) == len(lines)


def test_only_fields_of_the_objective_are_read_by_some_only() -> None:
    assert set(USED_BY) == {field.name for field in fields(ObjectiveConfig)} - {"objective"}


@pytest.mark.parametrize("kind", get_args(Objective))
@pytest.mark.parametrize("name", USED_BY)
def test_an_objective_takes_what_it_reads_and_refuses_the_rest(name: str, kind: Objective) -> None:
    chosen = {"objective": kind, name: OTHER[name]}
    if kind in USED_BY[name]:
        assert getattr(make_config("conv-16", "mnist", (28, 28, 1), **chosen).objective, name)
        return
    with pytest.raises(VaeError, match=name.replace("_", "-")) as caught:
        make_config("conv-16", "mnist", (28, 28, 1), **chosen)
    assert all(reader in str(caught.value) for reader in USED_BY[name])


@pytest.mark.parametrize("kind", get_args(Objective))
@pytest.mark.parametrize("name", sorted(set(USED_BY) - {"samples"}))
def test_what_is_said_to_be_read_is_read(name: str, kind: Objective) -> None:
    """Half-way through 4 epochs, another value changes the weights or C, or is not read."""
    base = {"beta": 2.0, "gamma": 1.0, "capacity": 20.0, "alpha": 0.25, "mmd_weight": 9.0}

    def meaning(**more: float) -> tuple[object, ...]:
        objective = ObjectiveConfig(kind, **{**base, **more})
        capacity = capacity_at(objective, 2.0, 4) if kind == "capacity" else None
        return term_weights(objective, 2.0), capacity

    assert (meaning() != meaning(**{name: OTHER[name]})) == (kind in USED_BY[name])
