"""A sweep as a page or a command shows it: its trials, the best, how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from vae.sweeps.claiming import ERROR, original
from vae.sweeps.plan import Plan
from vae.sweeps.storage import Shared, in_words

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

TrialState = Literal["waiting", "running", "done", "pruned", "failed", "lost"]


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        number: in the study; 0 is the preset itself.
        run: the name of its run.
        state: ``"lost"`` if its worker died and another trial stands in its place.
        values: of the searched parameters, as far as they are known.
        worth: by the plan's objectives, in nats per image; of a pruned one, where it ended.
        seconds: from its beginning to its end or until now.
        best: whether no other is better: the best, or one of the Pareto front.
        error: why it failed.
    """

    number: int
    run: str
    state: TrialState
    values: dict[str, Any]
    worth: tuple[float, ...]
    seconds: float | None
    best: bool
    error: str


@dataclass(frozen=True)
class View:
    """All trials of a sweep at one moment.

    Attributes:
        done: trials that have ended, in whatever way; lost ones do not count.
        total: trials that there will be.
        running: at work now, on all machines.
        seconds_left: an estimate from those that have ended; none before.
    """

    plan: Plan
    trials: tuple[Trial, ...]
    done: int
    total: int
    running: int
    seconds_left: float | None

    @property
    def best(self) -> list[Trial]:
        """The best one, or the Pareto front from the smallest rate on."""
        return sorted((trial for trial in self.trials if trial.best), key=lambda one: one.worth)


def view_of(shared: Shared) -> View:
    """Read a sweep from its storage.

    Raises:
        VaeError: if that does not answer.
    """
    from optuna.trial import TrialState

    study, plan = shared.study, shared.plan
    with in_words(shared.storage):
        frozen = study.get_trials(deepcopy=False)
        ended = [one for one in frozen if one.state == TrialState.COMPLETE]
        front = study.best_trials if ended else []
        # Of equally good ones by one objective, the first.
        best = {one.number for one in (front if len(study.directions) > 1 else front[:1])}
    # Those in whose place another one stands: every dead worker's but the last of a chain.
    replaced = {n for one in frozen for n in one.system_attrs.get("retry_history", [])}
    trials = tuple(_trial(one, plan, one.number in best, one.number in replaced) for one in frozen)
    counted = [trial for trial in trials if trial.state != "lost"]
    over = [trial for trial in counted if trial.state not in ("waiting", "running")]
    running = sum(trial.state == "running" for trial in counted)
    return View(
        plan, trials, len(over), len(counted), running, _seconds_left(counted, over, running)
    )


def not_begun(plan: Plan) -> View:
    """A sweep whose first worker has not made its study yet: all trials wait."""
    slots = plan.slots()
    trials = tuple(
        Trial(number, plan.run_name(number), "waiting", values, (), None, False, "")
        for number, values in enumerate(slots)
    )
    return View(plan, trials, 0, len(slots), 0, None)


def _trial(frozen: FrozenTrial, plan: Plan, best: bool, replaced: bool) -> Trial:
    state: TrialState = "lost" if replaced else _STATES[frozen.state.name]
    given = frozen.system_attrs.get("fixed_params", {})
    end = frozen.datetime_complete or datetime.now()
    seconds = (end - frozen.datetime_start).total_seconds() if frozen.datetime_start else None
    error = frozen.user_attrs.get(ERROR)
    if state == "failed" and not isinstance(error, str):
        error = "Its worker died, and so did those that took it over."
    return Trial(
        frozen.number,
        plan.run_name(original(frozen)),
        state,
        {**given, **frozen.params},
        tuple(frozen.values or ()),
        None if state == "waiting" else seconds,
        best,
        error or "",
    )


_STATES: dict[str, TrialState] = {
    "WAITING": "waiting",
    "RUNNING": "running",
    "COMPLETE": "done",
    "PRUNED": "pruned",
    "FAIL": "failed",
}


def _seconds_left(counted: list[Trial], over: list[Trial], running: int) -> float | None:
    """What those that are left take, if they take as long as those before and as many are at work
    at the same time as now.
    """
    if not over:
        return None
    each = sum(trial.seconds or 0.0 for trial in over) / len(over)
    begun = sum(min(each, trial.seconds or 0.0) for trial in counted if trial.state == "running")
    return (each * (len(counted) - len(over)) - begun) / max(1, running)
