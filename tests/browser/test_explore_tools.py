"""Explore's tools in a real browser: strips, pad, undo, play, wheel, changes, nearest images."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from benchmarks.drag import drag
from tests.browser.exploring import open_explore, settled, values, wait_for_image

ROW_PIXELS = "rows => rows.map(row => row.querySelector('.along canvas').toDataURL())"


def test_the_strips_of_all_rows_follow_a_drag(page: Page) -> None:
    open_explore(page, "/?model=mnist-conv-16")
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
    open_explore(page, "/?model=mnist-conv-16")
    along = page.locator(".along").nth(2)
    slider = page.locator("input[type=range]").nth(2)
    low, high = (float(slider.get_attribute(end) or 0) for end in ("min", "max"))
    box = along.bounding_box()
    assert box is not None
    along.click(position={"x": 0.75 * box["width"], "y": box["height"] / 2})
    assert float(slider.input_value()) == pytest.approx(low + 0.75 * (high - low), abs=0.06)


def test_the_pad_moves_two_dimensions(page: Page) -> None:
    open_explore(page, "/?model=mnist-conv-16")
    begun, first = values(page), settled(page)
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
    assert not np.array_equal(settled(page), first)
    dragged = page.locator(".pad-side output").all_inner_texts()
    area.press("Shift+ArrowUp")
    up = page.locator(".pad-side output").all_inner_texts()
    assert up[0] == dragged[0]
    assert up[1] != dragged[1]
    page.get_by_role("button", name="Sliders").click()
    moved = [a != b for a, b in zip(values(page), begun, strict=True)]
    assert moved == [True, True] + [False] * 14
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert values(page) == begun
    wait_for_image(page, first)


def test_undo_takes_back_a_whole_drag(page: Page) -> None:
    open_explore(page, "/?model=mnist-2d")
    begun = values(page)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    drag(page, seconds=0.5, places=10)
    dragged = values(page)
    page.get_by_role("button", name="Random").click()
    undo.click()
    assert values(page) == dragged
    undo.click()
    assert values(page) == begun
    expect(undo).to_be_disabled()
    page.get_by_role("button", name="Redo").click()
    assert values(page) == dragged
    expect(page).to_have_url(re.compile("z="))


def test_playing_goes_on_until_the_hand_touches_something(page: Page) -> None:
    open_explore(page, "/?model=mnist-2d")
    begun = values(page)
    view = page.locator(".vae")
    decoded = int(view.get_attribute("data-decoded") or 0)
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1000)
    pause = page.get_by_role("button", name="Pause")
    expect(pause).to_be_visible()
    assert int(view.get_attribute("data-decoded") or 0) >= decoded + 10
    pause.click()
    stopped = values(page)
    assert stopped[0] != begun[0]
    assert stopped[1] == begun[1]
    page.wait_for_timeout(300)
    assert values(page) == stopped
    page.locator("input[type=range]").nth(1).focus()
    page.keyboard.press("Space")
    expect(pause).to_be_visible()
    page.wait_for_timeout(500)
    page.locator(".stage").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert values(page)[1] != stopped[1]
    page.keyboard.press("Control+z")
    assert values(page) == stopped


def test_the_wheel_moves_the_marked_slider_and_is_one_step_of_undo(page: Page) -> None:
    open_explore(page, "/?model=mnist-2d")
    begun = values(page)
    page.locator(".stage").hover()
    for _ in range(5):
        page.mouse.wheel(0, -100)
        page.wait_for_timeout(20)
    page.wait_for_timeout(600)
    assert values(page)[0] > begun[0] + 0.2
    page.keyboard.press("Control+z")
    assert values(page) == begun
    page.locator("input[type=range]").nth(1).hover()
    page.mouse.wheel(0, -100)  # it has no focus: the page scrolls
    page.wait_for_timeout(300)
    assert values(page) == begun


def test_pointing_at_a_row_shows_what_it_changes_until_the_hand_moves_it(page: Page) -> None:
    open_explore(page, "/?model=mnist-conv-16")
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
    open_explore(page, "/?model=mnist-conv-16")
    word = page.locator(".nearness")
    expect(word).to_have_text("on the data")  # it begins at a real image's code
    for row in range(8):
        page.locator("input[type=range]").nth(row).press("End")
    expect(word).to_have_text("off the data")
    expect(word).to_have_attribute("title", re.compile(r"Distance to the nearest .*: \d+\.\d+"))
    expect(page.locator(".readouts")).to_contain_text("nats")


def test_a_nearest_image_can_be_gone_to(page: Page) -> None:
    open_explore(page, "/?model=mnist-conv-16")
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
