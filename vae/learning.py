"""What a training process does when its turn has come: train, keep what was learned, measure it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from vae.batches import Where
from vae.card import model_card
from vae.checkpoints import load_training_state, save_training_state, save_weights
from vae.checks import check_points
from vae.codes import save_codes
from vae.config import Config
from vae.datasets import Split, load, load_streamed
from vae.devices import keep_freed_memory, set_training_threads
from vae.distributed import meet
from vae.errors import VaeError
from vae.evaluation import evaluate
from vae.files import (
    append_line,
    flush_to_disk,
    make_folder,
    read_json_lines,
    write_atomic,
    write_json,
)
from vae.fine_tuning import forget_start, read_start
from vae.inference import encode_pixels
from vae.model import VAE
from vae.precision import keep_precision
from vae.runs import CHECKPOINT, find_run
from vae.snapshots import PICTURES, Snapshots, due_images, save_pictures
from vae.status import State, StatusWriter, versions
from vae.stops import Stop, Stops
from vae.team import Team, agreed, described
from vae.training import Progress, Trainer

CODES_LIMIT = 10_000  # held-out images whose codes are kept
_CHECKPOINT_SECONDS = 5.0
_CHECKPOINT_SHARE = 20  # times as long as a checkpoint takes, at least, until the next
_SNAPSHOT_SECONDS = 1.0
_WARM_STEPS = 10  # the first are slow, so the time left is estimated from later ones
_ESTIMATE_SECONDS = 3.0  # of training, before anybody is told how long it will take

Report = Callable[[Progress, Config], None]


def learn(
    folder: Path,
    config: Config,
    status: StatusWriter,
    stops: Stops,
    report: Report | None = None,
    where: Where = "auto",
) -> State:
    """Train the run in ``folder`` from its last checkpoint, if it has one, to its end or a stop.

    Returns:
        ``"done"``, ``"cancelled"`` or ``"paused"``; the status says so already.

    Raises:
        VaeError: for what a person can mend. The last checkpoint is untouched.
    """
    threads = torch.get_num_threads()
    set_training_threads(config)
    keep_freed_memory()
    try:
        if config.training.precision == "auto":
            with status.stage("measuring which precision is faster"):
                config = keep_precision(find_run(folder.name), config)
        with status.stage("reading the data", versions=versions()):
            team = meet(config, stops.asked)
            trainer, validation = make_trainer(folder, config, where, team)
        asked = _train(folder, trainer, status, agreed(team, stops.asked), validation, report)
        if team is not None:
            team.leave()
        share = _share(trainer)
        if asked == "pause" or (asked and trainer.images == 0):  # there is nothing more to keep
            state: State = "paused" if asked == "pause" else "cancelled"
            status.end(state, progress=share)
            return state
        with status.stage("evaluating", progress=share, seconds_left=None):
            test = load(config.training.dataset, "test")
            finish(folder, config, trainer.model, test.images, test.labels)
    finally:
        torch.set_num_threads(threads)
    state = "cancelled" if asked else "done"
    status.end(state, progress=share)
    write_atomic(folder / "card.md", model_card(find_run(folder.name)))
    if state == "done":  # not before: whoever is killed while evaluating goes on from it
        (folder / CHECKPOINT).unlink(missing_ok=True)
        forget_start(folder)
    return state


def make_trainer(
    folder: Path, config: Config, where: Where, team: Team | None = None
) -> tuple[Trainer, Split]:
    """The trainer where it stood, and the validation split."""
    checkpoint = folder / CHECKPOINT
    state = load_training_state(checkpoint) if checkpoint.is_file() else None
    start = read_start(folder) if state is None else None
    # The validation and test images of every set are few, so they may be in memory.
    validation = load(config.training.dataset, "validation")
    train = load_streamed(config.training.dataset, "train")
    images = torch.tensor(validation.images)
    trainer = Trainer(config, train, images, state, start, where, team)
    trainer.halts = frozenset(due_images(trainer))
    return trainer, validation


def _train(
    folder: Path,
    trainer: Trainer,
    status: StatusWriter,
    stop: Callable[[], Stop | None],
    validation: Split,
    report: Report | None,
) -> Stop | None:
    """Make the steps, curves, checkpoints and snapshots; what stopped it, if it was not the end."""
    config, count = trainer.config, len(trainer.train_images)
    curves = _Curves(folder / "metrics.jsonl", trainer.images)
    checkpoints = _Checkpoints(folder, trainer)
    make_folder(folder / "snapshots")
    snapshots = Snapshots(folder, trainer, validation)
    begun, images_before, snapped = time.monotonic(), trainer.images, 0.0
    warm = trainer.images + _WARM_STEPS * config.training.batch_size
    status.begin(_share(trainer), _ESTIMATE_SECONDS)
    status.beat(_share(trainer), device=described(trainer.team, trainer.device))
    if (asked := stop()) is None:
        snapshots.take_when_due()
    for point in trainer.run() if asked is None else ():
        if point is not None:
            curves.add(point)
        snapshots.take_when_due()
        if trainer.images <= warm:
            status.begin(_share(trainer), _ESTIMATE_SECONDS)
        facts = {"stage": "training", "epoch": round(trainer.images / count, 4)}
        if elapsed := time.monotonic() - begun:
            facts["images_per_second"] = round((trainer.images - images_before) / elapsed)
        status.beat(_share(trainer), **facts)
        if report is not None and point is not None:
            report(point, config)
        if asked := stop():
            break
        checkpoints.save_when_due()
        if point is not None and point.split == "validation":
            ended = trainer.epoch == config.training.epochs
            if ended or trainer.epoch == 1 or time.monotonic() - snapped > _SNAPSHOT_SECONDS:
                save_pictures(folder, trainer, validation.images[:PICTURES])
                snapped = time.monotonic()
    if asked == "cancel" and trainer.images > 0:
        snapshots.take()  # the end, where it came early
    if trainer.images > 0:
        checkpoints.save()
    return asked


def _share(trainer: Trainer) -> float:
    """How much of the training is done, 0–1."""
    return trainer.images / (trainer.config.training.epochs * len(trainer.train_images))


class _Checkpoints:
    """Keeps the training state on disk; never one that holds anything but finite numbers."""

    def __init__(self, folder: Path, trainer: Trainer) -> None:
        self._path, self._trainer = folder / CHECKPOINT, trainer
        self._metrics = folder / "metrics.jsonl"
        self._due = time.monotonic() + _CHECKPOINT_SECONDS

    def save_when_due(self) -> None:
        """Save now and then: every five seconds, and no more than a twentieth of the time."""
        if time.monotonic() >= self._due and self._is_finite():
            self._save()

    def save(self) -> None:
        """Save at once.

        Raises:
            VaeError: if the weights are no longer numbers.
        """
        if not self._is_finite():
            raise VaeError(
                f"The weights hold values that are not finite numbers at step "
                f"{self._trainer.step:,} of epoch {self._trainer.epoch + 1}: training stopped. The "
                "last checkpoint is from before; try a lower learning rate or gradient clipping."
            )
        self._save()

    def _save(self) -> None:
        begun = time.monotonic()
        flush_to_disk(self._metrics)  # a resumed run makes only the points after the checkpoint
        save_training_state(self._path, self._trainer.state())
        ended = time.monotonic()
        self._due = ended + max(_CHECKPOINT_SECONDS, _CHECKPOINT_SHARE * (ended - begun))

    def _is_finite(self) -> bool:
        # A loss is read at points of the curves only, and it is of the weights before its step:
        # between two points nothing else tells that a step has made NaN of them.
        state = self._trainer.state()
        tensors = (state.sums, *state.model.values(), *state.optimizer.values())
        return all(math.isfinite(float(tensor.abs().max())) for tensor in tensors)


class _Curves:
    """``metrics.jsonl``: each point once, also where a resumed run makes some again."""

    def __init__(self, path: Path, images: int) -> None:
        self._path = path
        there = check_points(read_json_lines(path), str(path))
        rows = [row for row in there if row["images"] <= images]
        self._there = {(row["split"], row["images"]) for row in rows}
        write_atomic(path, "".join(json.dumps(row) + "\n" for row in rows))

    def add(self, point: Progress) -> None:
        if (point.split, point.images) in self._there:
            return
        facts = {"split": point.split, "epoch": point.epoch, "images": point.images}
        row = {**facts, "loss": point.loss, **point.terms, **point.usage}
        rounded = {k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()}
        if kl := point.usage.get("kl_dims"):
            rounded["kl_dims"] = [round(value, 4) for value in kl]
        append_line(self._path, json.dumps(rounded))


def finish(
    folder: Path, config: Config, model: VAE, images: np.ndarray, labels: np.ndarray
) -> None:
    """Write what makes a run usable: weights, codes of held-out images, evaluation."""
    model.eval()
    kept = images[:CODES_LIMIT]
    save_codes(folder, *encode_pixels(model, kept), labels[: len(kept)])
    found = evaluate(model, images, config.training.dataset)
    if config.model.activation == "linear" and config.model.likelihood == "gaussian":
        from vae.evaluation.principal_angles import compare_with_pca

        found["pca"] = compare_with_pca(model, load_streamed(found["dataset"], "train"), images)
    write_json(folder / "evaluation.json", found)
    save_weights(model, folder / "weights.safetensors")
