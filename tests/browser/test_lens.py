"""The lens of the Latent map in a real browser: what is decoded, drawn and kept under the hand."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, FloatRect, Page, expect

from tests.browser.conftest import Server, chromium, fresh_page
from tests.conftest import needs_data
from vae import decode_pixels, find_run, load_model
from vae.originals import originals

READY = '.vae.scatter[data-busy="false"][data-state="live"]:not([data-decoded="0"])'
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
RECORD = """() => {
  window.places = new Set(); window.paints = [];
  const root = document.querySelector('[data-testid="stBidiComponentIsolated"]').shadowRoot;
  root.querySelector('.plane').addEventListener('pointermove',
    (event) => window.places.add(`${event.clientX} ${event.clientY}`), true);
  root.querySelector('.vae').addEventListener('vae-paint',
    (event) => window.paints.push(event.detail.value));
}"""
PIXELS = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
}"""
TILES = """(root, wanted) => {
  const sheet = root.lattice.sheets.at(-1);
  const [across, down] = [sheet.canvas.width / sheet.columns, sheet.canvas.height / sheet.rows];
  const context = sheet.canvas.getContext('2d');
  return { dx: sheet.dx, lift: root.lattice.lift, tiles: wanted.map((index) => {
    const [column, row] = [index % sheet.columns, Math.floor(index / sheet.columns)];
    const { data } = context.getImageData(column * across + 1, row * down + 1, 28, 28);
    return {
      x: sheet.x + column * sheet.dx, y: sheet.y - row * sheet.dy,
      pixels: Array.from({ length: 784 }, (_, i) => data[4 * i + 3]), // light: see sheet.js
    };
  }) };
}"""


def open_map(page: Page, model: str, kind: str | None = None, query: str = "") -> FloatRect:
    """Open a model's map and wait until it is drawn; the box of the plane."""
    page.goto(f"/latent_map?model={model}{query}")
    page.wait_for_selector(READY)
    if kind:
        page.get_by_role("radio", name=kind).click()
        page.wait_for_selector(f'{READY}[data-axes="{"false" if kind == "t-SNE" else "true"}"]')
    plane = page.locator(".vae .plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box is not None
    return box


def wait_for_lattice(page: Page, finest: int, within: float) -> None:
    """Wait until the view is whole at ``finest``, in tiles less wide than ``within``."""
    page.wait_for_function(
        """([finest, within]) => {
          const root = document.querySelector('[data-testid="stBidiComponentIsolated"]').shadowRoot
            .querySelector('.vae');
          return root.dataset.lattice === String(finest) && root.lattice.sheets.at(-1).dx < within;
        }""",
        arg=[finest, within],
    )


def in_url(z: Sequence[float]) -> re.Pattern[str]:
    return re.compile("z=" + re.escape("%2C".join(f"{value:.2f}" for value in z)))


def sweep(page: Page, box: FloatRect, places: int = 75) -> tuple[int, list[list[float]]]:
    """Move over the map for about 3 s: how many places there were, and the codes painted."""
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    page.evaluate(RECORD)
    for i in range(1, places + 1):
        x = 60 + (box["width"] - 200) * i / places
        y = box["height"] * (0.5 + 0.2 * math.sin(i / 9))
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.wait_for_timeout(30)
    page.wait_for_timeout(300)
    moved, paints = page.evaluate("() => [window.places.size, window.paints]")
    return moved, paints


@pytest.mark.parametrize(
    ("model", "kind"),
    [("mnist-2d", None), ("mnist-conv-16", "PCA"), ("mnist-conv-16", "Two dimensions")],
)
def test_every_place_under_the_pointer_is_decoded(page: Page, model: str, kind: str | None) -> None:
    box = open_map(page, model, kind)
    moved, paints = sweep(page, box)
    assert moved >= 70
    assert len({tuple(z) for z in paints}) >= 0.8 * moved
    shown = np.array(page.locator(".panel canvas").last.evaluate(PIXELS))
    run = find_run(model)
    expected = decode_pixels(load_model(run), np.array([paints[-1]], np.float32)).reshape(-1)
    assert np.abs(shown - expected).max() <= 1
    loupe = page.locator(".loupe .decoded canvas")
    np.testing.assert_array_equal(loupe.evaluate(PIXELS), shown)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 30)
    expect(page.locator(".loupe")).to_be_hidden()


def test_on_pca_the_lens_stays_on_the_plane_through_the_mean(page: Page) -> None:
    _, paints = sweep(page, open_map(page, "mnist-conv-16", "PCA"), 20)
    mu = find_run("mnist-conv-16").codes().mu.astype(np.float64)
    _, vectors = np.linalg.eigh(np.cov(mu.T))
    off = (np.array(paints) - mu.mean(axis=0)) @ vectors[:, :-2]
    assert np.abs(off).max() < 1e-3


def test_a_click_keeps_the_place_on_all_pages(page: Page) -> None:
    box = open_map(page, "mnist-conv-16", "PCA")
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    expect(page.get_by_text("Your own code")).to_be_visible()
    expect(page).to_have_url(re.compile("z="))
    assert "image=" not in page.url
    z = re.search(r"z=([^&]+)", page.url)
    assert z
    page.get_by_role("button", name="Open in Explore").click()
    page.wait_for_selector('.vae.explore[data-state="live"]')
    expect(page).to_have_url(re.compile(re.escape(z[0])))


@pytest.mark.parametrize(("model", "kind"), [("mnist-2d", None), ("mnist-conv-16", "PCA")])
def test_the_manifold_refines_and_its_tiles_are_decodes(
    page: Page, model: str, kind: str | None
) -> None:
    open_map(page, model, kind)
    root = page.locator('.vae.scatter[data-lattice="32"]')
    root.wait_for()
    found = root.evaluate(TILES, [0, 137, 400])
    origin, axes = np.array(found["lift"]["origin"]), np.array(found["lift"]["axes"])
    places = np.array([[tile["x"], tile["y"]] for tile in found["tiles"]])
    codes = (origin + places @ axes).astype(np.float32)
    expected = decode_pixels(load_model(find_run(model)), codes).reshape(len(codes), -1)
    shown = np.array([tile["pixels"] for tile in found["tiles"]])
    assert np.abs(shown - expected).max() <= 1
    page.get_by_role("button", name="Zoom in").click()
    wait_for_lattice(page, 32, 0.9 * found["dx"])
    assert root.evaluate(TILES, [0])["dx"] == pytest.approx(found["dx"] / 1.4, rel=1e-3)


def test_points_manifold_or_both(page: Page) -> None:
    open_map(page, "digits-2d")
    root, lattice = page.locator(".vae.scatter"), page.locator(".vae .lattice")
    expect(root).to_have_attribute("data-layers", "both")
    page.get_by_role("button", name="Points", exact=True).click()
    expect(lattice).to_be_hidden()
    page.get_by_role("link", name="Explore").first.click()
    page.wait_for_selector(".vae.explore")
    page.get_by_role("link", name="Latent map").first.click()
    page.wait_for_selector(READY)
    expect(root).to_have_attribute("data-layers", "points")
    page.get_by_role("button", name="Manifold", exact=True).click()
    expect(lattice).to_be_visible()
    expect(root).to_have_attribute("data-lattice", re.compile("16|32"))


@needs_data
def test_on_a_tsne_map_the_nearest_image_is_shown_and_the_page_says_why(page: Page) -> None:
    box = open_map(page, "mnist-conv-16")
    expect(page.get_by_text("t-SNE has no inverse")).to_be_visible()
    expect(page.locator(".vae .layers")).to_be_hidden()
    known = originals(find_run("mnist-conv-16")).reshape(10_000, -1)
    seen = set()
    for across, up in ((0.45, 0.3), (0.5, 0.6), (0.6, 0.7)):
        page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * up)
        expect(page.locator(".panel .head .quiet")).to_have_text("under the pointer")
        page.wait_for_timeout(400)
        title = page.locator(".panel .head b").inner_text()
        row = int(re.findall(r"\d+", title)[0])
        shown = page.locator(".panel canvas").first.evaluate(PIXELS)
        np.testing.assert_array_equal(shown, known[row])
        loupe = page.locator(".loupe .original canvas").evaluate(PIXELS)
        np.testing.assert_array_equal(loupe, known[row])
        seen.add(row)
    assert len(seen) == 3


def test_shift_and_an_arrow_move_a_free_code(page: Page) -> None:
    open_map(page, "mnist-2d", query="&z=0.50,-1.25")
    page.locator(".vae .plane").focus()
    page.evaluate(RECORD)
    for key in ("ArrowRight", "ArrowUp", "ArrowUp"):
        page.keyboard.press(f"Shift+{key}")
    page.wait_for_function("() => window.paints.length && window.paints.at(-1)[1] > -1.2")
    page.wait_for_timeout(500)
    last = page.evaluate("() => window.paints.at(-1)")
    moved = np.array(last) - [0.5, -1.25]
    assert moved[1] == pytest.approx(2 * moved[0], rel=1e-3)
    assert 0 < moved[0] < 0.5
    expect(page).to_have_url(in_url(last))


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Page]:
    with fresh_page(browser, server.url, **PHONE) as page:
        yield page


class Fingers:
    """Fingers on the map, at places that are fractions of it."""

    def __init__(self, page: Page, box: FloatRect) -> None:
        self._line: CDPSession = page.context.new_cdp_session(page)
        self._page, self._box = page, box

    def touch(self, kind: str, *places: tuple[float, float]) -> None:
        points = [
            {
                "x": self._box["x"] + across * self._box["width"],
                "y": self._box["y"] + down * self._box["height"],
                "id": number,
            }
            for number, (across, down) in enumerate(places)
        ]
        event = {"type": f"touch{kind}", "touchPoints": points}
        self._line.send("Input.dispatchTouchEvent", event)
        self._page.wait_for_timeout(30)


def test_a_finger_decodes_what_it_passes_and_keeps_it_when_it_lifts(phone: Page) -> None:
    fingers = Fingers(phone, open_map(phone, "mnist-2d", query="&z=0.00,0.00"))
    phone.evaluate(RECORD)
    ticks = phone.locator(".plane .xtick").all_inner_texts()
    fingers.touch("Start", (0.4, 0.3))
    for i in range(20):
        fingers.touch("Move", (0.4 + i / 60, 0.3 + i / 80))
    phone.wait_for_timeout(500)
    loupe = phone.locator(".vae .loupe").bounding_box()
    plane = phone.locator(".vae .plane").bounding_box()
    assert loupe is not None
    assert plane is not None
    assert loupe["y"] + loupe["height"] < plane["y"] + plane["height"] * (0.3 + 19 / 80) - 40
    paints = phone.evaluate("() => window.paints")
    assert len({tuple(z) for z in paints}) >= 15
    assert phone.locator(".plane .xtick").all_inner_texts() == ticks, "the map has not moved"
    fingers.touch("End")
    expect(phone).to_have_url(in_url(paints[-1]))
    expect(phone.locator(".vae .loupe")).to_be_hidden()


def test_two_fingers_zoom_and_choose_nothing(phone: Page) -> None:
    fingers = Fingers(phone, open_map(phone, "mnist-2d", query="&z=0.00,0.00"))
    phone.locator('.vae.scatter[data-lattice="16"]').wait_for()
    before = phone.locator(".vae.scatter").evaluate(TILES, [0])["dx"]
    fingers.touch("Start", (0.45, 0.5), (0.55, 0.5))
    for i in range(11):
        fingers.touch("Move", (0.45 - i / 100, 0.5), (0.55 + i / 100, 0.5))
    fingers.touch("End")
    wait_for_lattice(phone, 16, 0.36 * before)
    after = phone.locator(".vae.scatter").evaluate(TILES, [0])["dx"]
    assert after == pytest.approx(before / 3, rel=0.1)
    expect(phone).to_have_url(re.compile(r"z=0\.00(,|%2C)0\.00"))


@pytest.mark.parametrize(("model", "kind"), [("mnist-2d", None), ("fashion-conv-16", "t-SNE")])
def test_on_a_phone_whatever_is_touched_is_44_px_large(
    phone: Page, model: str, kind: str | None
) -> None:
    open_map(phone, model, kind)
    sizes = phone.locator(".vae.scatter button:visible").evaluate_all(
        "(all) => all.map((one) => [one.textContent, one.offsetWidth, one.offsetHeight])"
    )
    assert len(sizes) >= 16
    assert [size for size in sizes if min(size[1:]) < 44] == []


def test_without_webgl_the_map_is_drawn_and_decodes(browser: Browser, server: Server) -> None:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-software-rasterizer", "--disable-3d-apis"]
    blind = browser.browser_type.launch(executable_path=chromium(), args=flags)
    try:
        with fresh_page(blind, server.url, viewport={"width": 1440, "height": 900}) as page:
            box = open_map(page, "digits-2d")
            made = "() => document.createElement('canvas').getContext('webgl') === null"
            assert page.evaluate(made)
            drawn = page.locator(".plane .points:not(.faraway)").evaluate(PIXELS)
            assert sum(value > 0 for value in drawn) > 300 * 4  # red of 300 points
            moved, paints = sweep(page, box, 20)
            assert len({tuple(z) for z in paints}) >= 0.5 * moved
            page.locator('.vae.scatter[data-lattice="32"]').wait_for()
    finally:
        blind.close()
