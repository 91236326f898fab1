"""The Models page: the list, the card, and what its buttons do."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages import models
from pages.models_figures import kl_bars
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
    figure = f"−ELBO {-found['elbo']:.2f} ± {found['standard_error']:.2f} nats per image"
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
    monkeypatch.setattr(models, "resume_training", lambda run: resumed.append(run.name))
    app = open_page(model="tiny")
    assert "Resume training" not in [button.label for button in app.button]
    (tiny_run.path / "weights.safetensors").unlink()
    write_json(tiny_run.path / "status.json", {"state": "running", "epoch": 1.5})
    app = open_page(model="tiny")
    assert "**failed**, after epoch 1.5 of 3. Its process is gone" in words(app)
    press(app, "Resume training")
    assert not app.exception
    assert resumed == ["tiny"]


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
    figure = kl_bars([0.5, 3.0, 0.0], [True, True, False])
    active, inactive = figure.data
    assert list(active.y) == [3.0, 0.5]
    assert list(inactive.y) == [0.0]
    assert list(active.x) + list(inactive.x) == [0, 1, 2]
    assert figure.layout.xaxis.ticktext == ("z<sub>2</sub>", "z<sub>1</sub>", "z<sub>3</sub>")
