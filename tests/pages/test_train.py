"""The Train page: its form starts real trainings, its view tells how they stand in every state."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.train_queue import at_work, now_known
from tests.conftest import train_tiny
from tests.pages.training import make_run, open_page, press
from vae.card import model_card
from vae.config import Objective
from vae.files import load_npz, save_npz, write_json
from vae.inference import spoil
from vae.objectives import TERMS
from vae.queue import place
from vae.runs import CHECKPOINT, Run, find_run, list_runs
from vae.status import acquire, cancel_requested, clear_cancel
from vae.stops import clear_requests, pause_requested

STARTING = {"updated": "2999-01-01T00:00:00+00:00", "stage": "starting"}


def shown(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.markdown, *app.latex, *app.subheader))


def captions(app: AppTest) -> str:
    return " ".join(element.value for element in app.caption)


def bodies(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def bars(app: AppTest) -> list[str]:
    """What stands over the progress bars."""
    return [element.proto.text for element in app.get("progress")]


def labels(app: AppTest) -> dict[str, str]:
    """The buttons of the view that is watched."""
    keys = ("train pause", "train resume", "train stop", "train open")
    return {b.key.removeprefix("train "): b.label for b in app.button if b.key in keys}


@pytest.fixture
def alive() -> Iterator[ExitStack]:
    """Locks that living processes would hold."""
    with ExitStack() as held:
        yield held


def test_opens_without_a_run_and_suggests_what_to_do(runs_folder: Path) -> None:
    app = open_page()
    assert "Nothing trained here yet" in shown(app)
    assert app.text_input(key="train name").value == "digits-conv-16-1"
    assert not app.button(key="train start").disabled


def test_the_form_trains_a_model_to_its_end(runs_folder: Path) -> None:
    app = open_page()
    app.selectbox(key="train preset").select("mlp-2d").run()
    app.number_input(key="train epochs mlp-2d").set_value(2).run()
    press(app, "train start")
    assert app.query_params["run"] == "digits-mlp-2d-1"
    assert app.text_input(key="train name").value == "digits-mlp-2d-2"
    run = find_run("digits-mlp-2d-1")
    assert run.config.training.epochs == 2
    assert run.status["state"] in ("queued", "running"), "also before its process holds the lock"
    deadline = time.monotonic() + 90
    while run.status["state"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert run.status["state"] == "done", (run.path / "log.txt").read_text()
    assert run.name in [found.name for found in list_runs()[0] if found.ready]
    app.run()
    assert not app.exception
    assert app.button(key="train open").label == "Open in Explore"
    assert f"{run.evaluation['kl']:.1f}" in app.latex[0].value
    assert r"\text{test }-\mathrm{ELBO}" in app.latex[0].value
    assert "**Final result**, on 300 test images" in captions(app)
    # another browser, with nothing but the address
    progress = open_page(run=run.name).get("progress")[0].proto.text
    assert "epoch 2.0 of 2" in progress
    took = progress.partition("took ")[2]
    assert f"| time | {took} |" in model_card(run), "one training, one duration"


def test_a_failed_run_shows_its_error_and_last_words(runs_folder: Path) -> None:
    run = make_run(runs_folder, "broken", state="failed", error="The KL term became nan.")
    (run.path / "log.txt").write_text("first\n" + "error: The KL term became nan.\n")
    app = open_page(run="broken")
    assert app.error[0].value == "The KL term became nan."
    assert any("error: The KL term became nan." in code.value for code in app.code)
    assert app.button(key="train resume").label == "Resume"


def test_a_run_whose_process_is_gone_goes_on_when_asked(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(runs_folder, "killed", state="running", updated="2026-01-01T00:00:00+00:00")
    started = []
    monkeypatch.setattr("vae.jobs.spawn", lambda arguments, log: started.append(arguments))
    app = open_page()
    assert "failed" in shown(app)
    assert "Its process is gone" in app.error[0].value
    press(app, "train resume")
    assert started == [["train", "killed", "--resume", "--json"]]
    assert run.status["state"] == "queued"
    # asked before anybody is there to hear it: the process will find the request
    press(app, "train stop")
    assert cancel_requested(run.path)
    assert app.button(key="train stop").disabled


def test_half_written_metrics_and_a_vanished_folder_are_no_exception(tiny_run: Run) -> None:
    whole = tiny_run.metrics()
    with (tiny_run.path / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(whole[-1])[:20])
    app = open_page(run="tiny")
    assert not app.error
    assert tiny_run.metrics() == whole
    # the folder goes between the listing and the look into it
    script = f"""
from pathlib import Path
from pages.train_view import watch
from vae.runs import Run, find_run

run = find_run("tiny")
watch(Run("gone", Path({str(tiny_run.path)!r}).with_name("gone"), False, run.config), run.status)
"""
    app = AppTest.from_string(script).run()
    assert not app.exception
    assert "no longer there" in app.error[0].value


def test_the_running_run_is_watched_before_newer_ones(runs_folder: Path) -> None:
    make_run(runs_folder, "old", state="running", started="2026-01-01T00:00:00+00:00", **STARTING)
    make_run(runs_folder, "new", state="done", started="2026-01-02T00:00:00+00:00")
    app = open_page()
    picker = app.selectbox(key="train picker")
    assert picker.value == "old"
    assert picker.options == ["new · done", "old · running"]
    picker.select("new").run()
    assert not app.exception
    assert app.query_params["run"] == "new"


def test_what_has_no_number_yet_says_so(runs_folder: Path) -> None:
    make_run(runs_folder, "new", state="running", **STARTING)
    (latex,) = open_page(run="new").latex
    assert r"\underbrace{\text{waiting for the first numbers}}" in latex.value


def test_a_stopped_run_is_called_stopped(runs_folder: Path) -> None:
    make_run(runs_folder, "halted", state="cancelled", epoch=1.5, seconds=2.0)
    app = open_page(run="halted")
    assert "badge[stopped]" in shown(app)
    assert app.selectbox(key="train picker").options == ["halted · stopped"]
    assert bars(app) == ["epoch 0.0 of 4 · took 2 s"]


def test_what_was_cancelled_in_the_queue_took_no_time(runs_folder: Path) -> None:
    make_run(runs_folder, "waited", state="cancelled", seconds=2.0)
    app = open_page(run="waited")
    assert "badge[cancelled]" in shown(app)
    assert bars(app) == ["cancelled before it learned anything"]


@pytest.mark.parametrize("checkpoint", [True, False])
def test_resume_says_from_where_it_goes_on(runs_folder: Path, checkpoint: bool) -> None:
    run = make_run(runs_folder, "one", state="paused")
    if checkpoint:
        (run.path / CHECKPOINT).write_bytes(b"")
    words = open_page(run="one").button(key="train resume").help
    assert ("last checkpoint" in words) == checkpoint
    assert ("Begins again" in words) == (not checkpoint)


def test_pictures_are_shown(tiny_run: Run) -> None:
    pictures = bodies(open_page(run="tiny"))
    assert pictures.count('src="data:image/png') == 32
    assert pictures.count('alt="original ') == 8


@pytest.mark.parametrize(
    ("state", "checkpoint", "buttons"),
    [
        ("running", True, {"pause": "Pause", "stop": "Stop"}),
        ("queued", False, {"pause": "Pause", "stop": "Cancel"}),
        ("paused", True, {"resume": "Resume", "stop": "Stop"}),
        ("failed", True, {"resume": "Resume", "stop": "Stop"}),
        ("failed", False, {"resume": "Resume"}),
        ("cancelled", True, {"resume": "Resume"}),
        ("done", False, {}),
    ],
)
def test_each_state_has_its_buttons(
    runs_folder: Path, state: str, checkpoint: bool, buttons: dict[str, str]
) -> None:
    run = make_run(runs_folder, "one", state=state, epoch=1.5, **STARTING)
    if checkpoint:
        (run.path / CHECKPOINT).write_bytes(b"")
    app = open_page(run="one")
    assert labels(app) == buttons
    assert f"badge[{'stopped' if state == 'cancelled' else state}]" in shown(app)


def test_pause_and_stop_are_asked_for_once(runs_folder: Path, alive: ExitStack) -> None:
    run = make_run(runs_folder, "one", state="running", stage="training")
    alive.enter_context(acquire(run.path))
    app = press(open_page(), "train pause")
    assert pause_requested(run.path)
    assert labels(app) == {"pause": "Pausing…", "stop": "Stop"}
    assert app.button(key="train pause").disabled
    press(app, "train stop")
    assert cancel_requested(run.path)
    assert labels(app)["stop"] == "Stopping…"
    # whoever measures the end result hears of nothing any more
    clear_requests(run.path)
    write_json(run.path / "status.json", {"state": "running", "stage": "evaluating"})
    app = open_page()
    assert app.button(key="train pause").disabled
    assert app.button(key="train stop").disabled


def test_a_paused_run_ends_with_what_it_has(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawned = []
    monkeypatch.setattr("vae.jobs.spawn", lambda arguments, log: spawned.append(arguments))
    run = make_run(runs_folder, "one", state="paused")
    (run.path / CHECKPOINT).write_bytes(b"")
    press(open_page(), "train stop")
    assert spawned == [["train", "one", "--resume", "--json"]]
    assert cancel_requested(run.path)
    clear_cancel(run.path)


def test_a_resume_that_is_refused_is_one_sentence(runs_folder: Path) -> None:
    run = make_run(runs_folder, "one", state="cancelled")
    (run.path / "weights.safetensors").write_bytes(b"")
    app = press(open_page(), "train resume")
    assert "no checkpoint to go on from" in app.error[0].value
    assert not app.run().error, "told once"


def test_the_queue_is_seen_by_everybody(runs_folder: Path, alive: ExitStack) -> None:
    assert "Nothing is training now." in captions(open_page())
    states = {"works": "running", "waits": "queued", "last": "queued"}
    for name, state in states.items():
        place_of = {"running": {}, "queued": {"waiting": list(states).index(name)}}[state]
        facts: dict[str, Any] = {"state": state, "stage": "training", "epoch": 1.5, **place_of}
        run = make_run(runs_folder, name, started=f"2026-01-0{len(name)}T00:00:00+00:00", **facts)
        alive.enter_context(acquire(run.path))
        alive.enter_context(place(run.path, "cpu"))
    make_run(runs_folder, "ended", state="done")
    known = now_known([(run, run.status) for run in list_runs()[0] if not run.bundled])
    assert [run.name for run, _ in known] == ["works", "waits", "last"]
    assert at_work() is known, "one look serves all who have the page open"
    app = open_page(run="ended")
    assert bars(app)[:3] == [
        "epoch 1.5 of 4 · training",
        "queued, 1 before it: works",
        "queued, 2 before it: works, waits",
    ]
    press(app, "train queue last")
    assert app.query_params["run"] == "last"
    assert "queued, 2 before it: works, waits" in bars(app)[3]
    assert "badge[queued]" in shown(app)


@pytest.mark.parametrize("kind", get_args(Objective))
def test_each_objective_is_shown_with_its_own_terms(runs_folder: Path, kind: Objective) -> None:
    run = make_run(runs_folder, "one", {"objective": kind}, state="paused")
    terms = dict.fromkeys(TERMS[kind], 12.25)
    point = {"split": "validation", "epoch": 1.0, "images": 1297, "loss": 98.7, **terms}
    (run.path / "metrics.jsonl").write_text(json.dumps(point) + "\n")
    app = open_page(run="one")
    assert not app.error
    assert r"98.7\text{ nats}" in app.latex[0].value
    assert "last intermediate result" in captions(app)
    text = shown(app) + captions(app).partition("The same from a terminal:")[2]
    text = text.replace("no KL", "").replace("no\nKL", "")
    assert ("KL" in text) == (kind != "autoencoder")
    assert ("Nothing in training made these codes" in text) == (kind == "autoencoder")


def test_a_denoising_run_shows_clean_noisy_and_restored(runs_folder: Path) -> None:
    run = train_tiny("denoises", epochs=1, noise="masking", noise_level=0.5)
    pictures = load_npz(max((run.path / "snapshots").glob("*.npz")))
    assert np.array_equal(pictures["noisy"], spoil(pictures["originals"], "masking", 0.5))
    app = open_page(run="denoises")
    assert "**Clean, noisy, restored**" in shown(app)
    for name in ("original", "noisy", "reconstruction"):
        assert bodies(app).count(f'alt="{name} ') == 8
    # a snapshot from elsewhere may lack them
    file = max((run.path / "snapshots").glob("*.npz"))
    save_npz(file, **{k: v for k, v in pictures.items() if k != "noisy"})
    assert 'alt="noisy ' not in bodies(open_page(run="denoises"))


def test_a_linear_autoencoder_stands_beside_pca(runs_folder: Path) -> None:
    run = train_tiny("line", epochs=2, preset="linear-ae")
    assert run.evaluation is not None
    app, pca = open_page(run="line"), run.evaluation["pca"]
    assert f"the largest is {pca['degrees'][0]:.1f}° of 10" in shown(app)
    assert bodies(app).count('°"') == 10
    assert f"| PCA, 10 components | {pca['pca_reconstruction']:.2f} nats |" in shown(app)
    assert f"| this model | {run.evaluation['reconstruction']:.2f} nats |" in shown(app)
    assert r"{\text{test }\text{reconstruction}}" in app.latex[0].value


def test_a_damaged_comparison_is_one_sentence(runs_folder: Path) -> None:
    run = train_tiny("line", epochs=1, preset="linear-ae")
    assert run.evaluation is not None
    write_json(run.path / "evaluation.json", {**run.evaluation, "pca": {"degrees": ["x"]}})
    assert "does not hold the figures" in open_page(run="line").error[0].value
