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
# value and image are the newest; of all, in order, values: [slider's value, time of the pointer's
# event], images: [time of the frame, grey pixels].
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
  const state = { value: null, image: [], values: [], images: [], released: 0 };
  window.watched = state;
  let pointer = 0;
  addEventListener('pointermove', (event) => (pointer = event.timeStamp), { capture: true });
  addEventListener('pointerdown', (event) => (pointer = event.timeStamp), { capture: true });
  addEventListener('pointerup', (event) => (state.released = event.timeStamp), { capture: true });
  const step = () => {
    const slider = find('input[type=range]');
    if (slider && Number(slider.value) !== state.value) {
      state.value = Number(slider.value);
      state.values.push([state.value, pointer]);
    }
    const shown = find(picture);
    if (shown && shown.complete !== false) {
      context.drawImage(shown, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      const grey = Array.from({ length: width * height }, (_, i) => data[4 * i]);
      if (grey.some((pixel, i) => pixel !== state.image[i])) {
        state.image = grey;
        state.images.push([performance.now(), grey]);
      }
    }
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}"""


class Recorder:
    """What a page sends: the frames of each WebSocket, and Gradio's questions."""

    def __init__(self) -> None:
        self._sockets: list[Line] = []
        self._posts: dict[str, Line] = {}
        self._start = 0.0

    def watch(self, socket: WebSocket) -> None:
        line = Line(socket.url)
        self._sockets.append(line)
        socket.on("framesent", lambda frame: self._sent(line, frame))

    def posted(self, request: Request) -> None:
        if "/queue/join" in request.url:
            line = self._posts.setdefault(request.url, Line(request.url))
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
        return [line for line in (*self._sockets, *self._posts.values()) if line.questions]


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
            if it did not come within half a minute.
    """

    distinct: int
    ms: list[float]
    end_ms: float | None


def watched_page(browser: Browser, url: str, app: App, decoder: Decoder) -> Page:
    """The app's page, its slider and its picture watched from now on."""
    page = _open(browser, url, app)
    height, width, _ = decoder.model.config.image_shape
    page.evaluate(WATCH, [app.picture, [height, width]])
    return page


def watched_drag(page: Page, app: App, decoder: Decoder) -> Drag:
    """Drag in a watched page, once the image of the slider's left end is there."""
    page.locator("input[type=range]").first.press("Home")
    _settle(page, decoder)
    page.evaluate("() => Object.assign(watched, { values: [], images: [] })")
    drag(page, app.thumb)
    _settle(page, decoder)
    seen = page.evaluate("() => watched")
    at = dict(reversed(seen["values"]))  # value -> when it was first set
    painted = first_frames(seen["images"], list(at), decoder.images(list(at)))
    ms = [painted[v] - at[v] for v in painted if painted[v] <= seen["released"]]
    last = painted.get(seen["value"])
    return Drag(len(at), ms, None if last is None else max(0.0, last - seen["released"]))


def _settle(page: Page, decoder: Decoder) -> None:
    """Wait until the image of the slider's value is there, or half a minute has passed."""
    deadline = time.monotonic() + 30
    found = False
    while not found and time.monotonic() < deadline:
        page.wait_for_timeout(500)
        value, image = page.evaluate("() => [watched.value, watched.image]")
        found = bool(first_frames([(0.0, image)], [value], decoder.images([value])))


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
    recorder = Recorder()
    page = _open(browser, url, app, recorder)
    recorder.start()
    begun = time.monotonic()
    drag(page, app.thumb)
    page.wait_for_timeout(200)
    seconds = time.monotonic() - begun
    lines = recorder.lines()
    page.close()
    return lines, seconds


def _open(browser: Browser, url: str, app: App, recorder: Recorder | None = None) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    if recorder:
        page.on("websocket", recorder.watch)
        page.on("request", recorder.posted)
    page.goto(url + app.address)
    page.locator(app.picture).first.wait_for(timeout=60_000)
    page.wait_for_timeout(2000)  # what else the page loads at first
    return page
