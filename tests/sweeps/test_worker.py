"""A sweep's worker: every search finds a trial as good as the preset; stopped, pruned, failed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import train_tiny
from tests.sweeps.sweeping import begin, finish, small
from vae.errors import VaeError
from vae.runs import find_run
from vae.status import read_status
from vae.stops import Stops
from vae.sweeps import folders, trials
from vae.sweeps.claiming import take
from vae.sweeps.folders import folder_of, go_on, stop_sweep
from vae.sweeps.plan import Plan
from vae.sweeps.reading import view_of
from vae.sweeps.storage import join
from vae.sweeps.trials import run_trial, worth


@pytest.mark.parametrize(
    "plan",
    [
        small("grid", "latent_dim=2,4,8", "lr=1e-3..1e-2:log", "beta=1,2", search="grid"),
        small("tpe", search="tpe", prune="median"),
        small("nsga2", search="nsga2", objectives="rate,distortion"),
    ],
    ids=lambda plan: plan.study,
)
def test_twelve_trials_find_one_as_good_as_the_preset(runs_folder: Path, plan: Plan) -> None:
    view = finish(begin(plan))
    assert view.done == view.total == 12
    assert {trial.state for trial in view.trials} <= {"done", "pruned"}
    default = worth(train_tiny("default", epochs=2), plan.objectives)  # trained apart
    assert view.trials[0].worth == pytest.approx(default, abs=0.01)
    for best in view.best:  # none is worse in all that counts
        assert any(a <= b + 0.01 for a, b in zip(best.worth, default, strict=True))
    if plan.objectives == "elbo":
        assert [one.worth for one in view.best] == [min(t.worth for t in view.trials if t.worth)]
    # Each is an ordinary run, complete, of the values that the trial has.
    assert len({trial.run for trial in view.trials}) == 12
    for trial in view.trials:
        run = find_run(trial.run)
        assert run.ready
        assert run.evaluation is not None
        assert run.config.model.latent_dim == trial.values["latent_dim"]
        assert run.status["state"] == ("done" if trial.state == "done" else "cancelled")
        if trial.state == "done":
            assert tuple(worth(run, plan.objectives)) == trial.worth
    if plan.search == "grid":
        points = {tuple(sorted(trial.values.items())) for trial in view.trials}
        assert len(points) == 12
        assert read_status(folder_of("grid"))["state"] == "done"


def test_what_is_judged_is_the_elbo_at_beta_one(runs_folder: Path) -> None:
    run = train_tiny("b", epochs=1, beta=4.0)
    (last,) = [row for row in run.metrics() if row["split"] == "validation" and row["epoch"] == 1]
    assert worth(run, "elbo") == [pytest.approx(last["reconstruction"] + last["kl"])]
    assert worth(run, "elbo")[0] < last["loss"]  # reconstruction + 4 KL
    assert worth(run, "rate,distortion") == [last["kl"], last["reconstruction"]]


def test_a_stopped_sweep_gives_its_trial_back_and_goes_on_with_its_run(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = begin(small("s", "latent_dim=2,4", trials=3, epochs=10))
    stops = Stops(folder_of("s"))
    real = trials.negative_elbo

    def stop_in_the_second(terms: dict) -> float:
        if (runs_folder / "s-001").exists():
            stops.signal = 2
        return real(terms)

    with monkeypatch.context() as patch:
        patch.setattr(trials, "negative_elbo", stop_in_the_second)
        view = finish(shared, stops)
    assert [trial.state for trial in view.trials] == ["done", "waiting", "waiting"]
    assert read_status(folder_of("s"))["state"] == "paused"
    run = find_run("s-001")
    assert run.status["state"] == "paused"
    before, values = run.metrics(), view.trials[1].values
    again = join(shared.storage, "s")
    assert again is not None
    view = finish(again)
    assert [trial.state for trial in view.trials] == ["done"] * 3
    assert view.trials[1].values == values
    assert find_run("s-001").metrics()[: len(before)] == before  # the same run, from where it stood


def test_a_trial_that_fails_is_told_and_three_in_a_row_end_the_sweep(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runs_folder / "s-001").mkdir()
    config = train_tiny("other", epochs=1).path / "config.json"
    (runs_folder / "s-001" / "config.json").write_bytes(config.read_bytes())
    shared = begin(small("s", trials=5, epochs=1))
    view = finish(shared)
    assert [trial.state for trial in view.trials] == ["done", "failed", "done", "done", "done"]
    assert "already another run named 's-001'" in view.trials[1].error
    assert view.done == view.total == 5

    def no_disk(*_args: object, **_more: object) -> None:
        raise VaeError("The disk is full.")

    monkeypatch.setattr(trials, "train_run", no_disk)
    with pytest.raises(VaeError, match=r"3 trials failed one after another.*disk is full"):
        finish(begin(small("t", trials=5, epochs=1)))
    assert read_status(folder_of("t"))["state"] == "failed"


def test_a_trial_that_was_trained_but_not_told_is_not_trained_again(runs_folder: Path) -> None:
    plan = small("s", trials=1, epochs=1)
    shared = begin(plan)
    stops = Stops(folder_of("s"))
    assert run_trial("s-000", plan.config(plan.own), stops, device="cpu") == "done"
    before = (runs_folder / "s-000" / "weights.safetensors").stat().st_mtime_ns
    view = finish(shared)
    assert view.trials[0].state == "done"
    assert (runs_folder / "s-000" / "weights.safetensors").stat().st_mtime_ns == before


def test_two_take_different_trials_and_nobody_more_than_there_are(runs_folder: Path) -> None:
    one = begin(small("s", trials=3))
    other = join(begin(small("s", trials=3)).storage, "s")
    assert other is not None
    taken = [take(shared) for shared in (one, other, one, other)]
    assert [trial and trial.number for trial in taken] == [0, 1, 2, None]
    assert len({json.dumps(trial.params) for trial in taken if trial}) == 3
    view = view_of(one)
    assert (view.done, view.running, view.total, view.seconds_left) == (0, 3, 3, None)


def test_another_plan_under_the_same_name_is_refused(runs_folder: Path) -> None:
    begin(small("s", trials=3))
    with pytest.raises(VaeError, match="was begun with trials 3, not 4"):
        begin(small("s", trials=4))


def test_a_sweep_that_is_not_at_work_cannot_be_stopped(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = folders.keep(small("s"), folders.default_url("s"))
    with pytest.raises(VaeError, match="not at work here"):
        stop_sweep(sweep)
    monkeypatch.setattr(folders, "spawn", lambda *_: None)
    go_on(sweep)
    with pytest.raises(VaeError, match="at work already"):
        go_on(sweep)
    stop_sweep(sweep)
    assert sweep.stopping
    assert Stops(sweep.folder).asked() == "cancel"
