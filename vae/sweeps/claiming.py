"""Who has which trial: taking one, signs of life while it runs, giving it back, what the dead had.

A trial waits, is taken by one worker, and ends. A worker that is stopped gives it back: it waits
again. One that dies leaves it without signs of life: after a while it counts as failed, and a new
trial with the same values waits in its place (Optuna's RetryHeartbeatStaleTrialCallback).
"""

from __future__ import annotations

import platform
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vae.sweeps.plan import Plan
from vae.sweeps.spaces import PARAMETERS
from vae.sweeps.storage import Shared, alone, brief, in_words

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial, Trial

ERROR = "error"  # a trial's attribute: why it failed; one that was lost with its worker has none
RUN = "run"  # and the name of its run


def take(shared: Shared) -> Trial | None:
    """The next trial that waits, with its values; none if none waits.

    Those of dead workers wait again before.
    """
    import optuna

    storage, study, plan = shared.storage, shared.study, shared.plan
    waiting, running = optuna.trial.TrialState.WAITING, optuna.trial.TrialState.RUNNING
    with in_words(storage), alone(storage):
        optuna.storages.fail_stale_trials(study)
        for frozen in study.get_trials(deepcopy=False, states=(waiting,)):
            # A sign of life before it is taken: whoever dies in between leaves it waiting, whoever
            # dies just afterwards leaves one that will be missed.
            storage.record_heartbeat(frozen._trial_id)
            if _is_set(storage, frozen, running):
                break
        else:
            return None
    with in_words(storage):
        study.sampler = sampler(plan, frozen.number)
        study.pruner = pruner(plan)
        trial = optuna.trial.Trial(study, frozen._trial_id)
        _ = trial.relative_params  # so that a genetic search counts the preset as one of its first
        suggest(trial, plan)
        trial.set_user_attr(RUN, plan.run_name(original(frozen)))
        trial.set_user_attr("machine", platform.node())
        return trial


def _is_set(storage: RDBStorage, frozen: FrozenTrial, state: Any) -> bool:
    """Whether we were the one who set it."""
    from optuna.exceptions import UpdateFinishedTrialError

    try:
        return storage.set_trial_state_values(frozen._trial_id, state)
    except UpdateFinishedTrialError:
        return False


def original(frozen: FrozenTrial) -> int:
    """The number of a trial, or of the one that it stands for since a worker died with it."""
    from optuna.storages import RetryHeartbeatStaleTrialCallback

    number = RetryHeartbeatStaleTrialCallback.retried_trial_number(frozen)
    return frozen.number if number is None else number


def suggest(trial: Trial, plan: Plan) -> None:
    """Give a trial a value of each space, in which the preset's own value is."""
    own = plan.own
    for space in plan.spaces:
        wide = space.including(own[space.name])
        if wide.choices:
            trial.suggest_categorical(space.name, wide.choices)
        elif PARAMETERS[space.name].whole:
            trial.suggest_int(space.name, int(wide.low), int(wide.high), log=wide.log)
        else:
            trial.suggest_float(space.name, wide.low, wide.high, log=wide.log)


def sampler(plan: Plan, number: int) -> BaseSampler:
    """What chooses the values of one trial; its seed is the trial's own, whichever worker asks.

    Both searches begin with random trials and a small budget would end before they did: so they
    begin with a third of it at most.
    """
    import optuna

    seed = (plan.seed + 1_000_003 * number) % 2**32
    few = _few(plan)
    if plan.search == "tpe":
        return optuna.samplers.TPESampler(
            n_startup_trials=min(10, few), constant_liar=True, seed=seed
        )
    if plan.search == "nsga2":
        return optuna.samplers.NSGAIISampler(population_size=min(50, few), seed=seed)
    return optuna.samplers.RandomSampler(seed=seed)  # not asked: every point of a grid is given


def pruner(plan: Plan) -> BasePruner:
    """What ends a trial early: it is worse than the median of those before it at its epoch."""
    import optuna

    if plan.prune == "none":
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(n_startup_trials=min(5, _few(plan)))


def _few(plan: Plan) -> int:
    return max(3, plan.trials // 3)


@contextmanager
def alive(storage: RDBStorage, trial: Trial) -> Iterator[None]:
    """Give signs of life in a thread."""
    done = threading.Event()

    def beat() -> None:
        said = False
        while not done.wait(storage.heartbeat_interval):
            try:
                storage.record_heartbeat(trial._trial_id)
                said = False
            except Exception as error:
                # The training goes on: the database may be back before anybody misses us.
                if not said:
                    print(f"warning: no sign of life: {brief(error)}", file=sys.stderr)
                said = True
        storage.remove_session()

    thread = threading.Thread(target=beat, name=f"sign of life: {trial.number}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def give_back(shared: Shared, trial: Trial) -> None:
    """Let the trial wait again, with its values; whoever takes it goes on with its run."""
    from optuna.trial import TrialState

    storage = shared.storage
    with in_words(storage):
        frozen = storage.get_trial(trial._trial_id)
        if not frozen.state.is_finished():  # we may have been silent for so long that it was given
            _is_set(storage, frozen, TrialState.WAITING)


def tell(
    shared: Shared,
    trial: Trial,
    values: Sequence[float] | None,
    pruned: bool = False,
    error: str = "",
) -> None:
    """Say how a trial ended: with values, pruned, or failed. Nothing if another stands for it."""
    from optuna.trial import TrialState

    with in_words(shared.storage):
        if shared.storage.get_trial(trial._trial_id).state.is_finished():
            return
        if error:
            trial.set_user_attr(ERROR, error)
        state = TrialState.PRUNED if pruned else TrialState.FAIL if error else TrialState.COMPLETE
        shared.study.tell(trial, values, state=state, skip_if_finished=True)
