"""Learning rate, β, capacity: where they begin, where they end, and what lies between."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from vae.config import Objective, ObjectiveConfig, TrainingConfig
from vae.objectives import TERMS
from vae.schedules import Plateau, beta_at, capacity_at, learning_rate, term_weights


def _rate(epoch: float, schedule: str, plateau: Plateau | None = None) -> float:
    training = TrainingConfig("digits", epochs=10, lr=0.01, lr_schedule=schedule)  # type: ignore[arg-type]
    return learning_rate(training, epoch, plateau or Plateau())


def test_constant() -> None:
    assert {_rate(epoch, "constant") for epoch in (0, 3.7, 10)} == {0.01}


def test_cosine_is_half_a_wave_from_lr_to_zero() -> None:
    rates = [_rate(epoch, "cosine") for epoch in (0, 2.5, 5, 7.5, 10)]
    half = math.sqrt(0.5)
    expected = [0.01, 0.005 * (1 + half), 0.005, 0.005 * (1 - half), 0.0]
    assert rates == pytest.approx(expected, abs=1e-12)


def test_plateau_halves_once_per_patience() -> None:
    plateau, factors = Plateau(), []
    for loss in (9.0, 8.0, 8.0, 8.5, 7.9, 7.9, 7.9, 7.9, 7.9, 7.0):
        plateau.note(loss, patience=2)
        factors.append(plateau.factor)
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]
    assert plateau.best == 7.0
    assert _rate(4, "plateau", plateau) == pytest.approx(0.01 / 8)
    assert _rate(4, "constant", plateau) == 0.01


@pytest.mark.parametrize(("before", "loss", "better"), [(100, 99.98, True), (100, 99.995, False)])
def test_an_improvement_too_small_to_matter_is_none(before, loss, better) -> None:
    plateau = Plateau()
    plateau.note(before, patience=5)
    plateau.note(loss, patience=5)
    assert (plateau.waited == 0) == better


def test_plateau_of_a_loss_below_zero() -> None:
    """A density's −log p may be negative: less is better all the same."""
    plateau = Plateau()
    for loss in (5.0, -5.0, -6.0):
        plateau.note(loss, patience=1)
        assert plateau.waited == 0
    plateau.note(-5.5, patience=1)
    assert plateau.factor == 0.5


def test_beta_warms_up_in_a_straight_line() -> None:
    objective = ObjectiveConfig(beta=4.0, beta_warmup=8.0)
    assert [beta_at(objective, epoch) for epoch in (0, 2, 4.5, 8, 50)] == [0, 1, 2.25, 4, 4]
    assert beta_at(ObjectiveConfig(beta=4.0), 0) == 4


def test_capacity_grows_over_its_epochs_or_over_all() -> None:
    own = ObjectiveConfig("capacity", capacity=25.0, capacity_epochs=5.0)
    assert [capacity_at(own, epoch, 20) for epoch in (0, 1, 2.5, 5, 20)] == [0, 5, 12.5, 25, 25]
    every = ObjectiveConfig("capacity", capacity=25.0)
    assert [capacity_at(every, epoch, 20) for epoch in (0, 10, 20)] == [0, 12.5, 25]


@pytest.mark.parametrize("kind", get_args(Objective))
def test_only_a_warming_beta_changes_weights_on_the_way(kind: Objective) -> None:
    objective = ObjectiveConfig(kind, beta=4.0, beta_warmup=10.0)
    early, late = (term_weights(objective, epoch) for epoch in (5.0, 10.0))
    changed = {name for name in TERMS[kind] if early[name] != late[name]}
    weighed = {"elbo": {"kl"}, "aevb": {"kl"}, "beta-tcvae": {"total_correlation"}}
    assert changed == weighed.get(kind, set())
    assert all(early[name] == 2 and late[name] == 4 for name in changed)
