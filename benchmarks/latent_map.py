"""The Latent map with 60,000 points in a real browser: opening, hovering, colouring, panning.

Starts the app by `streamlit run app.py` with a model of 60,000 codes and a stored map of them, and
drives headless Chromium (software rendering). Beside it, in the same browser: Plotly's `scattergl`
with the same points, drawn and coloured anew; and the floor of a frame, `requestAnimationFrame`.

    VAE_DATA=data python benchmarks/latent_map.py --json

The codes are those of MNIST's training images where they are at hand, else draws from the
posteriors of its test images. Their places on the map are found by `vae.placement`, in seconds
instead of minutes: what is timed here does not depend on how a map was fitted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from drag import FRAME, wait_for

from vae.datasets import is_available, load
from vae.files import save_npz, write_json
from vae.inference import encode_pixels, sample_posterior
from vae.maps import fingerprint, placement
from vae.runs import find_run, load_model

ROOT = Path(__file__).resolve().parent.parent
PORT = 8656
SOURCE, NAME = "mnist-conv-16", "sixty-thousand"
READY = '.vae.scatter[data-busy="false"][data-state="live"]:not([data-decoded="0"])'
ROOT_ELEMENT = """document.querySelector('[data-testid="stBidiComponentIsolated"]').shadowRoot
  .querySelector('.vae')"""
SHOWN = """() => {
  const root = document.querySelector('[data-testid="stBidiComponentIsolated"]')?.shadowRoot
    ?.querySelector('.vae.scatter[data-busy="false"]');
  return root && Number(root.dataset.points) === %d;
}"""
PEER = """async ([x, y, labels]) => {
  const host = document.createElement('div');
  host.style.cssText = 'position:fixed;inset:0;background:white;z-index:9';
  document.body.append(host);
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const palette = ['#3f90da', '#ffa90e', '#bd1f01', '#94a4a2', '#832db6'];
  const marker = { size: 3, color: labels.map((label) => palette[label % 5]) };
  let begun = performance.now();
  await Plotly.newPlot(host, [{ type: 'scattergl', mode: 'markers', x, y, marker }], {});
  await frame();
  const drawn = performance.now() - begun;
  begun = performance.now();
  await Plotly.restyle(host, { 'marker.color': [labels.map((v, i) => i)] });
  await frame();
  const coloured = performance.now() - begun;
  Plotly.purge(host);
  host.remove();
  return [drawn, coloured];
}"""


def make_run(runs: Path, n: int) -> None:
    """A model with ``n`` codes and a stored map of them."""
    source = find_run(SOURCE)
    path = runs / NAME
    shutil.copytree(source.path, path)
    shutil.rmtree(path / "maps")
    mu, logvar, labels = codes(n)
    save_npz(path / "codes.npz", mu=mu, logvar=logvar, labels=labels, indices=np.arange(n))
    run = find_run(NAME)
    coords = placement(source, "tsne")(mu)[:, :2]
    coords += np.random.default_rng(0).normal(scale=0.4, size=coords.shape)
    (path / "maps").mkdir()
    facts = json.loads((source.path / "maps" / "tsne.json").read_text())
    facts |= {"n": n, "points": n, "fingerprint": fingerprint(run.codes().mu)}
    write_json(path / "maps" / f"tsne-n{n}.json", facts)
    save_npz(path / "maps" / f"tsne-n{n}.npz", coords=coords.astype(np.float32))


def codes(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, log-variances and labels of ``n`` images."""
    source = find_run(SOURCE)
    if is_available("mnist"):
        parts = [load("mnist", split) for split in ("train", "validation", "test")]
        images = np.concatenate([part.images for part in parts])[:n]
        labels = np.concatenate([part.labels for part in parts])[:n]
        return *encode_pixels(load_model(source), images), labels
    known = source.codes()
    times = -(-n // len(known.mu))
    drawn = sample_posterior(known.mu, known.logvar, times).transpose(1, 0, 2)
    rows = np.arange(n) % len(known.mu)
    return drawn.reshape(-1, known.mu.shape[1])[:n], known.logvar[rows], known.labels[rows]


class Bytes:
    """Bytes that a page has received by HTTP."""

    def __init__(self, line: CDPSession) -> None:
        self.total = 0.0
        line.send("Network.enable")
        line.on("Network.loadingFinished", self._add)

    def _add(self, event: dict[str, Any]) -> None:
        self.total += event["encodedDataLength"]


def hover(page: Page, places: int = 40) -> list[float]:
    """Milliseconds from a move of the pointer to the paint of what is under it."""
    box = page.locator(".vae .plane").bounding_box()
    assert box is not None
    page.evaluate(f"() => {{ {ROOT_ELEMENT}.latency.length = 0 }}")
    rng = np.random.default_rng(0)
    for across, down in rng.uniform(0.3, 0.7, (places, 2)):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        page.wait_for_timeout(60)
    return page.evaluate(f"() => {ROOT_ELEMENT}.latency")


def colour(page: Page, by: str) -> float:
    """Milliseconds from the choice of a colouring to the frame that shows it."""
    script = f"""(by) => new Promise((done) => {{
      const root = {ROOT_ELEMENT};
      const [select, legend] = ['select', '.legend'].map((part) => root.querySelector(part));
      const begun = performance.now();
      new MutationObserver((_, watcher) => {{
        watcher.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
      }}).observe(legend, {{ childList: true }});
      select.value = by;
      select.dispatchEvent(new Event('change'));
    }})"""
    return page.evaluate(script, by)


def pan(page: Page, seconds: float = 2.0) -> float:
    """Frames a second while the map is dragged about."""
    box = page.locator(".vae .plane").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("""() => { window.frames_ = 0;
      const step = () => { window.frames_ += 1; window.going = requestAnimationFrame(step); };
      step(); }""")
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < seconds:
        page.mouse.move(x + 120 * np.sin(3 * passed), y + 60 * np.cos(3 * passed))
    frames = page.evaluate("() => { cancelAnimationFrame(window.going); return window.frames_; }")
    page.mouse.up()
    return frames / passed


def measure(url: str, n: int) -> dict[str, Any]:
    """Everything, in one browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--enable-unsafe-swiftshader"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)  # the first visit pays for the server's imports
        page.wait_for_selector('.vae[data-state="live"]')
        opened = []
        for _ in range(3):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            received = Bytes(context.new_cdp_session(page))
            begun = time.monotonic()
            page.goto(f"{url}/latent_map?model={NAME}")
            page.wait_for_function(SHOWN % n)
            opened.append(time.monotonic() - begun)
        page.wait_for_selector(READY)
        page.wait_for_timeout(2000)
        first = received.total
        hovered = hover(page)
        before = received.total
        coloured = colour(page, "kl")
        page.wait_for_timeout(500)
        sent = received.total - before
        again = [colour(page, by) for by in ("class", "kl", "class", "kl")]
        frames = pan(page)
        frame = statistics.median(page.evaluate(FRAME))
        run = find_run(NAME)
        places = placement(find_run(SOURCE), "tsne")(run.codes().mu)[:, :2]
        peer = page.evaluate(PEER, [*places.T.tolist(), run.codes().labels.tolist()])
        browser.close()
    ours = statistics.median(again)
    return {
        "points": n,
        "opened_s": [round(seconds, 2) for seconds in opened],
        "first_load_bytes": round(first),
        "hover_to_paint_median_ms": round(statistics.median(hovered), 1),
        "hover_to_paint_max_ms": round(max(hovered), 1),
        "hovers_painted": len(hovered),
        "first_colouring_ms": round(coloured),
        "first_colouring_bytes": round(sent),
        "first_colouring_share_of_first_load": round(sent / first, 4),
        "colouring_ms": round(ours),
        "pan_frames_per_second": round(frames, 1),
        "frame_floor_ms": round(frame, 2),
        "plotly_scattergl_draw_ms": round(peer[0]),
        "plotly_scattergl_colouring_ms": round(peer[1]),
        "colouring_to_plotly": round(ours / peer[1], 3),
    }


def main() -> None:
    """Make the model, start the app, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--points", type=int, default=60_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    url = f"http://127.0.0.1:{PORT}"
    flags = [f"--server.port={PORT}", "--server.headless=true", "--server.address=127.0.0.1"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VAE_RUNS"] = folder
        make_run(Path(folder), options.points)
        command = [sys.executable, "-m", "streamlit", "run", "app.py", *flags]
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            wait_for(f"{url}/_stcore/health")
            found = measure(url, options.points)
        finally:
            server.terminate()
            server.wait()
    found |= {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in ("streamlit", "plotly", "playwright")},
    }
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
