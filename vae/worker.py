"""What a training process does: take the folder, train, keep what was learned, say how it went."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae.card import command, model_card
from vae.checkpoints import load_training_state, save_training_state, save_weights
from vae.config import Config, Device
from vae.config_json import config_to_json
from vae.datasets import load
from vae.errors import VaeError
from vae.evaluation import evaluate
from vae.files import (
    append_line,
    make_folder,
    read_json_lines,
    save_npz,
    write_atomic,
    write_json,
)
from vae.inference import encode_pixels, reconstruct, sample_prior
from vae.model import VAE
from vae.runs import Run, check_name, find_run, pretrained_dir, runs_dir
from vae.status import (
    State,
    StatusWriter,
    acquire,
    cancel_requested,
    clear_cancel,
    is_alive,
    now,
    read_status,
    versions,
)
from vae.training import Progress, Trainer

CODES_LIMIT = 10_000  # held-out images whose codes are kept
_CHECKPOINT_SECONDS = 5.0
_SNAPSHOT_SECONDS = 1.0

Report = Callable[[Progress, Config], None]


def prepare(name: str, config: Config) -> Path:
    """Claim a new run folder and write its ``config.json``.

    Raises:
        VaeError: if the name is taken or the folder cannot be written.
    """
    check_name(name)
    folder = runs_dir() / name
    if (pretrained_dir() / name).is_dir():
        raise VaeError(f"{name!r} is the name of a bundled model; choose another.")
    make_folder(runs_dir())
    try:
        make_folder(folder, exist_ok=False)
    except FileExistsError:
        if is_alive(folder):
            raise VaeError(f"A training named {name!r} is running; choose another name.") from None
        raise VaeError(
            f"There is already a run named {name!r}; choose another name, delete it, or go on "
            "with it by --resume."
        ) from None
    try:
        write_json(folder / "config.json", config_to_json(config))
    except VaeError:
        folder.rmdir()  # a full disk must not use the name up
        raise
    return folder


def resumable(name: str) -> Run:
    """The run to go on with.

    Raises:
        VaeError: if it is bundled, unknown, or done.
    """
    run = find_run(name)
    if run.bundled:
        raise VaeError(f"{name!r} is a bundled model: it is complete.")
    state = read_status(run.path)["state"]
    if state == "done":
        raise VaeError(f"{name!r} has already trained all its {run.config.training.epochs} epochs.")
    if state != "running":
        clear_cancel(run.path)  # a request that the killed process never saw
    return run


def train_run(folder: Path, config: Config, report: Report | None = None) -> str:
    """Train the run in ``folder`` to its end, from its last checkpoint where there is one.

    Returns:
        ``"done"``, or ``"cancelled"`` when somebody asked to stop (what was learned is kept).

    Raises:
        VaeError: for what a person can mend; ``status.json`` then says ``failed`` and why.
    """
    with acquire(folder):
        again = command(folder.name, config)
        status = StatusWriter(folder, epochs=config.training.epochs, command=again)
        append_line(folder / "log.txt", f"{now()} {again}")
        try:
            state = _train(folder, config, status, report)
        except KeyboardInterrupt:
            status.end("interrupted", error="Stopped by the keyboard; go on by --resume.")
            append_line(folder / "log.txt", f"{now()} interrupted")
            raise
        except Exception as error:
            # Also what is no VaeError (out of memory, say) must not leave a run that looks alive.
            try:
                status.end("failed", error=str(error) or type(error).__name__)
                append_line(folder / "log.txt", f"{now()} failed: {error}")
            except VaeError as second:  # a full disk: the lock still tells that nobody is at work
                print(f"error: {second}", file=sys.stderr)
            raise
        finally:
            # Not at the start: a request may have come while this process loaded its libraries.
            clear_cancel(folder)
        append_line(folder / "log.txt", f"{now()} {state}")
    return state


def _train(folder: Path, config: Config, status: StatusWriter, report: Report | None) -> str:
    status.beat(0.0, stage="reading the data", versions=versions())
    train, validation, test = (
        load(config.training.dataset, split) for split in ("train", "validation", "test")
    )
    checkpoint = folder / "checkpoint.safetensors"
    trainer = Trainer(
        config,
        torch.tensor(train.images),
        torch.tensor(validation.images),
        load_training_state(checkpoint) if checkpoint.is_file() else None,
    )
    _keep_metrics_until(folder / "metrics.jsonl", trainer.epoch)
    make_folder(folder / "snapshots")
    facts: dict[str, Any] = {"device": str(trainer.device), "stage": "training"}
    begun, images_before = time.monotonic(), trainer.epoch * len(train.images)
    saved = shown = begun
    cancelled, done = False, trainer.epoch / config.training.epochs
    status.begin(done)
    for point in trainer.run():
        if point is None:
            continue
        append_line(folder / "metrics.jsonl", _json_line(point))
        elapsed = time.monotonic() - begun
        speed = (point.images - images_before) / elapsed if elapsed else 0.0
        facts |= {"epoch": point.epoch, "images_per_second": round(speed)}
        done = point.epoch / config.training.epochs
        status.beat(done, **facts)
        if report is not None:
            report(point, config)
        if cancelled := cancel_requested(folder):
            break
        if point.split != "validation":
            continue
        # Only here is the epoch whole, so only here can a later run go on bit for bit.
        moment, last = time.monotonic(), trainer.epoch == config.training.epochs
        if last or moment - saved > _CHECKPOINT_SECONDS:
            save_training_state(checkpoint, trainer.state())
            saved = moment
        if last or trainer.epoch == 1 or moment - shown > _SNAPSHOT_SECONDS:
            _save_snapshot(folder, trainer.model, validation.images[:16], trainer.epoch)
            shown = moment
    status.beat(done, stage="evaluating")
    finish(folder, config, trainer.model, test.images, test.labels)
    state: State = "cancelled" if cancelled else "done"
    if not cancelled:
        checkpoint.unlink(missing_ok=True)
    status.end(state, progress=done)
    write_atomic(folder / "card.md", model_card(find_run(folder.name)))
    return state


def finish(
    folder: Path, config: Config, model: VAE, images: np.ndarray, labels: np.ndarray
) -> None:
    """Write what makes a run usable: weights, codes of held-out images, evaluation."""
    model.eval()
    kept = images[:CODES_LIMIT]
    save_codes(folder, *encode_pixels(model, kept), labels[: len(kept)])
    write_json(folder / "evaluation.json", evaluate(model, images, config.training.dataset))
    save_weights(model, folder / "weights.safetensors")


def save_codes(
    folder: Path, mu: np.ndarray, logvar: np.ndarray, labels: np.ndarray, split: str = "test"
) -> None:
    """Write ``codes.npz``: posteriors (n, d) twice of the first n images of a split, (n,) labels.

    In half precision: an error of at most 0.001 at |z| < 4, unseen in a decode, half the size.
    """
    of = {} if split == "test" else {"split": np.array(split)}  # the test split goes without saying
    save_npz(
        folder / "codes.npz",
        mu=mu.astype(np.float16),
        logvar=logvar.astype(np.float16),
        labels=labels.astype(np.int16),
        indices=np.arange(len(mu), dtype=np.int32),
        **of,
    )


def with_device(config: Config, device: Device | None) -> Config:
    """The configuration on another device: the one thing a resumed run may change."""
    if device is None:
        return config
    return replace(config, training=replace(config.training, device=device))


def _json_line(point: Progress) -> str:
    facts = asdict(point)
    terms = facts.pop("terms")
    row = facts | terms
    return json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()})


def _keep_metrics_until(path: Path, epoch: int) -> None:
    """Drop the points after the checkpoint: a resumed run makes them again."""
    rows = [row for row in read_json_lines(path) if row["epoch"] <= epoch]
    write_atomic(path, "".join(json.dumps(row) + "\n" for row in rows))


def _save_snapshot(folder: Path, model: VAE, originals: np.ndarray, epoch: int) -> None:
    """Pictures of the state of learning: the same originals and the same draws each time."""
    model.eval()
    save_npz(
        folder / "snapshots" / f"{epoch:06d}.npz",
        originals=originals,
        reconstructions=reconstruct(model, originals),
        samples=sample_prior(model, 16, seed=0),
    )
