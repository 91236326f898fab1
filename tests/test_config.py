"""Configurations: exact round trip, and a sentence for everything that is not one."""

from __future__ import annotations

import contextlib
import copy
import json
import math
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae.config import Config, ModelConfig, Objective, ObjectiveConfig, TrainingConfig
from vae.config_json import config_from_json, config_to_json
from vae.errors import VaeError
from vae.presets import PRESETS, make_config

KINDS = {"model": ModelConfig, "objective": ObjectiveConfig, "training": TrainingConfig}
FIELDS = [(part, name) for part, kind in KINDS.items() for name in get_type_hints(kind)]

# No field at its default: what a round trip loses would show.
FULL = Config(
    "own",
    ModelConfig(
        "mlp",
        (30, 20),
        7,
        (9, 8, 3),
        likelihood="gaussian",
        init="normal-0.02",
        activation="linear",
        posterior="point",
    ),
    TrainingConfig(
        "shapes",
        epochs=3,
        batch_size=5,
        lr=0.1 + 0.2,
        lr_schedule="plateau",
        lr_patience=2,
        weight_decay=1e-3,
        clip_norm=2.5,
        rotate=10.0,
        scale=0.1,
        flip=True,
        noise="masking",
        noise_level=0.25,
        start_from="other",
        freeze="encoder",
        seed=11,
        device="cpu",
        precision="bf16",
    ),
    ObjectiveConfig(
        "autoencoder",
        beta=2.0,
        beta_warmup=1.5,
        gamma=-3.0,
        capacity=20.0,
        capacity_epochs=4.0,
        alpha=-0.5,
        mmd_weight=8.0,
        samples=9,
        sparsity=0.01,
    ),
)


def _there_and_back(config: Config) -> Config:
    return config_from_json(json.loads(json.dumps(config_to_json(config))))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_come_back_from_json(preset: str) -> None:
    config = make_config(preset, "mnist", (28, 28, 1), lr=0.1, seed=7, device="cpu")
    assert _there_and_back(config) == config


def test_every_field_comes_back_from_json() -> None:
    for part, kind in KINDS.items():
        for field in fields(kind):
            value = getattr(getattr(FULL, part), field.name)
            other = field.default is MISSING or value != field.default
            assert other or field.name == "precision", f"{field.name} is at its default"
    assert _there_and_back(FULL) == FULL


@pytest.mark.parametrize("kind", get_args(Objective))
def test_every_objective_comes_back_from_json(kind: Objective) -> None:
    config = make_config("conv-16", "mnist", (28, 28, 1), objective=kind)
    assert config.objective.objective == kind
    assert _there_and_back(config) == config


def _valid() -> dict[str, Any]:
    return json.loads(json.dumps(config_to_json(make_config("conv-16", "mnist", (28, 28, 1)))))


OLD = {
    "preset": "mlp-2d",
    "model": {
        "network": "mlp",
        "widths": [256],
        "latent_dim": 2,
        "image_shape": [28, 28, 1],
        "likelihood": "bernoulli",
        "init": "default",
    },
    "training": {
        "dataset": "mnist",
        "epochs": 100,
        "batch_size": 128,
        "lr": 0.001,
        "lr_schedule": "cosine",
        "beta": 4.0,
        "seed": 3,
        "device": "cpu",
        "precision": "fp32",
    },
}


def test_a_file_from_before_there_were_objectives_means_the_same() -> None:
    before = copy.deepcopy(OLD)
    config = config_from_json(OLD)
    assert before == OLD
    assert config.objective == ObjectiveConfig("elbo", beta=4.0)
    assert (config.model.activation, config.model.posterior) == ("relu", "gaussian")
    assert config.training == TrainingConfig(
        "mnist", 100, 128, 0.001, "cosine", seed=3, device="cpu", precision="fp32"
    )
    assert _there_and_back(config) == config
    bare = copy.deepcopy(OLD)
    del bare["training"]["beta"]
    assert config_from_json(bare).objective == ObjectiveConfig()


def test_the_old_and_the_new_place_of_beta_are_not_mixed() -> None:
    with pytest.raises(VaeError, match="unknown field 'beta'"):
        config_from_json({**OLD, "objective": {"beta": 1.0}})
    wrong = copy.deepcopy(OLD)
    wrong["training"]["beta"] = "much"
    with pytest.raises(VaeError, match="beta must be a number"):
        config_from_json(wrong)


def test_bundled_models_load() -> None:
    found = list((Path(__file__).parent.parent / "vae" / "pretrained").glob("*/config.json"))
    assert found
    for path in found:
        config = config_from_json(json.loads(path.read_text(encoding="utf-8")))
        assert config.objective.objective == "elbo"


@pytest.mark.parametrize(
    ("part", "field", "value", "words"),
    [
        ("model", "latent_dim", -3, "latent_dim is -3"),
        ("model", "latent_dim", 2.5, "whole number"),
        ("model", "latent_dim", True, "whole number"),
        ("model", "latent_dim", 10**9, "1 to 1024"),
        ("model", "network", "transformer", "mlp, conv"),
        ("model", "activation", "tanh", "relu, linear"),
        ("model", "posterior", "laplace", "gaussian, point"),
        ("model", "widths", [], "1 to 8 layers"),
        ("model", "widths", [0], "1 to 8192"),
        ("model", "widths", [8193], "1 to 8192"),
        ("model", "widths", [1] * 9, "1 to 8 layers"),
        ("model", "widths", "32", "list"),
        ("model", "image_shape", [28, 28], "3 numbers"),
        ("model", "image_shape", [28, 28, 2], "1 or 3 channels"),
        ("model", "extra", 1, "unknown field 'extra'"),
        ("objective", "objective", "gan", "elbo, capacity, beta-tcvae, wae-mmd"),
        ("objective", "beta", -1, "beta is -1"),
        ("objective", "beta", float("nan"), "a number"),
        ("objective", "beta_warmup", -0.5, "beta_warmup is -0.5"),
        ("objective", "gamma", 2e6, "-1000000 to 1000000"),
        ("objective", "capacity", -1, "0 to 10000 nats"),
        ("objective", "capacity_epochs", -1, "capacity_epochs is -1"),
        ("objective", "alpha", 1.5, "-1000 to 1"),
        ("objective", "mmd_weight", -1, "mmd_weight is -1"),
        ("objective", "samples", 0, "samples is 0"),
        ("objective", "samples", 1001, "1 to 1000"),
        ("objective", "samples", 2.0, "whole number"),
        ("objective", "sparsity", -0.1, "sparsity is -0.1"),
        ("objective", "lambda", 1, "unknown field 'lambda'"),
        ("training", "lr", 0, "lr is 0"),
        ("training", "lr", "fast", "a number"),
        ("training", "lr_schedule", "linear", "constant, cosine, plateau"),
        ("training", "lr_patience", 0, "lr_patience is 0"),
        ("training", "weight_decay", -1, "weight_decay is -1"),
        ("training", "clip_norm", -1, "clip_norm is -1"),
        ("training", "rotate", 181, "0 to 180 degrees"),
        ("training", "scale", 0.95, "0 to 0.9"),
        ("training", "flip", 1, "true or false"),
        ("training", "noise", "speckle", "none, gaussian, masking, salt-and-pepper"),
        ("training", "noise_level", 1.1, "0 to 1"),
        ("training", "start_from", None, "a string"),
        ("training", "freeze", "both", "none, encoder, decoder"),
        ("training", "freeze", "encoder", "which model to start from"),
        ("training", "epochs", 0, "epochs is 0"),
        ("training", "batch_size", 0, "batch_size is 0"),
        ("training", "device", "tpu", "auto, cpu, cuda, mps"),
        ("training", "precision", "fp8", "auto, fp32, bf16"),
        ("training", "seed", -1, "seed is -1"),
        ("training", "seed", 2**31, "seed is 2147483648"),
    ],
)
def test_wrong_values_are_named(part: str, field: str, value: Any, words: str) -> None:
    wrong = _valid()
    wrong[part][field] = value
    with pytest.raises(VaeError, match=r"config\.json") as caught:
        config_from_json(wrong)
    assert words in str(caught.value)


HUGE = 10**400
HOSTILE = [math.nan, math.inf, -math.inf, None, "", "1", [], {}, [HUGE], HUGE, -HUGE, -1e301]


@pytest.mark.parametrize(("part", "name"), FIELDS)
def test_no_field_takes_what_is_hostile(part: str, name: str) -> None:
    hint = get_type_hints(KINDS[part])[name]
    for value in HOSTILE:
        if hint is str and isinstance(value, str):
            continue
        wrong = _valid()
        wrong[part][name] = value
        with pytest.raises(VaeError, match=name):
            config_from_json(wrong)
    if get_origin(hint) is not tuple and hint not in (str, bool):
        wrong = _valid()
        wrong[part][name] = True
        with pytest.raises(VaeError, match=name):
            config_from_json(wrong)


@pytest.mark.parametrize("posterior", ["gaussian", "point"])
@pytest.mark.parametrize("kind", get_args(Objective))
def test_a_point_code_goes_with_the_autoencoder_only(kind: Objective, posterior: str) -> None:
    fits = (kind == "autoencoder") == (posterior == "point")
    value = _valid()
    value["objective"]["objective"], value["model"]["posterior"] = kind, posterior
    with contextlib.nullcontext() if fits else pytest.raises(VaeError, match="do not fit"):
        assert config_from_json(value).objective.objective == kind


@pytest.mark.parametrize(("alpha", "weight", "fits"), [(-2.0, 2.9, False), (-2.0, 3.0, True)])
def test_infovae_never_pays_for_codes_unlike_the_prior(alpha, weight, fits) -> None:
    refused = pytest.raises(VaeError, match=r"mmd_weight is 2\.9, but allowed is: 3 to")
    with contextlib.nullcontext() if fits else refused:
        ObjectiveConfig("info-vae", alpha=alpha, mmd_weight=weight)
    ObjectiveConfig("wae-mmd", alpha=alpha, mmd_weight=weight)


@pytest.mark.parametrize("lacking", ["preset", "model", "training"])
def test_missing_parts_are_named(lacking: str) -> None:
    wrong = _valid()
    del wrong[lacking]
    with pytest.raises(VaeError, match=lacking):
        config_from_json(wrong)


def test_unknown_parts_are_named() -> None:
    with pytest.raises(VaeError, match="unknown entry 'objectiv'"):
        config_from_json({**_valid(), "objectiv": {"beta": 4.0}})


@pytest.mark.parametrize("part", KINDS)
@pytest.mark.parametrize("value", [None, 3, [], "elbo"])
def test_parts_of_another_type_are_refused(part: str, value: Any) -> None:
    with pytest.raises(VaeError, match="must be an object"):
        config_from_json({**_valid(), part: value})


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


@given(JSON, st.sampled_from(["preset", *KINDS, *(name for _, name in FIELDS)]))
def test_any_json_is_refused_in_a_sentence_or_accepted(value: Any, where: str) -> None:
    wrong = copy.deepcopy(_valid())
    for place in (wrong, *(wrong[part] for part in KINDS)):
        if where in place:
            place[where] = value
    with contextlib.suppress(VaeError):  # nothing else may come out
        config_from_json(wrong)
    with pytest.raises(VaeError):
        config_from_json([value])
