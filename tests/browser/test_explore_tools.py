"""Explore's tools in a real browser: strips, pad, sensitivity, nearest images, undo, copies."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.drag import drag
from tests.browser.conftest import ROOT, Server, fresh_page

LIVE = '.vae.explore[data-state="live"]:not([data-decoded="0"])'
WHOLE = '.vae.explore:not([data-strips="0"])'
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
ROW_PIXELS = "rows => rows.map(row => row.querySelector('.along canvas').toDataURL())"


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(LIVE)
    page.wait_for_selector(WHOLE)


def _values(page: Page) -> list[float]:
    return [float(slider.input_value()) for slider in page.locator("input[type=range]").all()]


def _pixels(page: Page) -> np.ndarray:
    """The large image as it is painted, (H, W) or (H, W, 3) uint8."""
    width, height, data = page.locator("canvas.image").evaluate(
        "c => [c.width, c.height,"
        " [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]"
    )
    return np.array(data, np.uint8).reshape(height, width, 4)[..., :3]


def _settled(page: Page) -> np.ndarray:
    """The large image when it stands still."""
    before = _pixels(page)
    while True:
        page.wait_for_timeout(500)
        after = _pixels(page)
        if np.array_equal(before, after):
            return after
        before = after


def _wait_for_image(page: Page, image: np.ndarray) -> None:
    deadline = time.monotonic() + 15
    while not np.array_equal(_pixels(page), image):
        assert time.monotonic() < deadline, "the image did not come back"
        page.wait_for_timeout(50)


def test_the_strips_of_all_rows_follow_a_drag(page: Page) -> None:
    _open(page, "/?model=mnist-conv-16")
    rows = page.locator(".dimension")
    before = rows.evaluate_all(ROW_PIXELS)
    updates = [drag(page)["strips"]]
    while max(updates) < 20:  # another process may take the machine for a while
        assert len(updates) < 4, updates
        updates.append(drag(page)["strips"])
    page.wait_for_timeout(1000)
    after = rows.evaluate_all(ROW_PIXELS)
    assert before[0] == after[0]  # the strip along z_j is the same wherever z_j is
    assert sum(a != b for a, b in zip(before[1:], after[1:], strict=True)) >= 13


def test_a_click_on_a_strip_goes_there(page: Page) -> None:
    _open(page, "/?model=mnist-conv-16")
    along = page.locator(".along").nth(2)
    slider = page.locator("input[type=range]").nth(2)
    low, high = (float(slider.get_attribute(end) or 0) for end in ("min", "max"))
    box = along.bounding_box()
    assert box is not None
    along.click(position={"x": 0.75 * box["width"], "y": box["height"] / 2})
    assert float(slider.input_value()) == pytest.approx(low + 0.75 * (high - low), abs=0.06)


def test_the_pad_moves_two_dimensions(page: Page) -> None:
    _open(page, "/?model=mnist-conv-16")
    begun, first = _values(page), _settled(page)
    page.get_by_role("button", name="Pad", exact=True).click()
    area = page.get_by_role("application")
    box = area.bounding_box()
    assert box is not None
    view = page.locator(".vae")
    decoded = int(view.get_attribute("data-decoded") or 0)
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    for step in range(30):
        page.mouse.move(box["x"] + (0.2 + 0.02 * step) * box["width"], box["y"] + 200)
        page.wait_for_timeout(20)
    page.mouse.up()
    assert int(view.get_attribute("data-decoded") or 0) >= decoded + 15
    assert not np.array_equal(_settled(page), first)
    dragged = page.locator(".pad-side output").all_inner_texts()
    area.press("Shift+ArrowUp")
    up = page.locator(".pad-side output").all_inner_texts()
    assert up[0] == dragged[0]
    assert up[1] != dragged[1]
    page.get_by_role("button", name="Sliders").click()
    moved = [a != b for a, b in zip(_values(page), begun, strict=True)]
    assert moved == [True, True] + [False] * 14
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert _values(page) == begun
    _wait_for_image(page, first)


def test_undo_takes_back_a_whole_drag(page: Page) -> None:
    _open(page, "/?model=mnist-2d")
    begun = _values(page)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    drag(page, seconds=0.5, places=10)
    dragged = _values(page)
    page.get_by_role("button", name="Random").click()
    undo.click()
    assert _values(page) == dragged
    undo.click()
    assert _values(page) == begun
    expect(undo).to_be_disabled()
    page.get_by_role("button", name="Redo").click()
    assert _values(page) == dragged
    expect(page).to_have_url(re.compile("z="))


def test_playing_goes_on_until_the_hand_touches_something(page: Page) -> None:
    _open(page, "/?model=mnist-2d")
    begun = _values(page)
    view = page.locator(".vae")
    decoded = int(view.get_attribute("data-decoded") or 0)
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1000)
    pause = page.get_by_role("button", name="Pause")
    expect(pause).to_be_visible()
    assert int(view.get_attribute("data-decoded") or 0) >= decoded + 10
    pause.click()
    stopped = _values(page)
    assert stopped[0] != begun[0]
    assert stopped[1] == begun[1]
    page.wait_for_timeout(300)
    assert _values(page) == stopped
    page.locator("input[type=range]").nth(1).focus()
    page.keyboard.press("Space")
    expect(pause).to_be_visible()
    page.wait_for_timeout(500)
    page.locator(".stage").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert _values(page)[1] != stopped[1]
    page.keyboard.press("Control+z")
    assert _values(page) == stopped


def test_the_wheel_moves_the_marked_slider_and_is_one_step_of_undo(page: Page) -> None:
    _open(page, "/?model=mnist-2d")
    begun = _values(page)
    page.locator(".stage").hover()
    for _ in range(5):
        page.mouse.wheel(0, -100)
        page.wait_for_timeout(20)
    page.wait_for_timeout(600)
    assert _values(page)[0] > begun[0] + 0.2
    page.keyboard.press("Control+z")
    assert _values(page) == begun
    page.locator("input[type=range]").nth(1).hover()
    page.mouse.wheel(0, -100)  # it has no focus: the page scrolls
    page.wait_for_timeout(300)
    assert _values(page) == begun


def test_pointing_at_a_row_shows_what_it_changes_until_the_hand_moves_it(page: Page) -> None:
    _open(page, "/?model=mnist-conv-16")
    changes = page.locator("canvas.changes")
    expect(changes).to_be_hidden()
    name = page.locator(".dimension .name").nth(3)
    name.hover()
    expect(changes).to_be_visible()
    legend = page.locator(".legend")
    expect(legend).to_contain_text("brighter")
    expect(legend).to_contain_text("h = 0.25")
    seen = changes.evaluate(
        "c => c.getContext('2d').getImageData(0, 0, 28, 28).data.filter((v, i) => i % 4 === 3 && v)"
        ".length"
    )
    assert seen > 20
    page.mouse.move(5, 5)
    expect(changes).to_be_hidden()
    name.hover()
    expect(changes).to_be_visible()
    page.locator("input[type=range]").nth(3).hover()
    page.mouse.down()
    expect(changes).to_be_hidden()
    page.mouse.up()
    toggle = page.get_by_role("button", name="What changes")
    toggle.click()
    page.mouse.move(5, 5)
    expect(changes).to_be_visible()


def test_far_out_the_word_is_off_the_data(page: Page) -> None:
    _open(page, "/?model=mnist-conv-16")
    word = page.locator(".nearness")
    expect(word).to_have_text("on the data")  # it begins at a real image's code
    for row in range(8):
        page.locator("input[type=range]").nth(row).press("End")
    expect(word).to_have_text("off the data")
    expect(word).to_have_attribute("title", re.compile(r"Distance to the nearest .*: \d+\.\d+"))
    expect(page.locator(".readouts")).to_contain_text("nats")


def test_a_nearest_image_can_be_gone_to(page: Page) -> None:
    _open(page, "/?model=mnist-conv-16")
    tile = page.locator(".tiles button").nth(2)
    expect(tile).to_be_enabled()
    row = re.search(r"Image (\d+)", tile.get_attribute("aria-label") or "")
    assert row
    expect(page.locator(".neighbours")).to_contain_text("nearest real images")
    tile.click()
    expect(page.locator(".readouts")).to_contain_text(f"image {row[1]}")
    expect(page).to_have_url(re.compile(f"image={row[1]}"))
    expect(page.locator(".tiles button").first).to_have_attribute(
        "aria-label", re.compile(rf"Image {row[1]}, at a distance of 0\.00")
    )


def _copied(page: Page, name: str) -> str:
    page.get_by_role("button", name=name).click()
    expect(page.locator(".said")).to_contain_text("copied")
    return page.evaluate("navigator.clipboard.readText()")


def test_copied_python_makes_the_image_on_screen(page: Page, tmp_path: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _open(page, "/?model=fashion-conv-16")
    page.get_by_role("button", name="Random").click()
    shown = _settled(page)
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
    _open(page, "/?model=mnist-conv-16")
    page.locator("input[type=range]").nth(1).press("End")
    link = _copied(page, "Copy link")  # before Python is told of the move
    shown = _settled(page)
    with fresh_page(browser, server.url) as other:
        _open(other, link)
        _wait_for_image(other, shown)


def test_where_the_clipboard_is_closed_the_text_is_shown(page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    _open(page, "/?model=mnist-2d")
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
        _open(page, f"/?model={model}")
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
        _open(page, "/?model=digits-2d")
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
