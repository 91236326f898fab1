"""The Sweeps page: its form starts a real sweep, its view shows every state and Optuna's plots."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages import sweeps_form, sweeps_view
from pages.sweeps_figures import draw, words_before
from tests.pages.opening import run_page, script_of, words
from tests.sweeps.sweeping import begin, finish, small
from vae.__main__ import parser
from vae.status import acquire, cancel_requested
from vae.sweeps.claiming import take
from vae.sweeps.folders import find_sweep, folder_of
from vae.sweeps.plan import make_plan
from vae.sweeps.reading import view_of
from vae.sweeps.storage import Shared


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def made_of(shared: Shared, kind: str) -> dict[str, Any]:
    made = draw(shared, kind, 0)
    assert made is not None
    return made


def bar(app: AppTest) -> str:
    return app.get("progress")[0].proto.text


def test_the_form_starts_a_sweep_and_the_view_follows_it_to_its_end(runs_folder: Path) -> None:
    app = run_page("sweeps")
    assert not app.exception
    assert "Nothing searched here yet" in [one.value for one in app.subheader]
    app.number_input(key="sweeps trials").set_value(3)
    app.number_input(key="sweeps epochs").set_value(1)
    app.multiselect(key="sweeps parameters").set_value(["latent_dim", "width"]).run()
    app.text_input(key="sweeps space latent_dim mlp-2d").set_value("2,4").run()
    name = app.text_input(key="sweeps name").value
    assert name == "sweep-digits-mlp-2d-1"
    (shown,) = app.code
    press(app, "sweeps start")
    sweep = find_sweep(name)
    assert sweep is not None
    assert [*map(str, sweep.plan.spaces)] == ["latent_dim=2,4", "width=128..512:log"]
    assert "--trials 3 --epochs 1 --param latent_dim=2,4 --param width=128..512:log" in shown.value
    assert app.text_input(key="sweeps name").value == "sweep-digits-mlp-2d-2"
    until = time.monotonic() + 90
    while (state := sweep.status["state"]) != "done":
        assert time.monotonic() < until, (sweep.folder / "log.txt").read_text()
        assert state == "running", (sweep.folder / "log.txt").read_text()
        time.sleep(0.2)
    app.run()
    assert bar(app) == "3 of 3 trials"
    table = app.dataframe[0].value
    assert list(table["run"]) == [f"{name}-{number:03d}" for number in range(3)]
    assert table["state"][0] == "preset · done"
    best = table["run"][table["−ELBO, nats"].idxmin()]
    assert f"**Best: {best}**" in words(app)
    assert "sweeps open" in [button.key for button in app.button]


def test_a_wrong_space_is_told_and_starts_nothing(runs_folder: Path) -> None:
    app = run_page("sweeps")
    app.text_input(key="sweeps space beta mlp-2d").set_value("4..1").run()
    assert "smaller than the second" in app.error[0].value
    press(app, "sweeps start")
    app.multiselect(key="sweeps parameters").set_value([]).run()
    assert "one setting" in app.error[0].value
    press(app, "sweeps start")
    assert find_sweep("sweep-digits-mlp-2d-1") is None


def test_the_command_that_is_shown_makes_the_same_plan(runs_folder: Path) -> None:
    plan = make_plan("s", "digits", "mlp-2d", ["lr", "beta=1,2"], search="grid", seed=3, trials=4)
    shown = sweeps_form.command(plan, "postgresql+psycopg://me:secret@host/name")
    assert "secret" not in shown
    options = parser().parse_args(shown.split()[3:])
    again = make_plan(
        options.study, options.dataset, options.preset, options.param,
        search=options.search, seed=options.seed, trials=options.trials, epochs=options.epochs,
    )  # fmt: skip
    assert again == plan


def test_a_sweep_at_work_can_be_stopped_and_one_that_is_not_gone_on_with(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = begin(small("s", trials=3))
    take(shared)
    folder = folder_of("s")
    with acquire(folder):
        (folder / "status.json").write_text('{"state": "running"}')
        app = run_page("sweeps", sweep="s")
        assert bar(app) == "0 of 3 trials · 1 at work"
        press(app, "sweeps stop")
        assert cancel_requested(folder)
        assert app.button(key="sweeps stop").label == "Stopping…"
    (folder / "status.json").write_text('{"state": "paused"}')
    started: list[str] = []
    monkeypatch.setattr(sweeps_view, "go_on", lambda sweep: started.append(sweep.plan.study))
    # Its trial is still at work: that must be another machine's.
    app = run_page("sweeps", sweep="s")
    assert app.button(key="sweeps go on").label == "Work here, too"
    press(app, "sweeps go on")
    assert started == ["s"]


def test_a_failed_one_says_why_and_a_damaged_one_hides_no_other(runs_folder: Path) -> None:
    begin(small("s", trials=2))
    (folder_of("s") / "status.json").write_text('{"state": "failed", "error": "The disk is full."}')
    folder_of("t").mkdir()
    (folder_of("t") / "sweep.json").write_text('{"plan": {"trials": 1}}')
    app = run_page("sweeps")
    assert [error.value.split(".")[0] for error in app.error][1] == "The disk is full"
    assert "holds no sweep" in app.error[0].value
    assert app.selectbox(key="sweeps picker").options == ["s"]


@pytest.mark.parametrize("objectives", ["elbo", "rate,distortion"])
def test_optunas_plots_are_of_the_sweeps_own_numbers(runs_folder: Path, objectives: str) -> None:
    shared = begin(small("s", trials=6, epochs=1, objectives=objectives))
    assert draw(shared, "importances", 0) is None  # nothing yet
    view = finish(shared)
    for kind in ("history", "slice", "parallel", "importances"):
        made = draw(shared, kind, 0)
        assert made is not None, kind
        assert made["data"]
    lines = [one for one in made_of(shared, "parallel")["data"] if one["mode"] == "lines"]
    colours = {one["y"][0]: one["line"]["color"] for one in lines}
    assert (colours[0], colours[1]) == ("rgb(63, 144, 218)", "rgb(231, 99, 0)")  # best, worst
    if objectives == "elbo":
        history = draw(shared, "history", 0)
        assert history is not None
        assert history["layout"]["yaxis"]["title"]["text"] == "−ELBO, nats"
    else:
        front = draw(shared, "front", 0)
        assert front is not None
        assert front["layout"]["xaxis"]["title"]["text"] == "rate, nats"
        assert {trial.number for trial in view_of(shared).best} == {
            trial.number
            for trial in view.trials
            if not any(
                other.worth != trial.worth
                and all(a <= b for a, b in zip(other.worth, trial.worth, strict=True))
                for other in view.trials
            )
        }
    app = script_of("sweeps")
    app.run()
    assert not app.exception
    assert bar(app) == "6 of 6 trials"


def test_one_of_a_thing_is_named_in_the_singular() -> None:
    assert sweeps_view.front_words(1).startswith("the one trial that is")
    assert sweeps_view.front_words(3).startswith("the 3 trials that are")
    assert "first trial" in words_before(1)
    assert "4 trials" in words_before(4)
