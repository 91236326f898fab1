"""The map beside a moving code, in a real browser: it follows the hand and ends at the truth."""

from __future__ import annotations

import json
import re
import time

import numpy as np
import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from benchmarks.drag import drag
from tests.browser.exploring import open_explore
from vae.maps import exact_placement, load_map
from vae.runs import find_run

MODEL = "mnist-conv-16"
FITTED = "placed by t-SNE itself"
WATCH = """() => {
  const root = document.querySelector('[data-testid="stBidiComponentIsolated"]').shadowRoot;
  const figure = root.querySelector('.livemap');
  window.places = []; window.exact = []; window.code = null;
  new MutationObserver(() => {
    window.places.push(figure.querySelector('.mark').style.transform);
    window.exact.push(figure.dataset.exact);
  }).observe(figure.querySelector('.mark'), {attributeFilter: ['style']});
  root.addEventListener('vae-paint', (event) => (window.code = event.detail.value));
}"""
CENTRE = """mark => {
  const box = mark.getBoundingClientRect();
  const map = mark.closest('.ground').querySelector('canvas').getBoundingClientRect();
  return [box.x + box.width / 2 - map.x, box.y + box.height / 2 - map.y, map.width, map.height];
}"""


def wait_for_mark(page: Page, left: float, top: float) -> None:
    """Until the mark has come to these pixels; a busy machine may take its time."""
    deadline = time.monotonic() + 15
    while True:
        at = page.locator(".livemap .mark").evaluate(CENTRE)[:2]
        if np.abs(np.subtract(at, [left, top])).max() <= 2:
            return
        assert time.monotonic() < deadline, f"the mark is at {at}, not at {[left, top]}"
        page.wait_for_timeout(50)


def seen_at(coords: np.ndarray, place: np.ndarray, width: float, height: float) -> np.ndarray:
    """Where the map shows a place, and how many pixels its span has: left, top, span."""
    low, high = coords.min(axis=0), coords.max(axis=0)
    span = (high - low).max()
    sides = high - low + 2 * 0.04 * span
    scale = min(width / sides[0], height / sides[1])
    x, y = (place[:2] - (low + high) / 2) * scale
    return np.array([width / 2 + x, height / 2 - y, span * scale])


def test_the_mark_follows_a_drag_and_ends_at_the_exact_place(page: Page) -> None:
    open_explore(page, f"/?model={MODEL}")
    figure = page.locator('.livemap[data-exact="true"]')
    expect(figure).to_contain_text("its own point")  # it begins at an image of the map
    page.get_by_role("button", name="Random").click()
    # the server prepares a map when it is first asked for places on it
    expect(figure.locator(".how")).to_have_text(FITTED, timeout=60_000)
    page.evaluate(WATCH)
    for _ in range(4):  # another process may take the machine for a while
        page.evaluate("() => { window.places.length = window.exact.length = 0 }")
        drag(page, seconds=2)
        places, exact = page.evaluate("() => [window.places, window.exact]")
        rough = {place for place, sure in zip(places, exact, strict=True) if sure == "false"}
        if len(rough) >= 20:
            break
    else:
        pytest.fail(f"the mark stood at {len(rough)} places in two seconds")
    expect(figure.locator(".how")).to_have_text(FITTED, timeout=30_000)
    z = np.array([page.evaluate("() => Array.from(window.code)")], np.float32)
    run = find_run(MODEL)
    place = exact_placement(run, "tsne")(z)[0]
    width, height = figure.locator(".mark").evaluate(CENTRE)[2:]
    left, top, span = seen_at(load_map(run, "tsne").coords, place, width, height)
    wait_for_mark(page, left, top)
    radius = figure.locator(".doubt").evaluate("one => one.getBoundingClientRect().width") / 2
    assert radius == pytest.approx(place[2] * span, abs=1)
    percent = f"{100 * place[2]:.0f} %" if place[2] >= 0.005 else "under 1 %"
    expect(figure).to_contain_text(f"its neighbours spread over {percent} of the map")
    drag(page, seconds=0.5, places=10)  # ends where it began: the hand has let go nevertheless
    expect(figure.locator(".how")).to_have_text(FITTED, timeout=30_000)
    wait_for_mark(page, left, top)


def test_where_exact_places_are_refused_the_rough_one_stays_and_is_called_so(page: Page) -> None:
    page.route_web_socket(
        re.compile("place.*exact=1"),
        lambda socket: socket.on_message(lambda _: socket.send(json.dumps({"error": "Not here."}))),
    )
    open_explore(page, f"/?model={MODEL}")
    figure = page.locator(".livemap")
    expect(figure).to_have_attribute("data-exact", "true")
    page.get_by_role("button", name="Random").click()
    expect(figure.locator(".how")).to_have_text("≈ about here", timeout=30_000)
    expect(figure).to_have_attribute("data-exact", "false")
    expect(figure).to_have_attribute("title", "Not here.")
    expect(figure.locator(".mark")).to_be_visible()


def test_where_no_place_comes_none_is_shown_or_promised(page: Page) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        socket.on_message(lambda _: socket.send(json.dumps({"error": "Not here."})))

    page.route_web_socket(re.compile("/place"), refuse)
    open_explore(page, f"/?model={MODEL}")
    figure = page.locator(".livemap")
    page.get_by_role("button", name="Random").click()
    expect(figure.locator(".how")).to_have_text("could not be placed", timeout=30_000)
    expect(figure.locator(".mark")).to_be_hidden()
    expect(figure).to_have_attribute("title", "Not here.")


def test_on_a_plane_of_the_codes_the_place_is_exact_all_along(page: Page) -> None:
    asked: list[str] = []
    page.on("websocket", lambda socket: asked.append(socket.url))
    open_explore(page, "/?model=digits-2d")
    figure = page.locator('.livemap[data-exact="true"]')
    expect(figure.locator(".how")).to_have_text("exact")
    page.evaluate(WATCH)
    drag(page, seconds=1)
    page.get_by_role("button", name="Mean").click()
    width, height = figure.locator(".mark").evaluate(CENTRE)[2:]
    coords = load_map(find_run("digits-2d"), "raw").coords
    wait_for_mark(page, *seen_at(coords, np.zeros(2), width, height)[:2])
    assert len(window := page.evaluate("() => window.exact")) > 10
    assert set(window) == {"true"}
    assert not [url for url in asked if "/place" in url]


def test_a_press_opens_the_latent_map_with_this_code(page: Page) -> None:
    open_explore(page, f"/?model={MODEL}")
    page.locator('.livemap[data-exact="true"]').wait_for()
    page.get_by_role("button", name="Random").click()
    code = page.locator(".dimension output.value").all_inner_texts()
    page.locator(".livemap .ground").press("Enter")
    page.wait_for_selector('.vae.scatter[data-busy="false"]')
    (z,) = re.findall(r"z=([^&]+)", page.url)
    sent = sorted(float(value) for value in re.split(r",|%2C", z))
    assert sent == pytest.approx(sorted(float(v.replace("−", "-")) for v in code), abs=0.011)


def test_the_path_of_an_interpolation_is_drawn_and_its_ends_open_on_the_map(page: Page) -> None:
    page.goto(f"/interpolate?model={MODEL}")
    page.wait_for_selector('.vae.interpolate[data-state="live"]')
    figure = page.locator(".livemap")
    expect(figure.locator(".letter")).to_have_text(["A", "B"])
    expect(figure.locator(".letter").last).to_be_visible()
    line = figure.locator("polyline.over")
    before = line.get_attribute("points") or ""
    assert len(before.split()) == 129
    page.get_by_role("radio", name="Straight line").click()
    expect(line).not_to_have_attribute("points", before)
    expect(page.locator(".bend")).to_have_text("Straight in z; t-SNE bends it.")
    slider = page.locator(".vae input[type=range]")
    for key, end in (("Home", 0), ("End", -1)):  # the mark stands where the line begins, and ends
        slider.press(key)
        left, top = (line.get_attribute("points") or "").split()[end].split(",")
        wait_for_mark(page, float(left), float(top))
    page.get_by_role("button", name="On the map").last.click()
    page.wait_for_selector(".vae.scatter")
    expect(page).to_have_url(re.compile("image=1"))
