"""A snapshot of a training as a model of its own: a new run folder, which every page opens."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch

from vae.checkpoints import load_weights
from vae.codes import save_codes
from vae.datasets import load
from vae.errors import VaeError
from vae.files import write_atomic, write_json
from vae.learning import CODES_LIMIT
from vae.model import VAE
from vae.recoding import copying, encode_in_parts
from vae.runs import Run, find_run
from vae.timeline import read_shown, weights_path

_NAME_LENGTH = 64
_PLAIN = ("started", "device", "versions", "epochs")  # of a status that stay true

Report = Callable[[float], bool]


def moment_name(run: Run, images: int) -> str:
    """What a snapshot is called as a model: the run's name and the epoch, ``NAME-at-0.233``."""
    epoch = images / read_shown(run).count
    end = f"-at-{epoch:.3g}" if epoch < 100 else f"-at-{epoch:.0f}"  # no name holds a 1e+03
    return run.name[: _NAME_LENGTH - len(end)] + end


def reopened(run: Run, images: int) -> Run | None:
    """The model that was made of this snapshot before, if it is there and is this one still."""
    with suppress(VaeError):  # there is none of this name
        found = find_run(moment_name(run, images))
        paths = found.path / "weights.safetensors", weights_path(run, images)
        if found.ready and all(path.is_file() for path in paths):
            first, second = (path.read_bytes() for path in paths)
            return found if first == second else None
    return None


def reopen(run: Run, images: int, report: Report | None = None) -> Run | None:
    """A model made of the snapshot at ``images`` seen: its weights, its own codes of held-out
    images, and the curves up to there; or what was made of it before.

    It takes about a second. Its ELBO is not measured: ``python -m vae evaluate`` does that.

    Args:
        report: told the share that is done, 0–1; answers whether to stop.

    Returns:
        The model, or ``None`` if told to stop: then nothing is left of it.

    Raises:
        VaeError: if there is no such snapshot, its weights are not kept or damaged, the data set is
            not at hand, or another model has the name.
    """
    if (known := reopened(run, images)) is not None:
        return known
    path = weights_path(run, images)
    if not path.is_file():
        raise VaeError(
            f"The weights of {run.name!r} at {images:,} images were not kept; open a snapshot "
            "near by."
        )
    with torch.device("meta"):  # nothing is allocated for a file that does not fit
        model = VAE(run.config.model)
    load_weights(model, path)
    held_out = load(run.config.training.dataset, "test")
    epoch = images / read_shown(run).count
    name = moment_name(run, images)
    coded = held_out.images[:CODES_LIMIT]
    try:
        with copying(run, name) as (folder, status):

            def encoded(done: int) -> None:
                share = done / len(coded)
                status.beat(share, stage="encoding")
                if report is not None and report(share):
                    raise _Stopped

            mu, logvar = encode_in_parts(model.eval(), coded, encoded)
            write_atomic(folder / "weights.safetensors", path.read_bytes())
            rows = [row for row in run.metrics() if row["images"] <= images]
            write_atomic(folder / "metrics.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
            save_codes(folder, mu, logvar, held_out.labels[: len(mu)])
            write_json(folder / "status.json", _status(run, epoch))
    except _Stopped:
        return None
    return find_run(name)


class _Stopped(Exception):
    """Told to stop on the way."""


def _status(run: Run, epoch: float) -> dict[str, Any]:
    """A training that ended at ``epoch``, as one does that was stopped there."""
    kept = {key: value for key, value in run.provenance.items() if key in _PLAIN}
    whole = epoch >= run.config.training.epochs
    return {**kept, "state": "done" if whole else "cancelled", "epoch": round(epoch, 4)}
