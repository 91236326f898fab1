"""Configurations: exact round trip, and a sentence for everything that is not one."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae.config_json import config_from_json, config_to_json
from vae.errors import VaeError
from vae.presets import PRESETS, make_config


@pytest.mark.parametrize("preset", PRESETS)
def test_round_trip_through_json(preset: str) -> None:
    config = make_config(preset, "mnist", (28, 28, 1), beta=4, seed=7, device="cpu")
    assert config_from_json(json.loads(json.dumps(config_to_json(config)))) == config


def _valid() -> dict[str, Any]:
    return json.loads(json.dumps(config_to_json(make_config("conv-16", "mnist", (28, 28, 1)))))


@pytest.mark.parametrize(
    ("part", "field", "value", "words"),
    [
        ("model", "latent_dim", -3, "latent_dim is -3"),
        ("model", "latent_dim", 2.5, "whole number"),
        ("model", "latent_dim", True, "whole number"),
        ("model", "latent_dim", 10**9, "1 to 1024"),
        ("model", "network", "transformer", "mlp, conv"),
        ("model", "widths", [], "1 to 8 layers"),
        ("model", "widths", "32", "list"),
        ("model", "image_shape", [28, 28], "3 numbers"),
        ("model", "image_shape", [28, 28, 2], "1 or 3 channels"),
        ("model", "extra", 1, "unknown field 'extra'"),
        ("training", "lr", 0, "lr is 0"),
        ("training", "lr", "fast", "a number"),
        ("training", "epochs", 0, "epochs is 0"),
        ("training", "device", "tpu", "auto, cpu, cuda, mps"),
        ("training", "beta", float("nan"), "a number"),
        ("training", "seed", -1, "seed is -1"),
    ],
)
def test_wrong_values_are_named(part: str, field: str, value: Any, words: str) -> None:
    wrong = _valid()
    wrong[part][field] = value
    with pytest.raises(VaeError, match=r"config\.json") as caught:
        config_from_json(wrong)
    assert words in str(caught.value)


@pytest.mark.parametrize("lacking", ["preset", "model", "training"])
def test_missing_parts_are_named(lacking: str) -> None:
    wrong = _valid()
    del wrong[lacking]
    with pytest.raises(VaeError, match=lacking):
        config_from_json(wrong)


def test_missing_field_is_named() -> None:
    wrong = _valid()
    del wrong["model"]["latent_dim"]
    with pytest.raises(VaeError, match="latent_dim"):
        config_from_json(wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["preset", "model", "training", "widths", "lr", "image_shape"]))
def test_any_json_is_refused_in_a_sentence_or_accepted(value: Any, where: str) -> None:
    wrong = copy.deepcopy(_valid())
    for place in (wrong, wrong["model"], wrong["training"]):
        if where in place:
            place[where] = value
    with contextlib.suppress(VaeError):  # nothing else may come out
        config_from_json(wrong)
    with pytest.raises(VaeError):
        config_from_json([value])


def test_unknown_preset_and_option() -> None:
    with pytest.raises(VaeError, match="conv-16"):
        make_config("conv-17", "mnist", (28, 28, 1))
    with pytest.raises(VaeError, match="'gamma'"):
        make_config("conv-16", "mnist", (28, 28, 1), gamma=1)
