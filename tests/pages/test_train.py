"""The Train page: its form starts real trainings, its view tells how they stand."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.train_figures import curves, nats_range, picture_rows, reach, thin
from pages.train_form import free_name, sensible_epochs
from pages.train_words import (
    empty_formula,
    explanation,
    formula,
    in_words,
    measured_on,
    no_numbers,
)
from vae.card import model_card
from vae.config_json import config_to_json
from vae.files import write_json
from vae.presets import PRESETS, make_config
from vae.runs import Run, find_run, list_runs

SCRIPT = """
from pages.train import page

page()
"""


def open_page(**query: str) -> AppTest:
    app = AppTest.from_string(SCRIPT, default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def make_run(folder: Path, name: str, **status: object) -> Run:
    """A run folder as a training process leaves it that ended early."""
    config = make_config("mlp-2d", "digits", (8, 8, 1), epochs=4)
    (folder / name).mkdir()
    write_json(folder / name / "config.json", config_to_json(config))
    write_json(folder / name / "status.json", status)
    return find_run(name)


def shown(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.markdown, *app.latex, *app.subheader))


def test_opens_without_a_run_and_suggests_what_to_do(runs_folder: Path) -> None:
    app = open_page()
    assert "Nothing trained here yet" in shown(app)
    assert app.text_input(key="train name").value == "digits-conv-16-1"
    assert not app.button(key="train start").disabled


def test_a_preset_brings_its_own_defaults_and_name(runs_folder: Path) -> None:
    app = open_page()
    app.selectbox(key="train preset").select("mlp-400-20").run()
    assert app.number_input(key="train latent_dim mlp-400-20").value == 20
    assert app.number_input(key="train epochs mlp-400-20 digits").value == 100
    assert app.text_input(key="train name").value == "digits-mlp-400-20-1"
    # a name that somebody typed stays
    app.text_input(key="train name").input("mine").run()
    app.selectbox(key="train preset").select("mlp-2d").run()
    assert app.text_input(key="train name").value == "mine"


def test_the_form_trains_a_model_to_its_end(runs_folder: Path) -> None:
    app = open_page()
    app.selectbox(key="train preset").select("mlp-2d").run()
    app.number_input(key="train epochs mlp-2d digits").set_value(2).run()
    press(app, "train start")
    assert app.query_params["run"] == "digits-mlp-2d-1"
    assert app.text_input(key="train name").value == "digits-mlp-2d-2"
    run = find_run("digits-mlp-2d-1")
    assert run.config.training.epochs == 2
    assert run.status["state"] == "running", "also before its process holds the lock"
    deadline = time.monotonic() + 90
    while run.status["state"] == "running" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert run.status["state"] == "done", (run.path / "log.txt").read_text()
    assert run.name in [found.name for found in list_runs()[0] if found.ready]
    app.run()
    assert not app.exception
    assert app.button(key="train open").label == "Open in Explore"
    assert f"{run.evaluation['kl']:.1f}" in app.latex[0].value
    assert r"\text{test }-\mathrm{ELBO}" in app.latex[0].value
    assert "**Final result**, on 300 test images" in app.caption[-1].value
    # another browser, with nothing but the address
    progress = open_page(run=run.name).get("progress")[0].proto.text
    assert "epoch 2.0 of 2" in progress
    took = progress.partition("took ")[2]
    assert f"| time | {took} |" in model_card(run), "one training, one duration"


def test_a_taken_name_is_one_sentence_and_the_form_stays(tiny_run: Run) -> None:
    app = open_page()
    app.number_input(key="train latent_dim conv-16").set_value(7).run()
    app.text_input(key="train name").input("tiny").run()
    press(app, "train start")
    assert "already a run named 'tiny'" in app.error[0].value
    assert app.text_input(key="train name").value == "tiny"
    assert app.number_input(key="train latent_dim conv-16").value == 7


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("latent_dim conv-16", -3, "latent_dim is -3"),
        ("lr conv-16", 0.0, "lr is 0"),
        ("batch_size conv-16", 0, "batch_size is 0"),
    ],
)
def test_a_bad_value_is_one_sentence_and_makes_no_folder(
    runs_folder: Path, field: str, value: float, words: str
) -> None:
    app = open_page()
    app.number_input(key=f"train {field}").set_value(value).run()
    press(app, "train start")
    assert words in app.error[0].value
    assert list(runs_folder.iterdir()) == []


def test_a_bad_name_is_one_sentence(runs_folder: Path) -> None:
    app = open_page()
    app.text_input(key="train name").input("../escape").run()
    press(app, "train start")
    assert "no name for a model" in app.error[0].value


def test_a_failed_run_shows_its_error_and_last_words(runs_folder: Path) -> None:
    run = make_run(runs_folder, "broken", state="failed", error="The KL term became nan.")
    (run.path / "log.txt").write_text("first\n" + "error: The KL term became nan.\n")
    app = open_page(run="broken")
    assert app.error[0].value == "The KL term became nan."
    assert "error: The KL term became nan." in app.code[0].value
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
    assert app.button(key="train stop").disabled, "nobody is there yet to hear it"


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
watch(Run("gone", Path({str(tiny_run.path)!r}).with_name("gone"), False, run.config))
"""
    app = AppTest.from_string(script).run()
    assert not app.exception
    assert "no longer there" in app.error[0].value


def test_the_running_run_is_watched_before_newer_ones(runs_folder: Path) -> None:
    now = {"updated": "2999-01-01T00:00:00+00:00", "stage": "starting"}
    make_run(runs_folder, "old", state="running", started="2026-01-01T00:00:00+00:00", **now)
    make_run(runs_folder, "new", state="done", started="2026-01-02T00:00:00+00:00")
    app = open_page()
    picker = app.selectbox(key="train picker")
    assert picker.value == "old"
    assert picker.options == ["new · done", "old · running"]
    picker.select("new").run()
    assert not app.exception
    assert app.query_params["run"] == "new"


def test_free_name_counts_on(tiny_run: Run) -> None:
    (tiny_run.path.parent / "digits-mlp-2d-1").mkdir()
    assert free_name("digits", "mlp-2d") == "digits-mlp-2d-2"


def test_sensible_epochs_are_the_presets_unless_the_data_set_is_small() -> None:
    assert sensible_epochs("mnist", "conv-16") == PRESETS["conv-16"].epochs
    assert sensible_epochs("digits", "conv-16") * 11 == pytest.approx(1000, rel=0.1)


def test_the_formula_adds_up() -> None:
    latex = formula(80.0, 10.0, 2.0, "validation")
    assert all(part in latex for part in ("100.0", "80.0", r"2\cdot", "10.0", r"\text{loss}"))
    assert r"\mathrm{ELBO}" in formula(80.0, 10.0, 1.0, "test")


def test_what_has_no_number_yet_says_so(runs_folder: Path) -> None:
    now = {"updated": "2999-01-01T00:00:00+00:00", "stage": "starting"}
    make_run(runs_folder, "new", state="running", **now)
    (latex,) = open_page(run="new").latex
    assert r"\underbrace{\text{waiting for the first numbers}}" in latex.value
    assert r"4\cdot\mathrm{KL}" in empty_formula(4.0, no_numbers(ended=True))
    assert curves([], 5, ended=False)["empty"] == "waiting for the first numbers"
    assert "waiting" not in curves([], 5, ended=True)["empty"]


def test_the_numbers_say_which_images_they_are_of() -> None:
    cases = {
        ("validation", "validation images", False): "Intermediate result",
        ("validation", "validation images", True): "before its final test",
        ("test", "300 test images", True): "300 test images that the model never saw",
    }
    for arguments, words in cases.items():
        assert words in measured_on(*arguments)


def test_a_stopped_run_is_called_stopped(runs_folder: Path) -> None:
    make_run(runs_folder, "halted", state="cancelled")
    app = open_page(run="halted")
    assert "badge[stopped]" in shown(app)
    assert app.selectbox(key="train picker").options == ["halted · stopped"]


def test_more_epochs_than_the_presets_are_explained(runs_folder: Path) -> None:
    app = open_page()
    assert "about 1,000 gradient steps" in app.number_input(key="train epochs conv-16 digits").help


def test_the_explanation_speaks_of_this_run() -> None:
    text = explanation(pixels=3072, beta=4.0, numbers=" Now: 80.0 and 10.0 nats.")
    assert all(part in text for part in ("3,072 pixel values", r"\beta = 4", "80.0 and 10.0 nats"))


def test_the_axis_leaves_out_the_first_fall_and_nothing_later() -> None:
    rows = [{"epoch": e / 2, "loss": 500.0 if e == 1 else 100.0 - e} for e in range(1, 20)]
    low, high = nats_range(rows, "loss")
    assert low < 81.0
    assert 98.0 < high < 110.0
    assert nats_range([], "loss") == [0.0, 1.0]


def test_the_epoch_axis_doubles_up_to_all_epochs_and_ends_with_an_ended_run() -> None:
    at = [[{"epoch": epoch}] for epoch in (0.5, 5.0, 5.1, 19.0, 30.0)]
    assert [reach(rows, 30, ended=False) for rows in at] == [5, 5, 10, 20, 30]
    assert reach([], 30, ended=False) == 5
    assert reach([], 2, ended=True) == 2
    assert reach([{"epoch": 2.8}], 100, ended=True) == 2.8


def test_curves_hold_every_point_of_the_run(tiny_run: Run) -> None:
    rows, data = tiny_run.metrics(), curves(tiny_run.metrics(), epochs=3, ended=True)
    assert data["points"]["validation"]["epoch"] == [1.0, 2.0, 3.0]
    for term in ("loss", "reconstruction", "kl"):
        expected = [row[term] for row in rows if row["split"] == "train"]
        assert data["points"]["train"][term] == expected
    assert [chart["term"] for chart in data["charts"]] == ["loss", "reconstruction", "kl"]


def test_thin_keeps_the_last_point() -> None:
    assert thin([1, 2, 3], limit=3) == [1, 2, 3]
    assert thin([], limit=3) == []
    thinned = thin(list(range(1001)), limit=100)
    assert thinned[-1] == 1000
    assert 80 < len(thinned) <= 100
    assert len({b - a for a, b in pairwise(thinned)}) == 1


def test_pictures_reserve_their_place(tiny_run: Run) -> None:
    empty = picture_rows([("original", None), ("reconstruction", None)], (8, 8, 1))
    assert empty.count("<div style=") == 16
    bodies = [element.proto.body for element in open_page(run="tiny").get("html")]
    assert sum(body.count('src="data:image/png') for body in bodies) == 32
    assert sum(body.count('alt="original ') for body in bodies) == 8


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "a few seconds"), (41, "about 40 seconds"), (150, "about 2 minutes"), (9e3, "2.5 hours")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert words in in_words(seconds)
