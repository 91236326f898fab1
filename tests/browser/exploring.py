"""What the browser tests of Explore share: opening the page, reading its sliders and its image."""

from __future__ import annotations

import time

import numpy as np
from playwright.sync_api import Page

LIVE = '.vae.explore[data-state="live"]:not([data-decoded="0"])'
WHOLE = '.vae.explore:not([data-strips="0"])'


def open_explore(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(LIVE)
    page.wait_for_selector(WHOLE)


def values(page: Page) -> list[float]:
    return [float(slider.input_value()) for slider in page.locator("input[type=range]").all()]


def pixels(page: Page) -> np.ndarray:
    """The large image as it is painted, (H, W) or (H, W, 3) uint8."""
    width, height, data = page.locator("canvas.image").evaluate(
        "c => [c.width, c.height,"
        " [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]"
    )
    return np.array(data, np.uint8).reshape(height, width, 4)[..., :3]


def settled(page: Page) -> np.ndarray:
    """The large image when it stands still."""
    before = pixels(page)
    while True:
        page.wait_for_timeout(500)
        after = pixels(page)
        if np.array_equal(before, after):
            return after
        before = after


def wait_for_image(page: Page, image: np.ndarray) -> None:
    deadline = time.monotonic() + 15
    while not np.array_equal(pixels(page), image):
        assert time.monotonic() < deadline, "the image did not come back"
        page.wait_for_timeout(50)
