"""The same model behind three pages: `st.slider`, `gr.Slider`, and Explore of this project."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
OURS = "this project"
LOW, HIGH = -3.0, 3.0  # of the sliders of the peers; the one that is dragged starts at LOW

# PNG in both, so that what is on the screen can be compared with the decoder's own pixels.
ST_SLIDER = """
import numpy as np
import streamlit as st
from vae import decode_pixels, find_run, load_model

st.set_page_config(layout="wide")
model = st.cache_resource(lambda name: load_model(find_run(name)))({model!r})
left, right = st.columns(2)
z = np.zeros((1, {dimensions}), np.float32)
for i in {order}:
    z[0, i] = left.slider(f"z {{i + 1}}", {low}, {high}, {low} if i == {dragged} else 0.0, 0.01)
right.image(decode_pixels(model, z)[0], width=448, output_format="PNG")
"""
# Gradio's quickest setting: while an event is pending the newest value waits, as many events at a
# time as come, no progress bar over the image.
GRADIO = """
import sys
import gradio as gr
import numpy as np
from vae import decode_pixels, find_run, load_model

model = load_model(find_run({model!r}))

def decode(*values):
    z = np.zeros((1, {dimensions}), np.float32)
    z[0, {order}] = values
    return np.squeeze(decode_pixels(model, z)[0])

with gr.Blocks() as app, gr.Row():
    with gr.Column():
        at = {{i: {low} if i == {dragged} else 0 for i in {order}}}
        sliders = [gr.Slider({low}, {high}, at[i], step=0.01, label=f"z {{i + 1}}") for i in at]
    image = gr.Image(format="png", height=448, width=448)
    quick = dict(show_progress="hidden", trigger_mode="always_last", concurrency_limit=None)
    gr.on([slider.input for slider in sliders], decode, sliders, image, **quick)
    app.load(decode, sliders, image)
app.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True)
"""


@dataclass(frozen=True)
class App:
    """A page with a slider to drag and a picture.

    Attributes:
        package: that must be installed.
        command: that serves it, but for the port.
        address: of the page, after ``http://127.0.0.1:port``.
        picture: CSS selector of what shows the decoded image.
        thumb: CSS selector of the thumb of the slider whose first ``input[type=range]`` holds the
            value, where that input is not itself what is dragged.
    """

    name: str
    package: str
    command: tuple[str, ...]
    address: str
    picture: str
    thumb: str = ""

    @property
    def version(self) -> str | None:
        """Of its package, or None where that is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


def make_apps(folder: Path, model: str, order: list[int]) -> list[App]:
    """The three apps, the peers' scripts written to ``folder``.

    Args:
        order: the dimensions in the order of their sliders; the first is the one to drag.
    """
    facts = {
        "model": model, "order": order, "dimensions": len(order), "dragged": order[0],
        "low": LOW, "high": HIGH,
    }  # fmt: skip
    for name, source in (("st_slider.py", ST_SLIDER), ("gr_slider.py", GRADIO)):
        (folder / name).write_text(source.format(**facts).lstrip(), encoding="utf-8")
    streamlit = (
        *("-m", "streamlit", "run", "--server.headless=true", "--server.address=127.0.0.1"),
        *("--browser.gatherUsageStats=false", "--server.fileWatcherType=none"),
    )
    z = ",".join(str(LOW if i == order[0] else 0.0) for i in range(len(order)))
    return [
        App(
            "st.slider",
            "streamlit",
            (*streamlit, str(folder / "st_slider.py"), "--server.port"),
            "/",
            "[data-testid=stImage] img, [data-testid=stImageContainer] img",
            "[data-testid=stSliderThumbValue]",
        ),
        App("gr.Slider", "gradio", (str(folder / "gr_slider.py"),), "/", ".image-frame img"),
        App(
            OURS,
            "streamlit",
            (*streamlit, "app.py", "--server.port"),
            f"/?model={model}&z={z}",
            "canvas.image",
        ),
    ]


@contextmanager
def running(app: App) -> Iterator[str]:
    """The app on a server of its own: the server's address.

    Raises:
        RuntimeError: if it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, *app.command, str(port)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "GRADIO_ANALYTICS_ENABLED": "False"},
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not _answers(url):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{app.name} did not start.")
            time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
