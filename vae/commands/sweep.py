"""``sweep STUDY``: many short trainings in search of good settings, with other workers or alone."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING, Any, get_args

from vae.commands import add_command, print_json
from vae.config import Device
from vae.errors import VaeError
from vae.presets import DEFAULT_PRESET, PRESETS
from vae.sweeps.plan import OBJECTIVES, Objectives, Plan, Prune, Search, make_plan, plan_to_json

if TYPE_CHECKING:
    from vae.sweeps.folders import Sweep
    from vae.sweeps.reading import Trial, View
    from vae.sweeps.storage import Shared

_CHOSEN = ("search", "objectives", "prune", "trials", "epochs", "seed")  # fields of a plan


def add_commands(commands: Any) -> None:
    """Add the group to the parser."""
    command = add_command(
        commands, "sweep", _sweep, "search good settings by many trainings, or go on with that"
    )
    command.add_argument("study", help="what the sweep is called; its runs are STUDY-000, …")
    command.add_argument("--dataset", help="see: python -m vae datasets")
    command.add_argument("--preset", help=f"one of {', '.join(PRESETS)} (default {DEFAULT_PRESET})")
    command.add_argument(
        "--search",
        choices=get_args(Search),
        help="every combination; Bayesian; or genetic (default tpe)",
    )
    command.add_argument(
        "--param",
        action="append",
        metavar="NAME=VALUES",
        help="what to search, once for each: latent_dim=2,4,8 or depth=1..3 or lr=1e-4..1e-2:log; "
        "a name alone for its usual values. By default latent_dim, beta, lr, width and depth",
    )
    command.add_argument("--trials", type=int, help="how many in all (default 20)")
    command.add_argument("--epochs", type=int, help="of each trial (default: the preset's)")
    command.add_argument(
        "--objectives",
        choices=get_args(Objectives),
        help="the ELBO of the validation images at beta = 1 (default), or their KL and "
        "reconstruction as two",
    )
    command.add_argument(
        "--prune",
        choices=get_args(Prune),
        help="end trials early that are worse than the median of those before (default none)",
    )
    command.add_argument("--seed", type=int, help="of the search (default 0)")
    command.add_argument(
        "--storage",
        metavar="URL",
        help="the database that its workers share, such as postgresql+psycopg://HOST/NAME "
        "(default: an SQLite file in the runs folder)",
    )
    command.add_argument(
        "--grace",
        type=int,
        default=60,
        metavar="SECONDS",
        help="a worker that is silent for so long is dead, and its trial done again (default 60)",
    )
    command.add_argument("--device", choices=get_args(Device), help="what computes here")


def _sweep(options: argparse.Namespace) -> int:
    from vae.distributed import seat
    from vae.priority import give_way
    from vae.stops import clear_requests, listening
    from vae.sweeps.folders import folder_of
    from vae.sweeps.worker import work

    give_way()
    if seat() is not None:
        raise VaeError(
            "The workers of a sweep each train models of their own: start as many as you like, "
            "each by python -m vae sweep, not by torchrun."
        )
    if not 4 <= options.grace <= 86_400:
        raise VaeError(f"--grace is {options.grace}; allowed is 4 to 86400 seconds.")
    shared = _shared(options)
    folder = folder_of(options.study)
    clear_requests(folder)
    told = None if options.json else _Told()
    with listening(folder) as stops:
        state = work(folder, shared, stops, device=options.device, said=told, waiting=_say_waiting)
    from vae.sweeps.reading import view_of

    view = view_of(shared)
    if options.json:
        print_json({"study": options.study, "state": state, **_facts(view)})
    else:
        print(_result(view, state))
    if state == "paused" and stops.signal == signal.SIGINT:
        return 130
    return 0 if state == "done" else 1


def _shared(options: argparse.Namespace) -> Shared:
    """The sweep in its storage, new or joined, and known on this machine from now on."""
    from vae.datasets import load
    from vae.files import make_folder
    from vae.sweeps.folders import check_new, default_url, find_sweep, folder_of, keep
    from vae.sweeps.storage import check_same, create, join, open_storage

    known = find_sweep(options.study)
    _check_storage(options, known)
    url = options.storage or (known.url if known else default_url(options.study))
    joined = None
    if known is None and options.storage:
        joined = join(open_storage(url, options.grace), options.study)
    plan = known.plan if known else joined.plan if joined else None
    # What is said again must be the same; what is not said is what it was.
    kept: dict[str, Any] = plan_to_json(plan) if plan else {"preset": DEFAULT_PRESET}
    chosen = {name: getattr(options, name) for name in (*_CHOSEN, "dataset", "preset")}
    kept |= {name: value for name, value in chosen.items() if value is not None}
    spaces = options.param or kept.pop("spaces", None)
    kept.pop("spaces", None)
    if "dataset" not in kept:
        raise VaeError("Which data set? Say --dataset NAME; see: python -m vae datasets.")
    wanted = make_plan(options.study, parameters=spaces, **kept)
    if plan is None:
        check_new(options.study)
        plan = wanted
    check_same(wanted, plan)
    load(plan.dataset, "validation")  # fail before anything is made
    make_folder(folder_of(options.study))
    shared = joined or create(open_storage(url, options.grace), plan)
    keep(plan, url)
    return shared


def _check_storage(options: argparse.Namespace, known: Sweep | None) -> None:
    from vae.sweeps.storage import hidden

    if known and options.storage and options.storage != known.url:
        raise VaeError(
            f"The sweep {options.study!r} is in the storage {hidden(known.url)}, not in another: "
            "leave --storage out."
        )


def _say_waiting(names: list[str]) -> None:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    print(f"waiting for {names[0]!r}{more} on the same device", file=sys.stderr)


class _Told:
    """Prints the search spaces first, then a line for each trial."""

    def __call__(self, trial: Trial | None, view: View) -> None:
        if trial is None:
            print(_heading(view.plan), flush=True)
            return
        from vae.card import duration

        left = view.seconds_left
        ends = f", about {duration(left)} left" if left else ""
        print(f"{trial_line(trial, view.plan)}   {view.done} of {view.total}{ends}", flush=True)


def _heading(plan: Plan) -> str:
    own = plan.own
    spaces = ", ".join(map(str, plan.spaces))
    return f"{plan.search} over {spaces}; trial 0 is the preset {plan.preset} itself: " + ", ".join(
        f"{name} {value:g}" for name, value in own.items()
    )


def trial_line(trial: Trial, plan: Plan) -> str:
    """A trial in one line: run, values, worth in nats per image."""
    values = " ".join(f"{name} {value:.4g}" for name, value in trial.values.items())
    names = OBJECTIVES[plan.objectives]
    worth = ", ".join(
        f"{name} {value:.2f} nats" for name, value in zip(names, trial.worth, strict=False)
    )
    state = {"done": "", "pruned": " (pruned)"}.get(trial.state, f" {trial.state}: {trial.error}")
    return f"{trial.run}  {values}  {worth}{state}"


def _result(view: View, state: str) -> str:
    if state == "paused":
        again = f"python -m vae sweep {view.plan.study}"
        return f"stopped with {view.done} of {view.total} trials done; go on with: {again}"
    if not view.best:
        return "done: no trial came to its end"
    what = "best" if view.plan.objectives == "elbo" else "Pareto front"
    return "\n".join([f"done; {what}:", *(trial_line(one, view.plan) for one in view.best)])


def _facts(view: View) -> dict[str, Any]:
    """The sweep for scripts."""
    names = OBJECTIVES[view.plan.objectives]
    trials = [
        {
            "number": one.number,
            "run": one.run,
            "state": one.state,
            "params": one.values,
            "values": dict(zip(names, one.worth, strict=False)),
            "seconds": one.seconds,
            "error": one.error or None,
        }
        for one in view.trials
    ]
    return {
        **plan_to_json(view.plan),
        "done": view.done,
        "total": view.total,
        "best": [one.run for one in view.best],
        "results": trials,
    }
