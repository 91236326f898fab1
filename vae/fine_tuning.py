"""Fine-tuning: a training that begins with the weights of a model that has learned already."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from torch import Tensor

from vae.checkpoints import read_tensors
from vae.config import Config
from vae.errors import VaeError
from vae.files import remove_file, write_atomic
from vae.options import USED_BY
from vae.runs import Run, find_run

_FILE = "start.safetensors"
# What decides the weights' names and shapes; likelihood and init may differ.
_SAME = ("network", "widths", "latent_dim", "image_shape", "activation", "posterior")


def inherited(start_from: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """The choices for a training that starts from a model, with its preset and networks,
    latent size, likelihood and objective where nothing else was chosen (``None``).

    Raises:
        VaeError: if there is no such model.
    """
    base = find_run(start_from).config
    own: dict[str, Any] = {
        "preset": base.preset,
        "latent_dim": base.model.latent_dim,
        "likelihood": base.model.likelihood,
        "objective": base.objective.objective,
    }
    if chosen.get("preset") is None:  # of another one the networks are others, which is told
        own["widths"] = base.model.widths
    if chosen.get("objective") in (None, base.objective.objective):
        read = [name for name, by in USED_BY.items() if base.objective.objective in by]
        own |= {name: getattr(base.objective, name) for name in read}
    return chosen | {name: own[name] for name in own if chosen.get(name) is None}


def check_start(config: Config) -> Run | None:
    """The model that a training starts from, ``None`` where it starts afresh.

    Raises:
        VaeError: if it is not there, has no weights yet, or its networks are of other sizes.
    """
    name = config.training.start_from
    if not name:
        return None
    run = find_run(name)
    if not run.ready:
        raise VaeError(f"The model {name!r} has no weights yet to start from.")
    for field in fields(config.model):
        here, there = (getattr(c.model, field.name) for c in (config, run.config))
        if field.name in _SAME and here != there:
            raise VaeError(
                f"Weights of {name!r} do not fit: its {field.name.replace('_', ' ')} is {there}, "
                f"and {here} was asked for. Only a model of the same networks can be the beginning."
            )
    return run


def keep_start(folder: Path, config: Config) -> None:
    """Copy the weights of the model that a training starts from into its run folder, so that a
    resume needs nobody else.

    Raises:
        VaeError: as :func:`check_start`, or if it cannot be written.
    """
    if run := check_start(config):
        write_atomic(folder / _FILE, (run.path / "weights.safetensors").read_bytes())


def read_start(folder: Path) -> dict[str, Tensor] | None:
    """The weights that :func:`keep_start` kept, if any."""
    path = folder / _FILE
    return read_tensors(path)[0] if path.is_file() else None


def forget_start(folder: Path) -> None:
    """Delete what :func:`keep_start` kept: nobody goes on with a run that is done."""
    remove_file(folder / _FILE)
