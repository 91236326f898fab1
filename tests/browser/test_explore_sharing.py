"""Explore taken along: its link, the Python of its image, and the page on a phone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ROOT, Server, fresh_page
from tests.browser.exploring import open_explore, settled, wait_for_image

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def _copied(page: Page, name: str) -> str:
    page.get_by_role("button", name=name).click()
    expect(page.locator(".said")).to_contain_text("copied")
    return page.evaluate("navigator.clipboard.readText()")


def test_copied_python_makes_the_image_on_screen(page: Page, tmp_path: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_explore(page, "/?model=fashion-conv-16")
    page.get_by_role("button", name="Random").click()
    shown = settled(page)
    script = _copied(page, "Copy Python") + f"np.save({str(tmp_path / 'image.npy')!r}, image)\n"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)
    made = np.load(tmp_path / "image.npy").astype(int)
    # The server's decoder adds the same numbers in another order: a level of 255, here and there.
    assert np.abs(made - shown).max() <= 1
    assert (made == shown).mean() > 0.99


def test_a_copied_link_opens_the_same_code_at_once(
    page: Page, browser: Browser, server: Server
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_explore(page, "/?model=mnist-conv-16")
    page.locator("input[type=range]").nth(1).press("End")
    link = _copied(page, "Copy link")  # before Python is told of the move
    shown = settled(page)
    with fresh_page(browser, server.url) as other:
        open_explore(other, link)
        wait_for_image(other, shown)


def test_where_the_clipboard_is_closed_the_text_is_shown(page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    open_explore(page, "/?model=mnist-2d")
    page.get_by_role("button", name="Copy Python").click()
    box = page.get_by_role("dialog").locator("textarea")
    expect(box).to_be_visible()
    assert "vae.decode_pixels" in box.input_value()
    selected = box.evaluate("box => box.selectionEnd - box.selectionStart")
    assert selected == len(box.input_value())
    page.get_by_role("button", name="Close").click()
    expect(box).to_be_hidden()


@pytest.mark.parametrize("model", ["mnist-conv-16", "digits-2d"])
def test_a_phone_has_targets_for_fingers(browser: Browser, server: Server, model: str) -> None:
    with fresh_page(browser, server.url, **PHONE) as page:
        open_explore(page, f"/?model={model}")
        expect(page.locator(".tiles button").first).to_be_enabled()
        for hand in ("Sliders", "Pad"):
            page.get_by_role("button", name=hand, exact=True).tap()
            targets = page.locator(".vae :is(button, input, select, summary):visible")
            boxes = {
                target.evaluate("e => e.getAttribute('aria-label') || e.textContent"): box
                for target in targets.all()
                if (box := target.bounding_box())
            }
            assert len(boxes) > 10
            small = {
                name: box
                for name, box in boxes.items()
                if round(box["width"], 1) < 44 or round(box["height"], 1) < 44
            }
            assert small == {}
            wide = page.evaluate("() => document.documentElement.scrollWidth")
            assert wide <= 391
        stage = page.locator(".stage").bounding_box()
        assert stage is not None
        assert 150 <= stage["height"] <= 0.45 * 844


def test_a_finger_on_the_pad_does_not_scroll_the_page(browser: Browser, server: Server) -> None:
    with fresh_page(browser, server.url, **PHONE) as page:
        open_explore(page, "/?model=digits-2d")
        page.get_by_role("button", name="Pad", exact=True).tap()
        area = page.get_by_role("application")
        area.scroll_into_view_if_needed()
        box = area.bounding_box()
        assert box is not None
        before = page.locator(".pad-side output").all_inner_texts()
        touch = page.context.new_cdp_session(page)
        x, y = box["x"] + box["width"] / 2, box["y"] + 0.4 * box["height"]

        def finger(kind: str, *points: dict[str, float]) -> None:
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        finger("touchStart", {"x": x, "y": y})
        for step in range(12):
            finger("touchMove", {"x": x, "y": y - 5 * step})
            page.wait_for_timeout(20)
        finger("touchEnd")
        assert area.bounding_box() == box
        after = page.locator(".pad-side output").all_inner_texts()
        assert before[1] != after[1]
