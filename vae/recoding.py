"""The same model with the codes of other images: a new run folder beside the old one."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import numpy as np
import torch

from vae.card import model_card
from vae.datasets import load
from vae.files import write_atomic, write_json
from vae.inference import encode_pixels
from vae.runs import Run, find_run, load_model
from vae.worker import prepare, save_codes

_AT_ONCE = 1024  # images between two reports
_KEPT = ("evaluation.json", "metrics.jsonl")  # what was measured and learned stays true


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
        VaeError: if the data set is not at hand, the split is unknown, or the name is taken.
    """
    images = load(run.config.training.dataset, split)
    n = len(images) if limit is None else min(limit, len(images))
    model = load_model(run, device)
    folder = prepare(name, run.config)
    parts = []
    try:
        for start in range(0, n, _AT_ONCE):
            parts.append(encode_pixels(model, images.images[start : min(n, start + _AT_ONCE)]))
            if report is not None:
                report(min(n, start + _AT_ONCE), n)
        for file in _KEPT:
            if (run.path / file).is_file():
                write_atomic(folder / file, (run.path / file).read_bytes())
        weights = (run.path / "weights.safetensors").read_bytes()
        write_atomic(folder / "weights.safetensors", weights)
        mu, logvar = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        save_codes(folder, mu, logvar, images.labels[:n], split)
        write_json(folder / "status.json", {**run.provenance, "state": "done"})
        write_atomic(folder / "card.md", model_card(find_run(name)))
    except BaseException:
        shutil.rmtree(folder)  # stopped on the way: the name is free again
        raise
    return find_run(name)
