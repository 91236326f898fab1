"""The Time machine page: the trainings it offers, what the browser is handed, opening."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages import time_machine
from tests.pages.opening import run_page, words
from tests.pages.training import make_run
from vae.runs import Run, find_run
from vae.status import acquire
from vae.timeline import moments

open_page = partial(run_page, "time_machine")


def _sent(app: AppTest) -> dict:
    assert not app.exception
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json)


def test_bundled_models_have_none_and_a_sentence_says_how_to_get_one(
    runs_folder: Path,
) -> None:
    app = open_page()
    assert not app.exception
    assert "Train a model on the Train page" in app.info[0].value


def test_the_browser_is_handed_the_run_and_its_classes(tiny_run: Run) -> None:
    data = _sent(open_page(run="tiny"))
    assert (data["model"], data["epochs"], data["title"]) == ("tiny", 3, "Codes")
    assert [entry["name"] for entry in data["classes"]] == [str(i) for i in range(10)]
    assert data["trained"] == tiny_run.status["started"]


def test_a_model_without_snapshots_is_named_where_another_is_shown(tiny_run: Run) -> None:
    app = open_page(run="digits-2d")
    assert _sent(app)["model"] == "tiny"
    assert "digits-2d has no snapshots" in app.caption[0].value.replace("\\", "")
    assert app.selectbox[0].options == ["tiny"]


def test_a_training_that_begins_is_waited_for(runs_folder: Path) -> None:
    make_run(runs_folder, "young", state="running")
    with acquire(runs_folder / "young"):
        app = open_page()
        assert "its first snapshot comes" in app.info[0].value


def test_the_aligned_map_of_an_autoencoder_is_explained(tiny_ae: Run) -> None:
    app = open_page(run="tiny-ae")
    data = _sent(app)
    assert (data["title"], data["samples"]) == ("Codes, on an aligned map", "Decoded draws")
    assert "orthogonal Procrustes" in words(app)


def test_only_moments_of_the_run_on_the_page_are_opened(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: dict = {}
    monkeypatch.setattr(time_machine.st, "session_state", session)
    images = moments(tiny_run)[3]
    for sent in ({"model": "other", "images": images}, {"model": "tiny", "images": images + 1}, {}):
        time_machine._asked(tiny_run, sent)
        assert session == {}
    time_machine._asked(tiny_run, {"model": "tiny", "images": images})
    assert session == {time_machine._OPENING: ("tiny", images)}


def test_copies_of_other_codes_have_no_timeline(tiny_run: Run, runs_folder: Path) -> None:
    shutil.copytree(tiny_run.path, runs_folder / "copy")
    shutil.rmtree(runs_folder / "copy" / "timeline")
    assert not time_machine._may_have(find_run("copy"))
    assert time_machine._may_have(tiny_run)
