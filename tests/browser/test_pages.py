"""Every page of every bundled model: no exception, no console error, nothing wider than a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from pages import PAGES
from vae.runs import pretrained_dir

MODELS = sorted(path.name for path in pretrained_dir().iterdir() if path.is_dir())
TITLES = [page.title for page in PAGES]


def _settle(page: Page) -> None:
    page.wait_for_selector("[data-testid=stMain]")
    page.wait_for_timeout(300)
    expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0, timeout=30_000)
    # a component of the page before may still stand there for a moment
    names = ("explore", "draw", "interpolate", "scatter", "samples")
    waiting = ", ".join(f'.vae.{name}:not([data-state="live"])' for name in names)
    expect(page.locator(waiting)).to_have_count(0, timeout=30_000)


def _assert_whole(page: Page) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.get_by_text("could not be loaded").count() == 0
    wide, view = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= view + 1, f"{page.url} is {wide} px wide in a window of {view} px"


def test_the_bundled_models_are_here() -> None:
    assert MODELS == ["digits-2d", "fashion-conv-16", "mnist-2d", "mnist-conv-16"]


@pytest.mark.parametrize("model", MODELS)
def test_every_page_opens(page: Page, model: str) -> None:
    page.goto(f"/?model={model}")
    for title in TITLES:
        page.get_by_role("link", name=title).first.click()
        expect(page).to_have_title("VAE Latent Explorer")
        _settle(page)
        _assert_whole(page)


@pytest.mark.parametrize("address", [f"/{page.module}" for page in PAGES])
def test_every_address_opens_on_a_phone(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    _settle(page)
    _assert_whole(page)


def test_an_unknown_model_in_the_url_is_told(page: Page) -> None:
    page.goto("/?model=nobody")
    expect(page.get_by_text("no model 'nobody'")).to_be_visible()
    _settle(page)
