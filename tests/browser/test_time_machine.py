"""The Time machine in a real browser: scrubbed, played, followed live, a moment opened."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Server, fresh_page
from vae.files import read_json, remove_file, write_json
from vae.runs import Run, find_run
from vae.status import acquire
from vae.timeline import moment_path, moments

ROOT = ".vae.timemachine"
# Paints, and the browser's frames, from a press of Play until so many frames were painted.
PLAY = """(root, frames) => new Promise((resolve) => {
  const begun = Number(root.dataset.decoded);
  let counted = 0;
  const count = () => {
    counted += 1;
    if (counted < frames) requestAnimationFrame(count);
    else resolve([counted, Number(root.dataset.decoded) - begun]);
  };
  root.querySelector(".play").click();
  requestAnimationFrame(count);
})"""
# Every value that the scrubber takes, one in each frame, and what was painted.
SCRUB = """async (root, values) => {
  const range = root.querySelector("input[type=range]");
  const painted = [];
  root.addEventListener("vae-paint", ({ detail }) => painted.push(detail.value));
  for (const value of values) {
    range.value = value;
    range.dispatchEvent(new Event("input"));
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
  }
  await new Promise((next) => setTimeout(next, 100));
  return painted;
}"""


@pytest.fixture
def replayed(server: Server, _tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A trained run with snapshots among those of the server; gone when the page is closed."""
    shutil.copytree(_tiny_folder, server.runs / "replayed")
    monkeypatch.setenv("VAE_RUNS", str(server.runs))
    yield find_run("replayed")
    for folder in server.runs.glob("replayed*"):
        shutil.rmtree(folder, ignore_errors=True)


def opened(page: Page, run: str) -> Locator:
    page.goto(f"/time_machine?run={run}")
    root = page.locator(ROOT)
    expect(root).to_have_attribute("data-state", "drawn")
    return root


def test_every_scrubbed_value_is_painted_and_playing_paints_every_frame(
    replayed: Run, page: Page
) -> None:
    root = opened(page, replayed.name)
    last = len(moments(replayed)) - 1
    expect(root).to_have_attribute("data-snapshot", str(last))
    values = [0, 0.5, 1.26, last - 1, 3, 2.5]
    assert root.evaluate(SCRUB, values) == pytest.approx(values)
    expect(root).to_have_attribute("data-snapshot", re.compile("^[23]$"))
    scrubber = root.get_by_label("Moment of the training")
    scrubber.press("Home")
    expect(root).to_have_attribute("data-snapshot", "0")
    expect(root.locator(".when")).to_have_text("epoch 0 of 3 · 0 images seen")
    scrubber.press("ArrowRight")
    expect(root).to_have_attribute("data-snapshot", "1")
    root.get_by_label("Speed").select_option("0.25")
    frames, paints = root.evaluate(PLAY, 30)
    assert frames == 30
    assert abs(paints - frames) <= 1
    scrubber.press(" ")
    still = root.get_attribute("data-decoded")
    page.wait_for_timeout(300)
    assert root.get_attribute("data-decoded") == still


def test_new_snapshots_appear_while_it_trains(replayed: Run, page: Page) -> None:
    times = moments(replayed)
    late = {moment_path(replayed, images): b"" for images in times[-4:]}
    for path in late:
        late[path] = path.read_bytes()
        remove_file(path)
    status = read_json(replayed.path / "status.json")
    with acquire(replayed.path):
        write_json(replayed.path / "status.json", status | {"state": "running"})
        root = opened(page, replayed.name)
        expect(root).to_have_attribute("data-count", str(len(times) - 4))
        for path, data in late.items():
            path.write_bytes(data)
        write_json(replayed.path / "status.json", status)
    expect(root).to_have_attribute("data-count", str(len(times)), timeout=15_000)
    # Who is at the end follows, and is told by the button that it has come to rest.
    expect(root).to_have_attribute("data-snapshot", str(len(times) - 1), timeout=15_000)
    expect(root.locator(".play")).to_have_text("▶", timeout=15_000)


def test_a_moment_opens_in_explore(replayed: Run, browser: Browser, server: Server) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    with fresh_page(browser, server.url, **phone) as page:
        root = opened(page, replayed.name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for part in ("button.play", "button.open", "select", ".scrub"):
            box = root.locator(part).bounding_box()
            assert box
            assert box["height"] >= 44
        root.get_by_label("Moment of the training").press("Home")
        root.get_by_role("button", name="Open epoch 0 in Explore").click()
        expect(page).to_have_url(re.compile("model=replayed-at-0"), timeout=30_000)
        expect(page.locator(".vae.explore")).to_be_visible()
