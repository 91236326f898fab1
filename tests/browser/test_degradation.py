"""Explore on bad networks: slow, cut, blocked, offline; and the pages on a phone and without WebGL.

A proxy stands between the browser and the server. Whatever it does, the picture ends as the decode
of where the slider ends, and the page says how it is connected.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from benchmarks.drag import drag
from tests.browser.conftest import Server, fresh_page
from tests.browser.proxy import Proxy, Rule
from vae import decode_pixels, find_run, load_model

START = "/?model=mnist-2d&z=0.50,-1.25"
LIVE, HTTP, RECONNECTING = "live", "http", "reconnecting"
SAID = {HTTP: "live, over plain HTTP (slower)", RECONNECTING: "reconnecting …"}
# What the browser itself, and Streamlit, say of a network that fails.
NETWORK = "WebSocket connection to|Failed to load resource|Cannot send rerun backMessage"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "has_touch": True,
    "is_mobile": True,
}
RECORD = """
  window.shown = [];
  addEventListener('vae-paint', (event) => shown.push([performance.now(), event.detail.value]));
"""


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    instance = Proxy(server.port)
    yield instance
    instance.stop()


@pytest.fixture
def far_page(browser: Browser, proxy: Proxy) -> Iterator[Page]:
    """A page that reaches the server through the proxy."""
    with fresh_page(browser, proxy.url, allowed=NETWORK, **DESKTOP) as page:
        page.add_init_script(RECORD)
        yield page


class Frames:
    """Counts what the page's live WebSockets carry: one channel each."""

    def __init__(self, page: Page) -> None:
        self.in_flight: dict[WebSocket, int] = {}
        self.most = self.sent = 0
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        if "/live/" in socket.url:
            self.in_flight[socket] = 0
            socket.on("framesent", lambda _: self._count(socket, 1))
            socket.on("framereceived", lambda _: self._count(socket, -1))

    def _count(self, socket: WebSocket, change: int) -> None:
        self.in_flight[socket] += change
        self.most = max(self.most, self.in_flight[socket])
        self.sent += change > 0


def _expect_line(page: Page, state: str) -> None:
    """The page becomes so connected, and says so where that is not as it should be."""
    view = page.locator(".vae.explore")
    expect(view).to_have_attribute("data-state", state, timeout=20_000)
    if state in SAID:
        expect(view.get_by_text(SAID[state]).first).to_be_visible()


def _open(page: Page, state: str = LIVE) -> None:
    page.goto(START)
    page.locator('.vae.explore:not([data-decoded="0"])').wait_for()
    _expect_line(page, state)


def _assert_the_last_value_won(page: Page) -> None:
    """The picture is, or becomes, the decode of where the slider is."""
    slider = page.locator(".vae.explore input[type=range]").first
    page.wait_for_function(
        "slider => shown.at(-1)[1].some((part) => Math.abs(part - slider.value) < 1e-6)",
        arg=slider.element_handle(),
    )
    z = np.array([page.evaluate("() => Array.from(shown.at(-1)[1])")], np.float32)
    expected = decode_pixels(load_model(find_run("mnist-2d")), z)[0, :, :, 0]
    shown = page.locator("canvas.image").evaluate("""(canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return Array.from(data.filter((_, i) => i % 4 === 0));
    }""")
    difference = np.abs(np.array(shown).reshape(expected.shape) - expected.astype(int))
    assert difference.max() <= 1  # the server's decoder adds up in another order


def test_a_slow_network_shows_fewer_images_and_the_last_one(far_page: Page, proxy: Proxy) -> None:
    frames = Frames(far_page)
    _open(far_page)
    proxy.delay = 0.15
    result = drag(far_page, seconds=2)
    assert 2 <= result["painted"] <= result["seconds"] / 0.3 + 1
    assert result["distinct"] >= 30
    _assert_the_last_value_won(far_page)
    assert frames.most == 1
    assert frames.sent >= 4
    _expect_line(far_page, LIVE)


def test_a_restarted_server_is_found_again(browser: Browser, tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        with fresh_page(browser, server.url, allowed=NETWORK, **DESKTOP) as page:
            page.add_init_script(RECORD)
            _open(page)
            drag(page, seconds=0.5, places=15)
            server.stop()
            _expect_line(page, RECONNECTING)
            values = _slider_values(page)
            server.start()
            _expect_line(page, LIVE)
            assert _slider_values(page) == values
            assert drag(page, seconds=1)["painted"] >= 10
            _assert_the_last_value_won(page)
            # Streamlit's own part comes back too, as a new session that knows only the URL.
            expect(page.get_by_role("combobox").first).to_be_enabled()
            before = page.url
            for _ in range(25):  # what is told during a session's very first run is not heard
                page.locator(".vae.explore input[type=range]").first.press("ArrowLeft")
                page.wait_for_timeout(1000)
                if page.url != before:
                    break
            expect(page).not_to_have_url(before)
            assert values[0] - 2 < _slider_values(page)[0] < values[0]
            assert _slider_values(page)[1:] == values[1:]
            _assert_the_last_value_won(page)
    finally:
        server.stop()
    assert "Traceback" not in server.log.read_text(), server.log.read_text()


def _slider_values(page: Page) -> list[float]:
    return [
        float(one.input_value()) for one in page.locator(".vae.explore input[type=range]").all()
    ]


@pytest.mark.parametrize("rule", ["refuse", "close", "swallow"])
def test_where_websockets_are_blocked_it_posts(far_page: Page, proxy: Proxy, rule: Rule) -> None:
    proxy.live = rule
    _open(far_page, HTTP)
    assert drag(far_page, seconds=1)["painted"] >= 5
    _assert_the_last_value_won(far_page)
    _expect_line(far_page, HTTP)
    proxy.live = "pass"
    _expect_line(far_page, LIVE)
    assert drag(far_page, seconds=1)["painted"] >= 10
    _assert_the_last_value_won(far_page)


def test_cut_connections_are_made_again(far_page: Page, proxy: Proxy) -> None:
    _open(far_page)
    for _ in range(3):
        proxy.cut()
        drag(far_page, seconds=0.5, places=10)
        _assert_the_last_value_won(far_page)
    _expect_line(far_page, LIVE)


def test_offline_and_back(far_page: Page) -> None:
    _open(far_page)
    far_page.context.set_offline(True)
    _expect_line(far_page, RECONNECTING)
    drag(far_page, seconds=0.5, places=10)
    far_page.context.set_offline(False)
    _expect_line(far_page, LIVE)
    _assert_the_last_value_won(far_page)


@pytest.mark.parametrize("name", ["explore", "interpolate"])
def test_a_phone_has_one_column(browser: Browser, server: Server, name: str) -> None:
    with fresh_page(browser, server.url, **PHONE) as page:
        page.goto(f"/{name}?model=mnist-conv-16")
        view = page.locator(f'.vae.{name}[data-state="live"]:not([data-decoded="0"])')
        view.wait_for()
        wide, window = page.evaluate("""() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          return [scrollWidth, clientWidth];
        }""")
        assert wide <= window == 390
        slider = view.locator("input[type=range]").first.bounding_box()
        assert slider is not None
        images = [one.bounding_box() for one in view.locator("canvas[role=img]").all()]
        first = min((one for one in images if one), key=lambda one: one["y"])
        assert first["width"] >= 200
        assert first["y"] + first["height"] <= slider["y"], "the image stands above the slider"
        assert slider["x"] >= 0
        assert slider["x"] + slider["width"] <= 390
        decoded = view.get_attribute("data-decoded")
        page.touchscreen.tap(
            slider["x"] + slider["width"] * 0.8, slider["y"] + slider["height"] / 2
        )
        expect(view).not_to_have_attribute("data-decoded", decoded or "")


def test_interpolate_fits_a_finger(browser: Browser, server: Server) -> None:
    with fresh_page(browser, server.url, **PHONE) as page:
        page.goto("/interpolate?model=mnist-conv-16")
        page.wait_for_selector('.vae.interpolate[data-state="live"]')
        targets = page.locator(".vae.interpolate :is(button, input)")
        heights = targets.evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect().height)"
        )
        assert len(heights) >= 10
        assert min(heights) >= 44


@pytest.mark.parametrize("name", ["explore", "interpolate"])
def test_no_webgl_is_needed(page: Page, name: str) -> None:
    page.add_init_script("""
      const original = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return kind.startsWith('webgl') ? null : original.call(this, kind, ...more);
      };
    """)
    page.goto(f"/{name}?model=mnist-2d")
    page.wait_for_selector(f'.vae.{name}[data-state="live"]:not([data-decoded="0"])')
