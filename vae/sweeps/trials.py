"""One trial of a sweep: an ordinary run, trained from where it stands, and what it is worth."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from vae.config import Config, Device
from vae.errors import VaeError
from vae.runs import Run, find_run, runs_dir
from vae.status import is_alive, request_cancel
from vae.stops import Stop, Stops
from vae.sweeps.plan import Objectives
from vae.training import Progress
from vae.worker import Waiting, check_resumable, prepare, train_run, with_device

End = Literal["done", "pruned", "stopped", "paused"]
# Told the epoch and −ELBO of the validation images; whether the trial should end there.
Judge = Callable[[int, float], bool]

_POLL_SECONDS = 0.5


class TrialStops(Stops):
    """What a trial's training was asked: by name, or with the whole sweep, which pauses it."""

    def __init__(self, folder: Path, sweep: Stops) -> None:
        super().__init__(folder)
        self._sweep = sweep

    def asked(self) -> Stop | None:
        """The run's own request, else that of the sweep."""
        return super().asked() or ("pause" if self._sweep.asked() else None)


def run_trial(
    name: str,
    config: Config,
    sweep: Stops,
    judge: Judge | None = None,
    *,
    device: Device | None = None,
    waiting: Waiting | None = None,
) -> End:
    """Train the run of a trial to its end, from its last checkpoint where there is one.

    It takes its turn in the queue of trainings like any other: a sweep of many hours holds nobody
    up for longer than one trial.

    Args:
        name: of the run.
        config: what it trains.
        sweep: where requests to stop the whole sweep come from.
        judge: ends the trial early, where it says so; the run is then an ordinary cancelled one.
        device: what computes here, where that is not what the preset says.
        waiting: told of the runs before it in the queue.

    Returns:
        How it ended: ``"done"``; ``"pruned"`` by the judge; ``"stopped"`` by a person, on the Train
        page; or ``"paused"``, there or with the sweep, to be gone on with.

    Raises:
        VaeError: if it failed, or the name is another run's.
    """
    run = _claimed(name, config, sweep)
    if run is None:
        return "paused"
    if run.status["state"] == "done":  # its worker died between the training's end and saying so
        return "done"
    pruned = False

    def report(point: Progress, config: Config) -> None:
        nonlocal pruned
        epochs = config.training.epochs
        if judge is None or point.split != "validation" or not 1 <= point.epoch < epochs:
            return
        if judge(round(point.epoch), negative_elbo(point.terms)):
            pruned = True
            request_cancel(run.path)

    stops = TrialStops(run.path, sweep)
    state = train_run(
        run.path, with_device(run.config, device), report, stops=stops, waiting=waiting
    )
    if state == "cancelled":
        return "pruned" if pruned else "stopped"
    return "done" if state == "done" else "paused"


def _claimed(name: str, config: Config, sweep: Stops) -> Run | None:
    """The trial's run, new or begun by a worker that is gone; none if the sweep is to stop.

    It waits for one that is still at work: its worker was silent for long, but not dead.
    """
    if not (runs_dir() / name).exists():
        prepare(name, config)
        return find_run(name)
    run = find_run(name)
    if run.bundled or not _alike(run.config, config):
        raise VaeError(
            f"There is already another run named {name!r}: choose another name for the sweep, or "
            "delete that run."
        )
    while is_alive(run.path):
        if sweep.asked():
            return None
        time.sleep(_POLL_SECONDS)
    if run.status["state"] != "done":
        check_resumable(run)
    return run


def _alike(one: Config, other: Config) -> bool:
    """Whether both train the same, on whatever device."""
    first, second = (
        replace(config, training=replace(config.training, device="cpu", precision="fp32"))
        for config in (one, other)
    )
    return first == second


def negative_elbo(terms: dict[str, Any]) -> float:
    """−ELBO in nats per image: reconstruction + KL, that is at β = 1, so that trials of different β
    can be compared.
    """
    return float(terms["reconstruction"]) + float(terms["kl"])


def worth(run: Run, objectives: Objectives) -> Sequence[float]:
    """What a trial is judged by, from the last point of the validation images in its curves.

    Returns:
        −ELBO, or rate (KL) and distortion (reconstruction); all in nats per image.

    Raises:
        VaeError: if it never came to the end of an epoch.
    """
    points = [row for row in run.metrics() if row["split"] == "validation"]
    if not points:
        raise VaeError(f"The run {run.name!r} has no point of its validation images.")
    last = points[-1]
    return [negative_elbo(last)] if objectives == "elbo" else [last["kl"], last["reconstruction"]]
