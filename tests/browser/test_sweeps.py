"""The Sweeps page in a real browser: Optuna's plots, one after another in the same place."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.sweeps.sweeping import begin, finish, small

ROOT = ".vae.figure"


@pytest.fixture
def swept(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A sweep with two objectives among the runs of the server; gone when the page is closed."""
    monkeypatch.setenv("VAE_RUNS", str(server.runs))
    finish(begin(small("swept", trials=4, epochs=1, objectives="rate,distortion")))
    yield "swept"
    for folder in [*server.runs.glob("swept-*"), server.runs / ".sweeps"]:
        shutil.rmtree(folder, ignore_errors=True)


def test_each_plot_is_drawn_afresh_in_the_place_of_another(swept: str, page: Page) -> None:
    page.goto(f"/sweeps?sweep={swept}")
    points = page.locator(f"{ROOT} .scatterlayer path.point")
    expect(points).to_have_count(4)  # the front and the others: each trial once
    ticks = page.locator(f"{ROOT} .xaxislayer-above text, {ROOT} .yaxislayer-above text")
    before = ticks.all_text_contents()
    for kind in ("Importances", "Slices", "Parallel coordinates", "Pareto front"):
        page.get_by_text(kind, exact=True).click()
        expect(page.locator(f"{ROOT} .chart")).to_have_attribute("aria-label", re.compile(kind))
    expect(points).to_have_count(4)
    expect(ticks).to_have_text(before)
