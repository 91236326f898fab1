"""The Train page as a cockpit: the warning of a collapse with its way out, and runs laid over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.train_alarm import next_name
from tests.pages.training import make_run, open_page, press
from vae.runs import Run, find_run

PIXELS = 64


def _collapsed(folder: Path, name: str, **chosen: Any) -> Run:
    """A run that ended with a code that says nothing."""
    run = make_run(folder, name, {"epochs": 60, **chosen}, state="done")
    numbers = {"loss": 27.0, "reconstruction": 27.0, "kl": 0.001}
    rows = [
        {"split": "validation", "epoch": float(i), "images": 1297 * i, **numbers}
        | {"kl_dims": [0.001, 0.0], "active_units": 0, "mutual_information": 0.0}
        for i in range(1, 41)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (run.path / "metrics.jsonl").write_text(lines)
    return run


def _warning(app: AppTest) -> str:
    return " ".join(m.value for m in app.markdown if "posterior has collapsed" in m.value)


def test_a_collapse_is_one_warning_with_cause_and_remedy(runs_folder: Path) -> None:
    _collapsed(runs_folder, "pressed", beta=float(PIXELS))
    words = _warning(open_page(run="pressed"))
    assert "0.00 nats per image" in words
    assert "none of 2 latent dimensions is active" in words
    assert "mean in the place of a sum" in words
    assert "β be near 1" in words


def test_its_button_trains_again_with_the_remedy(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _collapsed(runs_folder, "pressed", beta=6.0, seed=3)
    monkeypatch.setattr("vae.jobs.spawn", lambda arguments, log: None)
    app = open_page(run="pressed")
    assert app.button(key="train again").label == "Train again with β = 1"
    app = press(app, "train again")
    again = find_run("pressed-again-1")
    assert (again.config.objective.beta, again.config.training.seed) == (1.0, 3)
    assert app.query_params["run"] in ("pressed-again-1", ["pressed-again-1"])
    assert not _warning(app)
    assert next_name("pressed-again-1") == "pressed-again-2"
    assert len(next_name("x" * 64)) <= 64


def test_a_model_that_uses_its_code_has_no_warning(tiny_run: Run) -> None:
    app = open_page(run="tiny")
    assert not _warning(app)
    assert not any(button.key == "train again" for button in app.button)


def test_other_runs_are_laid_over_and_stay_so_with_the_next(
    tiny_run: Run, runs_folder: Path
) -> None:
    for name in ("one", "two"):
        make_run(runs_folder, name, state="cancelled")
    app = open_page(run="one")
    (choice,) = app.multiselect
    assert set(choice.options) >= {"two", "tiny", "digits-2d"}
    assert "one" not in choice.options
    app = choice.select("tiny").run()
    assert not app.exception
    app.session_state["train watched"] = "two"
    app.run()
    assert app.multiselect[0].value == ["tiny"]
