"""What an exported model must be, file by file, before any of it is written to the disk.

Every check takes bytes and raises :class:`vae.errors.VaeError` with one sentence.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as parse_tensors

from vae.checkpoints import check_tensors
from vae.config import Config, config_from_json
from vae.errors import VaeError
from vae.latent.statistics import kl_per_dimension
from vae.model import VAE
from vae.runs import NAME_PATTERN, parse_codes
from vae.unpacking import MEGABYTE, npz_arrays

# The files of an exported model in their order, with the largest size of each when unpacked.
LIMITS = {
    "config.json": 1 * MEGABYTE,
    "weights.safetensors": 512 * MEGABYTE,
    "codes.npz": 128 * MEGABYTE,
    "evaluation.json": 4 * MEGABYTE,
    "metrics.jsonl": 64 * MEGABYTE,
    "status.json": 1 * MEGABYTE,
    "card.md": 1 * MEGABYTE,
}
_MAP = r"maps/tsne[a-z0-9.-]{0,60}\.(npz|json)"
_MAP_LIMIT = 16 * MEGABYTE
TOTAL_LIMIT = 640 * MEGABYTE
_FIGURES = ("elbo", "reconstruction", "kl", "standard_error", "bits_per_dimension")
_COUNTS = ("n", "active_units")


def limit_of(name: str) -> int:
    """The largest size in bytes of a file of this name; refuses names that do not belong."""
    if re.fullmatch(_MAP, name):
        return _MAP_LIMIT
    if name not in LIMITS:
        raise VaeError(
            f"The zip holds {name!r}, which is no part of an exported model; allowed are "
            f"{', '.join(LIMITS)} and maps/tsne*."
        )
    return LIMITS[name]


def check_files(files: dict[str, bytes]) -> Config:
    """Check every file by itself and against ``config.json``, and reduce ``status.json`` in place.

    Raises:
        VaeError: naming the first file that is missing, damaged, or does not fit.
    """
    for needed in ("config.json", "weights.safetensors"):
        if needed not in files:
            raise VaeError(f"The zip lacks {needed}, without which there is no model.")
    config = config_from_json(_json(files, "config.json"))
    for text in (config.preset, config.training.dataset):
        if not re.fullmatch(NAME_PATTERN, text):  # they become words on screen and in commands
            raise VaeError(f"config.json names a preset or data set {text!r}, which is no name.")
    _check_weights(files["weights.safetensors"], config)
    if "codes.npz" in files:
        _check_codes(files["codes.npz"], config)
    if "evaluation.json" in files:
        _check_evaluation(_json(files, "evaluation.json"), config)
    for number, line in enumerate(files.get("metrics.jsonl", b"").splitlines(), start=1):
        _check_point(_json({"metrics.jsonl": line}, "metrics.jsonl"), number)
    for name in [name for name in files if name.startswith("maps/")]:
        _check_map(files, name)
    facts = _json(files, "status.json") if "status.json" in files else {}
    files["status.json"] = json.dumps(_done(facts), indent=2).encode() + b"\n"
    return config


def _check_weights(data: bytes, config: Config) -> None:
    try:
        tensors = parse_tensors(data)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise VaeError(f"weights.safetensors is truncated or foreign: {error}.") from None
    with torch.device("meta"):  # shapes without memory: a hostile configuration costs nothing
        wanted = VAE(config.model).state_dict()
    check_tensors(tensors, wanted, "weights.safetensors")


def _check_codes(data: bytes, config: Config) -> None:
    codes = parse_codes(npz_arrays(data, "codes.npz", LIMITS["codes.npz"]), "codes.npz")
    n, d = codes.mu.shape
    if d != config.model.latent_dim:
        raise VaeError(
            f"codes.npz holds codes of {d} dimensions; config.json says {config.model.latent_dim}."
        )
    if not n or codes.labels.shape != (n,) or codes.indices.shape != (n,):
        raise VaeError("codes.npz needs one label and one index for each of at least one code.")
    with np.errstate(over="ignore"):
        sound = np.isfinite(kl_per_dimension(codes.mu, codes.logvar)).all()
    if codes.labels.min() < 0 or codes.indices.min() < 0 or not sound:
        raise VaeError("codes.npz holds negative labels or indices, or boundless variances.")


def _check_evaluation(found: Any, config: Config) -> None:
    d = config.model.latent_dim
    if not (
        isinstance(found, dict)
        and all(_is_number(found.get(key)) for key in _FIGURES)
        and all(isinstance(found.get(key), int) for key in _COUNTS)
        and found.get("latent_dim") == d
        and isinstance(found.get("kl_per_dimension"), list)
        and len(found["kl_per_dimension"]) == d
        and all(_is_number(value) for value in found["kl_per_dimension"])
    ):
        raise VaeError(f"evaluation.json does not hold the figures of a model of {d} dimensions.")


def _check_point(point: Any, number: int) -> None:
    terms = ("epoch", "images", "reconstruction", "kl", "loss")
    if not (
        isinstance(point, dict)
        and point.get("split") in ("train", "validation")
        and all(_is_number(point.get(term)) for term in terms)
    ):
        raise VaeError(f"metrics.jsonl, line {number}, is not a point of a training curve.")


def _check_map(files: dict[str, bytes], name: str) -> None:
    """A map is two files: facts as flat JSON, and finite places in the plane."""
    stem = name.rpartition(".")[0]
    if f"{stem}.npz" not in files or f"{stem}.json" not in files:
        raise VaeError(f"The zip holds {name}, but a map is two files, .npz and .json.")
    if name.endswith(".json"):
        if not isinstance(_json(files, name), dict):
            raise VaeError(f"{name} must hold an object.")
        return
    coords = npz_arrays(files[name], name, _MAP_LIMIT).get("coords", np.zeros(0))
    if coords.ndim != 2 or coords.shape[1] != 2 or not np.issubdtype(coords.dtype, np.floating):
        raise VaeError(f"{name} holds no places in the plane.")
    if not np.isfinite(coords).all():
        raise VaeError(f"{name} holds places that are not finite numbers.")


def _done(facts: Any) -> dict[str, Any]:
    """What a card tells of a training, in plain words and numbers: no process, no error."""
    facts = facts if isinstance(facts, dict) else {}
    versions = facts.get("versions")
    kept = {"versions": versions} if isinstance(versions, dict) else {"versions": {}}
    kept["versions"] = {
        key: value for key, value in kept["versions"].items() if _is_plain(key) and _is_plain(value)
    }
    kept |= {
        key: facts[key] for key in ("started", "finished", "device") if _is_plain(facts.get(key))
    }
    kept |= {
        key: facts[key] for key in ("seconds", "epoch", "epochs") if _is_number(facts.get(key))
    }
    return {"state": "done", "progress": 1.0, **kept}


def _json(files: dict[str, bytes], name: str) -> Any:
    try:
        return json.loads(files[name].decode())
    # ValueError: also numbers of thousands of digits; RecursionError: thousands of brackets.
    except (ValueError, RecursionError) as error:
        raise VaeError(f"{name} is not valid JSON: {error}.") from None


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < 1e15  # also false for nan and inf


def _is_plain(value: Any) -> bool:
    """Words that stay words in Markdown: no links, no pictures, no code."""
    return isinstance(value, str) and re.fullmatch(r"[\w .,:;=+()-]{1,100}", value) is not None
