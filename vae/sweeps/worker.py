"""What a sweep's process does: take a trial, train it, say what it is worth, until all are done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import Timeout

from vae.config import Device
from vae.errors import VaeError
from vae.runs import find_run
from vae.status import StatusWriter, lock
from vae.stops import Stops
from vae.sweeps.claiming import RUN, alive, give_back, take, tell
from vae.sweeps.reading import Trial as Row
from vae.sweeps.reading import View, view_of
from vae.sweeps.storage import Shared
from vae.worker import Waiting

if TYPE_CHECKING:
    from optuna.trial import Trial

Said = Callable[[Row | None, View], None]  # told of the trial that ended, and of all

_POLL_SECONDS = 0.5
_MOST_FAILURES = 3  # one after another: then it is not the values


def work(
    folder: Path,
    shared: Shared,
    stops: Stops,
    *,
    device: Device | None = None,
    said: Said | None = None,
    waiting: Waiting | None = None,
) -> Literal["done", "paused"]:
    """Work on a sweep until all its trials have ended, those of other workers too.

    Who finds none that waits looks on: should another worker die, its trial is taken over.

    Args:
        folder: of the sweep on this machine; its status is kept by the first worker here.
        stops: what asks it to stop; the trial under way is then given back.
        device: what computes here, where that is not what the preset says.
        said: told at the beginning and after each trial.
        waiting: told of the runs before a trial in the queue of trainings.

    Returns:
        ``"done"``, or ``"paused"``: stopped before.

    Raises:
        VaeError: if the storage does not answer, or one trial after another fails.
    """
    with _status(folder) as status:
        try:
            state = _work(shared, stops, status, device, said, waiting)
        except BaseException as error:
            if status is not None:
                by_hand = isinstance(error, KeyboardInterrupt)
                words = "Stopped by the keyboard." if by_hand else str(error)
                status.end("failed", error=words or type(error).__name__)
            raise
        if status is not None:
            status.end(state)
    return state


@contextmanager
def _status(folder: Path) -> Iterator[StatusWriter | None]:
    """The sweep's status on this machine, if no other worker here keeps it."""
    held = lock(folder)
    try:
        held.acquire(timeout=2)
    except Timeout:
        yield None
        return
    try:
        yield StatusWriter(folder)
    finally:
        held.release()


def _work(
    shared: Shared,
    stops: Stops,
    status: StatusWriter | None,
    device: Device | None,
    said: Said | None,
    waiting: Waiting | None,
) -> Literal["done", "paused"]:
    failures = 0
    view = view_of(shared)
    if said is not None:
        said(None, view)
    while not stops.asked():
        if status is not None:
            status.beat(view.done / view.total, stage="searching")
        trial = take(shared)
        if trial is None:
            view = view_of(shared)
            if view.done == view.total:
                return "done"
            time.sleep(_POLL_SECONDS)
            continue
        with alive(shared.storage, trial):
            ended, error = _one(shared, trial, stops, device, waiting)
        if not ended:
            return "paused"
        view = view_of(shared)
        if said is not None:
            said(next(row for row in view.trials if row.number == trial.number), view)
        failures = failures + 1 if error else 0
        if failures == _MOST_FAILURES:
            raise VaeError(f"{failures} trials failed one after another; the last one: {error}")
    return "paused"


def _one(
    shared: Shared,
    trial: Trial,
    stops: Stops,
    device: Device | None,
    waiting: Waiting | None,
) -> tuple[bool, str]:
    """Run a trial and say how it went: whether it ended, and why it failed, if it did."""
    from vae.sweeps.trials import run_trial, worth  # loads PyTorch

    name = trial.user_attrs[RUN]

    def judge(epoch: int, value: float) -> bool:
        if epoch not in shared.storage.get_trial(trial._trial_id).intermediate_values:
            trial.report(value, epoch)
        return shared.plan.prune != "none" and trial.should_prune()

    one = judge if shared.plan.objectives == "elbo" else None
    try:
        config = shared.plan.config(trial.params)
        end = run_trial(name, config, stops, one, device=device, waiting=waiting)
        values = worth(find_run(name), shared.plan.objectives) if end == "done" else None
    except VaeError as error:
        tell(shared, trial, None, error=str(error))
        return True, str(error)
    except BaseException:
        give_back(shared, trial)  # a second Ctrl+C, or what nobody foresaw: not the trial's doing
        raise
    if end == "paused":
        give_back(shared, trial)
        return False, ""
    words = "It was stopped by hand before its end." if end == "stopped" else ""
    tell(shared, trial, values, pruned=end == "pruned", error=words)
    return True, ""
