"""Explore in a real browser: the picture follows the hand, the keys, the URL."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from benchmarks.drag import drag

LIVE = '.vae.explore[data-state="live"]:not([data-decoded="0"])'


def _open(page: Page, address: str = "/") -> None:
    page.goto(address)
    page.wait_for_selector(LIVE)
    page.wait_for_selector('.vae.explore:not([data-strips="0"])')  # the page has come to rest


def _pixels(page: Page) -> str:
    return page.locator("canvas.image").evaluate("canvas => canvas.toDataURL()")


def _wait_for_another(page: Page, image: str) -> None:
    """Until the picture is not ``image`` any more; a busy machine may take its time."""
    deadline = time.monotonic() + 10
    while _pixels(page) == image:
        assert time.monotonic() < deadline, "the picture did not change"
        page.wait_for_timeout(50)


@pytest.mark.parametrize("model", ["mnist-conv-16", "digits-2d"])
def test_a_drag_paints_its_values_while_it_lasts(page: Page, model: str) -> None:
    _open(page, f"/?model={model}")
    before = _pixels(page)
    for _ in range(4):  # another process may take the machine for a while
        result = drag(page)
        assert result["distinct"] >= 50
        if result["painted"] >= 0.95 * result["distinct"]:
            break
    else:
        pytest.fail(f"{result['painted']} of {result['distinct']} values were painted")
    assert _pixels(page) != before


def test_the_url_keeps_what_was_dragged(page: Page) -> None:
    _open(page, "/?model=mnist-2d&z=0.50,-1.25")
    sliders = page.locator(".vae input[type=range]")
    values = sorted(float(slider.input_value()) for slider in sliders.all())
    assert values == pytest.approx([-1.25, 0.5], abs=0.02)
    drag(page, seconds=0.5, places=10)
    expect(page).not_to_have_url(re.compile(r"z=0\.50(,|%2C)-1\.25"))
    expect(page).to_have_url(re.compile(r"model=mnist-2d.*z="))
    dragged = [float(slider.input_value()) for slider in sliders.all()]
    page.wait_for_timeout(300)
    _open(page, page.url)  # a new session, as for somebody who was sent the link
    kept = [float(slider.input_value()) for slider in sliders.all()]
    assert kept == pytest.approx(dragged, abs=0.02)


def test_keys_move_a_slider_and_the_image(page: Page) -> None:
    _open(page, "/?model=mnist-2d")
    slider = page.locator(".vae input[type=range]").first
    slider.focus()
    before, image = float(slider.input_value()), _pixels(page)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert float(slider.input_value()) > before
    page.keyboard.press("Home")
    low = float(slider.input_value())
    page.keyboard.press("End")
    assert float(slider.input_value()) > low
    _wait_for_another(page, image)


def test_buttons(page: Page) -> None:
    _open(page, "/?model=mnist-2d")
    start = _pixels(page)
    page.get_by_role("button", name="Mean").click()
    _wait_for_another(page, start)
    values = [
        float(slider.input_value()) for slider in page.locator(".vae input[type=range]").all()
    ]
    assert values == [0.0, 0.0]
    mean = _pixels(page)
    for name in ("Random", "Real image"):
        page.get_by_role("button", name=name).click()
        _wait_for_another(page, mean)
    expect(page).to_have_url(re.compile("image="))
