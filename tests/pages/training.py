"""The Train page under test, and run folders in every state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from vae.config_json import config_to_json
from vae.files import write_json
from vae.presets import make_config
from vae.runs import Run, find_run

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


def make_run(folder: Path, name: str, chosen: dict[str, Any] | None = None, **status: Any) -> Run:
    """A run folder as a training process leaves it that ended early.

    Args:
        chosen: what differs from the preset ``mlp-2d`` with 4 epochs.
        status: of its ``status.json``.
    """
    config = make_config("mlp-2d", "digits", (8, 8, 1), **{"epochs": 4, **(chosen or {})})
    (folder / name).mkdir()
    write_json(folder / name / "config.json", config_to_json(config))
    write_json(folder / name / "status.json", status)
    return find_run(name)
