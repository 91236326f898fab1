"""The Models page: the list, the card, and what its buttons do."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages import models, train_controls
from pages.models_figures import curve, dimension_bars
from tests.conftest import train_tiny
from tests.pages.opening import run_page, script_of
from vae.archive import export_run
from vae.files import write_json
from vae.runs import Broken, Run, list_runs

open_page = partial(run_page, "models")


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [button for button in app.button if button.label == label]
    return button.click().run()


def test_the_card_tells_what_the_model_is(tiny_run: Run) -> None:
    app = open_page(model="tiny")
    assert not app.exception
    assert app.radio[0].value == "tiny"
    found = tiny_run.evaluation
    assert found is not None
    total = round(found["reconstruction"], 2) + round(found["kl"], 2)  # as a reader adds them
    figure = f"−ELBO {total:.2f} ± {found['standard_error']:.2f} nats per image"
    assert figure in words(app)
    assert app.code[0].value.startswith("python -m vae train tiny-again --dataset digits")
    assert len(app.get("plotly_chart")) == 4  # KL per dimension, and three curves


def assert_url_names_the_shown_one(app: AppTest) -> None:
    assert app.query_params.get("model") == (app.radio[0].value if app.radio else None)


def test_the_url_follows_the_list(tiny_run: Run) -> None:
    (tiny_run.path.parent / "broken").mkdir()
    (tiny_run.path.parent / "broken" / "config.json").write_text("{oops")
    app = open_page(model="tiny")
    assert_url_names_the_shown_one(app)
    for name in app.radio[0].options:
        app.radio[0].set_value(name).run()
        assert app.radio[0].value == name
        assert_url_names_the_shown_one(app)
        assert open_page(model=name).radio[0].value == name  # a reload


def test_a_stopped_run_is_called_as_its_button_says(tiny_run: Run) -> None:
    write_json(tiny_run.path / "status.json", {"state": "cancelled", "epoch": 1.5})
    assert models.describe(tiny_run).endswith("stopped")
    (tiny_run.path / "weights.safetensors").unlink()
    assert "**stopped**, after epoch 1.5 of 3" in words(open_page(model="tiny"))


def test_a_broken_folder_is_named_and_hides_nothing(tiny_run: Run) -> None:
    broken = tiny_run.path.parent / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{oops")
    app = open_page(model="tiny")
    assert {"tiny", "broken"} <= set(app.radio[0].options)
    app.radio[0].set_value("broken").run()
    assert not app.exception
    assert "is not valid JSON" in app.error[0].value
    app.radio[0].set_value("tiny").run()
    assert not app.error
    assert models.describe(Broken("broken", "why")) == "cannot be read"


def test_a_model_is_deleted_only_when_confirmed(tiny_run: Run) -> None:
    app = open_page(model="tiny")
    press(app, "Delete…")
    assert tiny_run.path.is_dir()
    press(app, "Keep it")
    assert tiny_run.path.is_dir()
    press(app, "Delete…")
    press(app, "Delete for good")
    assert not app.exception
    assert not tiny_run.path.exists()
    assert "tiny" not in [run.name for run in list_runs()[0]]
    assert_url_names_the_shown_one(app)
    assert not app.radio or "tiny" not in app.radio[0].options


def test_a_stopped_training_can_be_resumed(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed: list[str] = []
    monkeypatch.setattr(train_controls, "resume_training", lambda run: resumed.append(run.name))
    app = open_page(model="tiny")
    assert "Resume" not in [button.label for button in app.button]
    (tiny_run.path / "weights.safetensors").unlink()
    write_json(tiny_run.path / "status.json", {"state": "running", "epoch": 1.5})
    app = open_page(model="tiny")
    assert "**failed**, after epoch 1.5 of 3. Its process is gone" in words(app)
    press(app, "Resume")
    assert not app.exception
    assert resumed == ["tiny"]


def test_a_training_can_be_watched_and_stopped_but_not_deleted(tiny_run: Run) -> None:
    facts = {"stage": "starting", "updated": "2999-01-01T00:00:00+00:00"}
    write_json(tiny_run.path / "status.json", {"state": "running", **facts})
    labels = [button.label for button in open_page(model="tiny").button]
    assert {"Pause", "Stop", "Watch"} <= set(labels)
    assert "Delete…" not in labels
    write_json(tiny_run.path / "status.json", {"state": "queued", **facts})
    (tiny_run.path / "weights.safetensors").unlink()
    app = open_page(model="tiny")
    assert "**queued**, after epoch 0.0 of 3 (next in the queue)" in words(app)
    assert "Cancel" in [button.label for button in app.button]


def test_each_objective_has_its_own_curves_and_a_point_code_no_kl(runs_folder: Path) -> None:
    train_tiny("dots", epochs=1, preset="linear-ae")
    app = open_page(model="dots")
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["Reconstruction = loss", "Σ|z|"]
    assert "**Variance of each number of the code**: 10 of 10 active" in words(app)
    assert "**Principal angles to PCA**" in words(app)
    assert "KL" not in words(app)


def test_bundled_models_cannot_be_deleted(tiny_run: Run) -> None:
    for name in [run.name for run in list_runs()[0] if run.bundled]:
        app = open_page(model=name)
        assert not app.exception
        assert app.radio[0].value == name
        assert "Delete…" not in [button.label for button in app.button]


def test_an_import_is_chosen_at_once(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        session = with_upload(patch, export_run(tiny_run), " copy ")
        models._import(0)
    assert session[models.LIST] == session["model"] == "copy"
    assert session[models._UPLOADS] == 1
    assert "copy" in [run.name for run in list_runs()[0]]
    assert open_page(model="copy").radio[0].value == "copy"


def test_a_bad_import_says_why(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = (tiny_run.path / "weights.safetensors").read_bytes()
    session = with_upload(monkeypatch, weights, "copy")
    models._import(0)
    assert "config.json and weights.safetensors together" in session[models._IMPORT_PROBLEM]
    app = script_of("models")
    app.session_state[models._IMPORT_PROBLEM] = session[models._IMPORT_PROBLEM]
    app.run()
    (form,) = app.expander
    assert "config.json and weights.safetensors together" in form.error[0].value
    assert not app.run().error  # told once


def with_upload(monkeypatch: pytest.MonkeyPatch, data: bytes, name: str) -> dict:
    """A session in which a file was uploaded and a name typed."""
    session = {
        models._UPLOADS: 0,
        "models upload 0": SimpleNamespace(getvalue=lambda: data),
        "models name 0": name,
    }
    monkeypatch.setattr(st, "session_state", session)
    return session


def test_bars_stand_in_the_order_of_their_kl() -> None:
    figure = dimension_bars([0.5, 3.0, 0.0], [True, True, False], "nats")
    active, inactive = figure.data
    assert list(active.y) == [3.0, 0.5]
    assert list(inactive.y) == [0.0]
    assert list(active.x) + list(inactive.x) == [0, 1, 2]
    assert figure.layout.xaxis.ticktext == ("z<sub>2</sub>", "z<sub>1</sub>", "z<sub>3</sub>")


def test_a_variance_and_a_term_without_unit_are_called_so() -> None:
    figure = dimension_bars([0.5, 3.0], [True, True], "")
    assert figure.layout.yaxis.title.text == "variance"
    assert "nats" not in figure.data[0].hovertemplate
    rows = [{"split": s, "epoch": 1.0, "l1": 2.0} for s in ("train", "validation")]
    figure = curve(rows, "l1")
    assert "nats" not in figure.data[0].hovertemplate
    assert figure.layout.yaxis.title.text == ""
