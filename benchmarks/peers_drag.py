"""One drag in a page, whichever, watched frame by frame; and what the page sends meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from peers_apps import App
from peers_crowd import Line
from playwright.sync_api import Browser, Page, Request, WebSocket

from vae import VAE, decode_pixels

SECONDS, PLACES = 3.0, 75
EXACT = 2  # of 255: the pages decode by other kernels than this script
# values: [slider's value, time of the pointer's event]; images: [time of the frame, grey pixels]
WATCH = """([picture, side]) => {
  const find = (selector, root = document) => {
    const found = root.querySelector(selector);
    if (found) return found;
    for (const host of root.querySelectorAll('[data-testid="stBidiComponentIsolated"]')) {
      const inner = host.shadowRoot && find(selector, host.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const [height, width] = side;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const state = (window.watched = { values: [], images: [], released: 0 });
  let pointer = 0, value = null, image = '';
  addEventListener('pointermove', (event) => (pointer = event.timeStamp), { capture: true });
  addEventListener('pointerdown', (event) => (pointer = event.timeStamp), { capture: true });
  addEventListener('pointerup', (event) => (state.released = event.timeStamp), { capture: true });
  const step = () => {
    const slider = find('input[type=range]');
    if (slider && Number(slider.value) !== value) {
      value = Number(slider.value);
      state.values.push([value, pointer]);
    }
    const shown = find(picture);
    if (shown && shown.complete !== false) {
      context.drawImage(shown, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      const grey = Array.from({ length: width * height }, (_, i) => data[4 * i]);
      if (String(grey) !== image) {
        image = String(grey);
        state.images.push([performance.now(), grey]);
      }
    }
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}"""


class Recorder:
    """What a page sends: its WebSockets' frames, and Gradio's questions."""

    def __init__(self, page: Page) -> None:
        self._lines: dict[str, Line] = {}
        self._start = 0.0
        page.on("websocket", self._watch)
        page.on("request", self._posted)

    def _watch(self, socket: WebSocket) -> None:
        line = self._lines[socket.url] = Line(socket.url)
        socket.on("framesent", lambda frame: self._sent(line, frame))

    def _posted(self, request: Request) -> None:
        if "/queue/join" in request.url:
            line = self._lines.setdefault(request.url, Line(request.url))
            self._sent(line, request.post_data_buffer or b"")

    def _sent(self, line: Line, payload: bytes | str) -> None:
        raw = payload.encode() if isinstance(payload, str) else payload
        if self._start:
            line.questions.append((time.monotonic() - self._start, raw))
        else:
            line.opening.append(raw)

    def start(self) -> None:
        """What is sent from now on is a question of the drag."""
        self._start = time.monotonic()

    def lines(self) -> list[Line]:
        """Those that the drag used."""
        return [line for line in self._lines.values() if line.questions]


def drag(page: Page, thumb: str) -> None:
    """Drag the first slider from its left end to its right."""
    if thumb:  # a handle on a rail, which is its parent's parent
        handle = page.locator(thumb).first.locator("..")
        rail = handle.locator("..").bounding_box()
        box = handle.bounding_box()
    else:
        rail = box = page.locator("input[type=range]").first.bounding_box()
    assert rail is not None
    assert box is not None
    height = box["y"] + box["height"] / 2
    left = box["x"] + box["width"] / 2 if thumb else rail["x"] + 12
    right = rail["x"] + rail["width"] - 12
    page.mouse.move(left, height)
    page.mouse.down()
    begun = time.monotonic()
    for place in range(1, PLACES + 1):
        page.mouse.move(left + (right - left) * place / PLACES, height)
        page.wait_for_timeout(max(0.0, 1e3 * (begun + SECONDS * place / PLACES - time.monotonic())))
    page.mouse.up()


@dataclass(frozen=True)
class Decoder:
    """Which image belongs to which value of the slider that is dragged."""

    model: VAE
    dimension: int

    def images(self, values: list[float]) -> np.ndarray:
        """Grey pixels (n, H · W) of z = 0 but for the dragged dimension."""
        z = np.zeros((len(values), self.model.config.latent_dim), np.float32)
        z[:, self.dimension] = values
        return decode_pixels(self.model, z)[..., 0].reshape(len(values), -1).astype(int)


@dataclass(frozen=True)
class Drag:
    """What was on the screen during one drag.

    Attributes:
        distinct: values that the slider took.
        ms: for each of them whose image was painted before the hand let go, the time from the
            pointer's event to the first frame with the image.
        end_ms: from letting go to the frame with the last value's image; 0 if it was there, None
            if it did not come within a minute.
    """

    distinct: int
    ms: list[float]
    end_ms: float | None


def watched_drag(browser: Browser, url: str, app: App, decoder: Decoder) -> Drag:
    """Open the app's page, drag, and wait until the last value's image is there."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    _open(page, url, app)
    height, width, _ = decoder.model.config.image_shape
    page.evaluate(WATCH, [app.picture, [height, width]])
    page.wait_for_timeout(500)
    before = page.evaluate("() => watched.values.length")
    drag(page, app.thumb)
    deadline = time.monotonic() + 60
    last, painted = None, {}
    while last not in painted and time.monotonic() < deadline:
        page.wait_for_timeout(300)
        seen = page.evaluate("() => watched")
        at = dict(reversed(seen["values"][before:]))  # value -> when it was first set
        last = seen["values"][-1][0]
        painted = first_frames(seen["images"], list(at), decoder.images(list(at)))
    page.close()
    released = seen["released"]
    ms = [painted[v] - at[v] for v in painted if at[v] <= painted[v] <= released]
    end = max(0.0, painted[last] - released) if last in painted else None
    return Drag(len(at), ms, end)


def first_frames(
    images: list[tuple[float, list[int]]], values: list[float], decodes: np.ndarray
) -> dict[float, float]:
    """When the image of each value was first on the screen, for those that were.

    Args:
        images: time and grey pixels (H · W) of each image that the screen has shown.
        decodes: the decoder's pixels for each of ``values``, (n, H · W).
    """
    found: dict[float, float] = {}
    for when, grey in images:
        differences = np.abs(decodes - np.array(grey)).max(axis=1)
        nearest = int(differences.argmin())
        if differences[nearest] <= EXACT:
            found.setdefault(values[nearest], when)
    return found


def recorded_drag(browser: Browser, url: str, app: App) -> tuple[list[Line], float]:
    """What one page sends during a drag, and how many seconds that takes."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    recorder = Recorder(page)
    _open(page, url, app)
    recorder.start()
    begun = time.monotonic()
    drag(page, app.thumb)
    page.wait_for_timeout(200)
    seconds = time.monotonic() - begun
    lines = recorder.lines()
    page.close()
    return lines, seconds


def _open(page: Page, url: str, app: App) -> None:
    page.goto(url + app.address, timeout=120_000)
    page.locator(app.picture).first.wait_for(timeout=120_000)
    page.wait_for_timeout(2000)  # what else the page loads at first
