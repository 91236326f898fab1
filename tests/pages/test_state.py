"""What follows a person from page to page, and what a link may say."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.state import parse_z
from tests.pages.opening import run_with
from vae.runs import Run

SCRIPT = """
import streamlit as st
from pages import state
run = state.current_run()
z = state.get_z(run)
st.text(f"{run.name} {None if z is None else z.tolist()} {state.get_picked(run)}")
"""


def _open(**query: str) -> AppTest:
    return run_with(AppTest.from_string(SCRIPT, default_timeout=60), **query)


def test_a_link_brings_model_z_and_image(tiny_run: Run) -> None:
    app = _open(model="tiny", z="0.50,-1.25", image="7")
    assert app.text[0].value == "tiny [0.5, -1.25] 7"
    assert not app.toast
    assert app.query_params["z"] == "0.50,-1.25"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"z": "1,2,3"}, "not 2 numbers"),
        ({"z": "nan,1"}, "not 2 numbers"),
        ({"z": "<b>,1"}, "not 2 numbers"),
        ({"image": "300"}, "0 to 299"),
        ({"image": "-1"}, "0 to 299"),
        ({"image": "²"}, "0 to 299"),
        ({"model": "nobody"}, "no model 'nobody' to open; this is 'mnist-conv-16'"),
        ({"model": "../x"}, "no model '../x'"),
    ],
)
def test_a_wrong_link_is_told_and_the_page_opens(tiny_run: Run, query, words) -> None:
    app = _open(**{"model": "tiny", **query})
    assert not app.exception
    assert words in app.toast[0].value
    assert app.text[0].value.endswith("None None")


def test_another_model_is_picked_and_stands_in_the_url(tiny_run: Run) -> None:
    app = _open(model="mnist-2d", z="0.10,0.20")
    app.selectbox[0].set_value("tiny").run()
    assert app.text[0].value == "tiny None None"
    assert app.query_params["model"] == "tiny"
    assert "z" not in app.query_params
    app.selectbox[0].set_value("mnist-2d").run()
    z = app.text[0].value
    assert z.startswith("mnist-2d [0.1")


def test_damaged_codes_are_a_sentence_and_the_picker_stays(tiny_run: Run) -> None:
    (tiny_run.path / "codes.npz").write_bytes(b"no codes")
    app = _open(model="tiny")
    assert app.exception
    assert "tiny" in app.selectbox[0].options


def test_parse_z_clips_what_no_decoder_was_made_for() -> None:
    z = parse_z("1e30,-1e30", 2)
    assert z is not None
    np.testing.assert_array_equal(z, [1e3, -1e3])
