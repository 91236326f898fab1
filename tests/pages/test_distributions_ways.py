"""Four ways on the page of q(z) and p(z): what is shown is what the library measures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages import background, distributions_ways, state
from pages.background import forget
from pages.distributions_holes import find_holes
from pages.distributions_sheets import SHOWN, Sheet
from pages.distributions_ways import assumption, explanation, measures
from pages.distributions_words import percent
from tests.conftest import train_tiny
from tests.pages.opening import run_page, settled, words
from vae.inference import decode_pixels
from vae.latent.fidelity import compare, compare_mixture, left_out, off_data
from vae.latent.holes import coverage
from vae.latent.sampling import WAYS, cube_mass
from vae.runs import Run, load_model

open_page = partial(run_page, "distributions")
Shown = list[tuple[list[Sheet], str]]

SECTION = """
from pages import state
from pages.distributions_holes import find_holes
from pages.distributions_ways import show_ways
run = state.current_run()
show_ways(run, find_holes(run))
"""


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """What a test began and did not wait for would keep the next one waiting."""
    yield
    for key in list(background._jobs):
        forget(key)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What the page has given to the browser, newest last."""
    seen: Shown = []

    def sheets(run: Run, key: str, given: list[Sheet], stamp: str) -> None:
        seen.append((given, stamp))

    monkeypatch.setattr(distributions_ways, "show_sheets", sheets)
    return seen


def section(model: str) -> AppTest:
    """The section alone."""
    app = AppTest.from_string(SECTION, default_timeout=60)
    app.query_params["model"] = model
    return app.run()


def until_known(app: AppTest, shown: Shown) -> list[Sheet]:
    for _ in range(600):
        time.sleep(0.05)
        if shown and all(sheet.images is not None for sheet in shown[-1][0]):
            return shown[-1][0]
        app.run()
    raise AssertionError("the four ways did not become known")


def test_all_four_stand_side_by_side_and_are_measured(tiny_run: Run, shown: Shown) -> None:
    app = section("tiny")
    assert [sheet.images for sheet in shown[0][0]] == [None] * 4  # their place, before
    assert not app.exception
    sheets = until_known(app, shown)
    assert measures(0.01) in words(app)
    codes = tiny_run.codes()
    covered = coverage(codes.mu, codes.logvar)
    assert covered is not None
    found = compare(codes.mu, codes.logvar, covered)
    assert found is not None
    fitted = compare_mixture(codes.mu, codes.logvar, found, 10)
    assert fitted is not None
    drawn = [found.prior, found.uniform, found.aggregate, fitted[1]]
    model = load_model(tiny_run)
    for sheet, of in zip(sheets, drawn, strict=True):
        assert sheet.images is not None
        expected = decode_pixels(model, of.z[:SHOWN])
        assert np.abs(sheet.images.astype(int) - expected).max() <= 1
        off, left = off_data(found, of), left_out(found, of)
        values = dict(sheet.facts)
        assert values["off the data"] == f"{percent(off.share, 1)} ± {percent(off.error, 1)}"
        assert values["left out"] == f"{percent(left.share, 1)} ± {percent(left.error, 1)}"
    assert float(dict(sheets[1].facts)["mean length of z"]) < 1.42  # within the cube's corners
    # what is drawn next is drawn anew, and measured the same
    next(button for button in app.button if button.label == "Draw others").click().run()
    others = shown[-1][0]
    for sheet, old, of in zip(others, sheets, drawn, strict=True):
        assert sheet.images is not None
        expected = decode_pixels(model, of.z[SHOWN : 2 * SHOWN])
        assert np.abs(sheet.images.astype(int) - expected).max() <= 1
        assert sheet.facts == old.facts
    assert len({stamp for _, stamp in shown}) >= 3


def test_another_number_of_gaussians_leaves_the_other_ways(tiny_run: Run, shown: Shown) -> None:
    app = section("tiny")
    before = until_known(app, shown)
    next(one for one in app.slider if "mixture" in one.label).set_value(1).run()
    assert all(sheet.images is not None for sheet in shown[-1][0][:3])
    after = until_known(app, shown)
    assert after[3].title == "Mixture: one Gaussian"
    assert after[3].facts != before[3].facts
    assert [sheet.facts for sheet in after[:3]] == [sheet.facts for sheet in before[:3]]


def test_a_click_opens_the_code_of_that_image(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    until_known(section("tiny"), shown)
    went: list[str] = []
    monkeypatch.setattr(st, "session_state", {"pages": {"explore": "explore"}})
    monkeypatch.setattr(st, "switch_page", went.append)
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    stamps = iter(["of another set", None])

    def sheets(run: Run, key: str, given: list[Sheet], stamp: str) -> dict[str, Any]:
        return {"stamp": next(stamps) or stamp, "sheet": 1, "place": 5}

    monkeypatch.setattr(distributions_ways, "show_sheets", sheets)
    found = find_holes(tiny_run)
    distributions_ways.show_ways(tiny_run, found)
    assert went == []
    distributions_ways.show_ways(tiny_run, found)
    assert went == ["explore"]
    codes = tiny_run.codes()
    covered = coverage(codes.mu, codes.logvar)
    assert covered is not None
    compared = compare(codes.mu, codes.logvar, covered)
    assert compared is not None
    np.testing.assert_array_equal(state.get_z(tiny_run), compared.uniform.z[5])


def test_too_few_codes_leave_it_out(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    codes = tiny_run.codes()
    few = type(codes)(codes.mu[:9], codes.logvar[:9], codes.labels[:9], codes.indices[:9])
    monkeypatch.setattr(Run, "codes", lambda run: few)
    app = settled(open_page(model="tiny"))
    app.run()
    assert not app.exception
    assert "#### Four ways" not in words(app)


def test_codes_of_a_plain_autoencoder_are_drawn_as_they_are(runs_folder, shown: Shown) -> None:
    run = train_tiny("plain", epochs=1, preset="ae")
    sheets = until_known(section("plain"), shown)
    titles = [sheet.title for sheet in sheets]
    assert titles[2] == "The codes themselves"
    assert "nothing made" in sheets[0].words
    assert "nothing made" in sheets[1].words
    assert "noise" not in sheets[2].words
    assert "q(z∣x)" not in sheets[3].words
    known = decode_pixels(load_model(run), run.codes().mu)
    assert sheets[2].images is not None
    for image in sheets[2].images:
        assert (np.abs(known.astype(int) - image).max(axis=(1, 2, 3)) <= 1).any()


def test_each_way_says_what_it_assumes() -> None:
    for noise in (True, False):
        said = [assumption(way, 16, 10, noise, "held-out images") for way in WAYS]
        assert len(set(said)) == 4
        assert percent(cube_mass(16), 1) in said[1]
        assert "2.31" in said[1]  # √(16/3), against √16
        assert "4.00" in said[1]
    assert "2·10⁻¹¹ of N(0, I)" in assumption("uniform", 64, 10, True, "")
    assert "no noise" in explanation(False)
    assert "posterior" in explanation(True)
