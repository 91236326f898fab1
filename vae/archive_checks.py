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
from vae.checks import MAP_ID_PATTERN, check_evaluation, check_map_facts, check_points, is_number
from vae.codes import parse_codes
from vae.config import Config
from vae.config_json import config_from_json
from vae.errors import VaeError
from vae.map_frames import FRAMES_SUFFIX, parse_frames
from vae.model import VAE
from vae.runs import NAME_PATTERN
from vae.timeline import FILE_LIMIT, FILE_PATTERN, check_timeline
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
_MAP = rf"maps/{MAP_ID_PATTERN}\.(npz|json|frames\.npz)"
_MAP_LIMIT = 16 * MEGABYTE
TOTAL_LIMIT = 640 * MEGABYTE
_CODES, _CLASSES, _MAPS = 1_000_000, 1000, 32


def limit_of(name: str) -> int:
    """The largest size in bytes of a file of this name; refuses names that do not belong."""
    if re.fullmatch(_MAP, name):
        return _MAP_LIMIT
    if re.fullmatch(FILE_PATTERN, name):
        return FILE_LIMIT
    if name not in LIMITS:
        raise VaeError(
            f"The zip holds {name!r}, which is no part of an exported model; allowed are "
            f"{', '.join(LIMITS)}, maps/tsne* or umap* and timeline/*.npz."
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
    start = [config.training.start_from] if config.training.start_from else []
    for text in (config.preset, config.training.dataset, *start):
        if not re.fullmatch(NAME_PATTERN, text):  # they become words on screen and in commands
            raise VaeError(
                f"config.json names a preset, data set or model {text!r}, which is no name."
            )
    _check_weights(files["weights.safetensors"], config)
    if "codes.npz" in files:
        _check_codes(files["codes.npz"], config)
    if "evaluation.json" in files:
        found = _json(files, "evaluation.json")
        check_evaluation(found, config.model, "evaluation.json")
    lines = files.get("metrics.jsonl", b"").splitlines()
    points = [_json({"metrics.jsonl": line}, "metrics.jsonl") for line in lines]
    check_points(points, "metrics.jsonl")
    maps = [name for name in files if name.startswith("maps/")]
    if (count := sum(name.endswith(".json") for name in maps)) > _MAPS:
        raise VaeError(f"The zip holds {count} maps; allowed are {_MAPS}.")
    for name in maps:
        _check_map(files, name)
    check_timeline(files, config.model)
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
    d = codes.mu.shape[1]
    if d != config.model.latent_dim:
        raise VaeError(
            f"codes.npz holds codes of {d} dimensions; config.json says {config.model.latent_dim}."
        )
    if codes.labels.min() < 0 or codes.labels.max() >= _CLASSES or codes.indices.min() < 0:
        raise VaeError(f"codes.npz holds labels outside 0 to {_CLASSES - 1}, or negative indices.")
    if len(codes.mu) > _CODES:
        raise VaeError(f"codes.npz holds {len(codes.mu)} codes; allowed are {_CODES}.")


def _check_map(files: dict[str, bytes], name: str) -> None:
    """A map is two files: facts as flat JSON, and finite places in the plane; a third one may hold
    its frames."""
    stem = re.sub(r"(\.frames)?\.[a-z]+$", "", name)
    if f"{stem}.npz" not in files or f"{stem}.json" not in files:
        raise VaeError(f"The zip holds {name}, but a map is two files, .npz and .json.")
    if name.endswith(".json"):
        return  # checked with its places
    if name.endswith(FRAMES_SUFFIX):
        places = npz_arrays(files[f"{stem}.npz"], f"{stem}.npz", _MAP_LIMIT).get("coords", 0)
        frames = npz_arrays(files[name], name, _MAP_LIMIT)
        parse_frames(frames, len(np.atleast_1d(places)), name)
        return
    coords = npz_arrays(files[name], name, _MAP_LIMIT).get("coords", np.zeros(0))
    if coords.ndim != 2 or coords.shape[1] != 2 or not np.issubdtype(coords.dtype, np.floating):
        raise VaeError(f"{name} holds no places in the plane.")
    if not (np.abs(coords) < 1e6).all():  # also false for nan
        raise VaeError(f"{name} holds places that are not finite numbers of a map's size.")
    codes = npz_arrays(files.get("codes.npz", b""), "codes.npz", LIMITS["codes.npz"])["mu"]
    if not 0 < len(coords) <= len(codes):
        raise VaeError(f"{name} holds {len(coords)} places for {len(codes)} codes.")
    check_map_facts(_json(files, f"{stem}.json"), len(coords), f"{stem}.json")


def _done(facts: Any) -> dict[str, Any]:
    """What a card tells of a training, in plain words and numbers: no process, no error."""
    facts = facts if isinstance(facts, dict) else {}
    versions = facts.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    kept: dict[str, Any] = {
        "versions": {k: v for k, v in versions.items() if _is_plain(k) and _is_plain(v)}
    }
    kept |= {
        key: facts[key] for key in ("started", "finished", "device") if _is_plain(facts.get(key))
    }
    kept |= {key: facts[key] for key in ("seconds", "epoch", "epochs") if is_number(facts.get(key))}
    # A run that stopped on the way, or was still on it, says so: its card must not claim all its
    # epochs.
    stopped = kept.get("epoch", 0) < kept.get("epochs", 0) and facts.get("state") != "done"
    return {"state": "cancelled" if stopped else "done", **kept}


def _json(files: dict[str, bytes], name: str) -> Any:
    try:
        return json.loads(files[name].decode())
    # ValueError: also numbers of thousands of digits; RecursionError: thousands of brackets.
    except (ValueError, RecursionError) as error:
        raise VaeError(f"{name} is not valid JSON: {error}.") from None


def _is_plain(value: Any) -> bool:
    """Words that stay words in Markdown: no links, no pictures, no code."""
    return isinstance(value, str) and re.fullmatch(r"[\w .,:;=+()-]{1,100}", value) is not None
