"""Search spaces: written, read and refused; what their values make of a preset."""

from __future__ import annotations

import pytest

from vae.errors import VaeError
from vae.presets import PRESETS, make_config
from vae.sweeps.plan import make_plan, plan_from_json, plan_to_json
from vae.sweeps.spaces import Space, configured, grid, own_values, parse, scaled

DIGITS = (8, 8, 1)
OWN = {"latent_dim": 2, "beta": 1.0, "lr": 1e-3, "width": 256, "depth": 1}


@pytest.mark.parametrize(
    ("text", "space"),
    [
        ("latent_dim=8,2,4,4", Space("latent_dim", (2, 4, 8))),
        ("beta=0.5, 1", Space("beta", (0.5, 1.0))),
        ("depth=1..3", Space("depth", low=1, high=3)),
        ("lr=1e-4..1e-2:log", Space("lr", low=1e-4, high=1e-2, log=True)),
        ("lr=0.00123456789..1", Space("lr", low=0.00123456789, high=1)),
        ("width", Space("width", low=128, high=512, log=True)),
    ],
)
def test_a_space_is_read_and_written(text: str, space: Space) -> None:
    assert parse(text, OWN) == space
    assert parse(str(space), OWN) == space


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epochs=1,2", "'epochs' cannot be searched; what can is latent_dim, beta"),
        ("latent_dim=2.5", "whole number"),
        ("latent_dim=0,2", "latent_dim is 0; allowed is 1 to 1024"),
        ("beta=nan", "must be a number"),
        ("beta=1e99", "allowed is 0 to 1000"),
        ("lr=1..2..3", "must be a number"),
        ("lr=0.1..0.01", "smaller than the second"),
        ("beta=0..1:log", "above 0"),
        ("beta=1,2:log", ":log is for a range"),
        ("beta=1..2:cubic", ":cubic"),
        ("latent_dim=" + ",".join(map(str, range(1, 70))), "69 choices"),
    ],
)
def test_what_is_no_space_is_refused_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(VaeError, match=r"\.$") as caught:
        parse(text, OWN)
    assert words in str(caught.value)


def test_a_grid_takes_both_ends_and_the_middle_of_a_range() -> None:
    assert parse("lr=1e-4..1e-2:log", OWN).levels == pytest.approx((1e-4, 1e-3, 1e-2))
    assert parse("beta=1..3", OWN).levels == (1, 2, 3)
    assert parse("depth=1..2", OWN).levels == (1, 2)
    spaces = [parse("latent_dim=2,4", OWN), parse("depth=1..3", OWN)]
    points = grid(spaces, seed=0)
    assert len(points) == 6 == len({tuple(point.items()) for point in points})
    assert grid(spaces, seed=0) == points != grid(spaces, seed=1)
    many = [parse("latent_dim=" + ",".join(map(str, range(1, 60))), OWN)] * 4
    with pytest.raises(VaeError, match="12,117,361 points"):
        grid(many, 0)


def test_the_presets_own_value_is_part_of_a_space() -> None:
    assert parse("latent_dim=4,8", OWN).including(2).choices == (2, 4, 8)
    assert parse("beta=2..4:log", OWN).including(1.0) == parse("beta=1..4:log", OWN)


def test_layers_keep_the_presets_shape() -> None:
    assert scaled((512, 256), False, 128, 2) == (128, 64)
    assert scaled((512, 256), False, 512, 4) == (512, 256, 128, 64)
    assert scaled((400,), False, 400, 3) == (400, 200, 100)
    assert scaled((32, 64), True, 8, 3) == (8, 16, 32)
    assert scaled((32, 32, 64, 64, 128), True, 32, 6) == (32, 32, 64, 64, 128, 256)
    assert scaled((1,), False, 1, 3) == (1, 1, 1)
    assert scaled((8192,), True, 8192, 2) == (8192, 8192)


@pytest.mark.parametrize("preset", [p for p in PRESETS if not p.endswith("ae")])
def test_a_presets_own_values_are_the_preset(preset: str) -> None:
    own = own_values(preset, "digits", DIGITS)
    assert configured(preset, "digits", DIGITS, own) == make_config(preset, "digits", DIGITS)


def test_a_plan_goes_through_json_and_begins_with_the_preset() -> None:
    plan = make_plan("s", "digits", "mlp-2d", ["latent_dim=4,8", "lr"], trials=5, seed=3)
    assert plan_from_json("s", plan_to_json(plan), "here") == plan
    assert plan.epochs == make_config("mlp-2d", "digits", DIGITS).training.epochs
    assert plan.slots() == [{"latent_dim": 2, "lr": 1e-3}, {}, {}, {}, {}]
    every = make_plan("s", "digits", "mlp-2d", ["beta=1,2,3"], search="grid", trials=50)
    assert every.slots()[0] == {"beta": 1.0}  # once only, although it is on the grid
    assert sorted(slot["beta"] for slot in every.slots()) == [1, 2, 3]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"study": "../up"}, "no name for a model"),
        ({"study": "s" * 62}, "no name for a model"),
        ({"preset": "ae"}, "is an autoencoder"),
        ({"preset": "none"}, "Unknown preset"),
        ({"dataset": "none"}, "no data set"),
        ({"trials": 0}, "trials is 0"),
        ({"search": "random"}, "search is 'random'; allowed is grid or tpe or nsga2"),
        ({"objectives": "rate,distortion", "prune": "median"}, "Pruning needs one objective"),
        ({"parameters": ["beta", "beta=1,2"]}, "each named once"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(chosen: dict, words: str) -> None:
    with pytest.raises(VaeError, match=words):
        make_plan(**{"study": "s", "dataset": "digits", "preset": "mlp-2d", **chosen})


@pytest.mark.parametrize(
    "change", [{"trials": "5"}, {"trials": True}, {"spaces": "beta"}, {"more": 1}, {"preset": None}]
)
def test_a_plan_from_elsewhere_is_checked(change: dict) -> None:
    value = plan_to_json(make_plan("s", "digits", "mlp-2d")) | change
    with pytest.raises(VaeError, match="The study holds no sweep"):
        plan_from_json("s", value, "The study")
