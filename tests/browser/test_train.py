"""The Train page in a real browser: choose, train, watch, pause, resume, stop."""

from __future__ import annotations

import re
import time
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Server, fresh_page

NAME = "paused-in-browser"


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option).click()


def fill(page: Page, role: Any, label: str, value: str) -> None:
    # By role: Streamlit keeps the fields of the last run for a while, hidden.
    field = page.get_by_role(role, name=label, exact=True)
    field.fill(value)
    field.press("Enter")
    page.wait_for_timeout(300)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def points(page: Page) -> int:
    return int(page.locator(".vae.curves").get_attribute("data-points") or 0)


def test_a_training_is_chosen_watched_paused_resumed_and_stopped(
    browser: Browser, server: Server, page: Page
) -> None:
    page.goto("/train")
    choose(page, "Preset", "mlp-2d")
    expect(page.get_by_text("Two latent dimensions, so")).to_be_visible()
    page.wait_for_timeout(500)
    choose(page, "Objective", "β-TCVAE")
    expect(page.get_by_text("Only the total correlation")).to_be_visible()
    fill(page, "spinbutton", "β", "3")
    fill(page, "spinbutton", "Epochs", "4000")
    fill(page, "textbox", "Name", NAME)
    button(page, "Train").click()
    expect(page).to_have_url(re.compile(f"run={NAME}"), timeout=15_000)
    # its own terms, each a chart; and points come
    expect(page.locator(".vae.curves .chart .main-svg").first).to_be_visible()
    expect(page.locator(".vae.curves .terms .chart")).to_have_count(6)
    expect(page.locator(".vae.curves .chart").nth(4)).to_have_attribute(
        "aria-label",
        re.compile(r"^Total correlation of validation images: [-\d.]+ nats"),
        timeout=60_000,
    )
    expect(page.get_by_text("β-TCVAE, β = 3")).to_be_visible()
    button(page, "Pause").click()
    expect(button(page, "Resume")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    before = points(page)
    # another person sees the same, on a phone
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    with fresh_page(browser, server.url, **phone) as other:
        other.goto(f"/train?run={NAME}")
        expect(button(other, "Resume")).to_be_visible()
        box = button(other, "Resume").bounding_box()
        assert box
        assert box["height"] >= 44
        assert other.evaluate("document.documentElement.scrollWidth") <= 390
    button(page, "Resume").click()
    expect(page.get_by_text("running", exact=True)).to_be_visible(timeout=60_000)
    deadline = time.monotonic() + 60
    while points(page) <= before and time.monotonic() < deadline:
        page.wait_for_timeout(250)
    assert points(page) > before
    button(page, "Stop").click()
    expect(button(page, "Open in Explore")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    expect(page.get_by_text("Final result")).to_be_visible()
