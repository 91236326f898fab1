"""The same model with the codes of other images: a new run folder beside the old one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from vae.card import model_card
from vae.codes import save_codes
from vae.datasets import load
from vae.errors import VaeError
from vae.files import write_atomic, write_json
from vae.inference import encode_pixels
from vae.model import VAE
from vae.runs import Run, find_run, load_model
from vae.status import StatusWriter, acquire, cancel_requested, now
from vae.worker import prepare

_AT_ONCE = 1024  # images between two reports
# What was learned and measured stays true.
_KEPT = ("weights.safetensors", "evaluation.json", "metrics.jsonl")


def recode(
    run: Run,
    name: str,
    split: str,
    limit: int | None = None,
    device: torch.device | str = "cpu",
    report: Callable[[int, int], None] | None = None,
) -> Run:
    """A new run called ``name``: the model of ``run`` with the codes of another split.

    Its pages then show those images, up to all 70,000 of MNIST. Weights, configuration, evaluation
    and curves are those of ``run``; its maps are not, they belong to other codes.

    Args:
        split: train, validation, test, or all three in that order.
        limit: the first so many images only.
        report: told the number of images encoded so far, and of all.

    Raises:
        VaeError: if the data set is not at hand, the split is unknown, the name is taken, or
            somebody asked to stop: then nothing is left of it.
    """
    images = load(run.config.training.dataset, split)
    n = len(images) if limit is None else min(limit, len(images))
    model = load_model(run, device)
    with copying(run, name) as (folder, status):

        def encoded(done: int) -> None:
            status.beat(done / n, stage="encoding")
            if report is not None:
                report(done, n)
            if cancel_requested(folder):
                raise VaeError(f"The encoding of {name!r} was stopped.")

        status.beat(0.0, stage="encoding")
        mu, logvar = encode_in_parts(model, images.images[:n], encoded)
        for file in _KEPT:
            if (run.path / file).is_file():
                write_atomic(folder / file, (run.path / file).read_bytes())
        # Codes after all else: with them the model can be opened.
        save_codes(folder, mu, logvar, images.labels[:n], split)
        write_json(folder / "status.json", {**run.provenance, "state": "done"})
    return find_run(name)


@contextmanager
def copying(run: Run, name: str) -> Iterator[tuple[Path, StatusWriter]]:
    """The folder of a new run called ``name`` that is made of ``run``, while it is being filled;
    its card comes last. If that fails, nothing is left of it.

    Raises:
        VaeError: if the name is taken.
    """
    # From the first moment the folder says what it is: if this process is killed, nobody takes what
    # it leaves for a training that could go on.
    facts = {"state": "running", "updated": now(), "copy_of": run.name}
    folder = prepare(name, run.config, **facts)
    try:
        # Held, as by a training: nobody resumes or deletes what is half made, and if this process
        # is killed, the status says so.
        with acquire(folder):
            yield folder, StatusWriter(folder, copy_of=run.name)
            write_atomic(folder / "card.md", model_card(find_run(name)))
    except BaseException:
        shutil.rmtree(folder)  # stopped on the way: the name is free again
        raise


def encode_in_parts(
    model: VAE, images: np.ndarray, encoded: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means and log-variances of the images (n, H, W, C), (n, d) each.

    ``encoded`` is told how many are done, and may raise to stop.
    """
    parts = []
    for start in range(0, len(images), _AT_ONCE):
        parts.append(encode_pixels(model, images[start : start + _AT_ONCE]))
        encoded(min(len(images), start + _AT_ONCE))
    mu, logvar = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    return mu, logvar
