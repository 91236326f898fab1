"""How soon the picture follows the hand: a real browser drags a slider of Explore for 3 seconds.

Starts the app by `streamlit run app.py`, drags one slider over 75 places in headless Chromium
(software rendering), and prints how many distinct values were decoded and painted during the drag,
the times from input to paint, how often the strips of all other rows were decoded anew meanwhile,
and tasks that held up the page for more than 50 ms. The floor is a page's own frame:
requestAnimationFrame, measured in the same browser.

    python benchmarks/drag.py --model mnist-conv-16 --json
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
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PORT = 8655
RECORD = """() => {
  window.moved = new Map(); window.paints = []; window.long = [];
  const view = document.querySelector('[data-testid="stBidiComponentIsolated"]').shadowRoot;
  const input = view.querySelector('input[type=range]');
  // Times count from the input event itself, before any handler: what waits in the page's queue
  // is waited for by the hand.
  input.addEventListener('input', (event) => {
    const value = Number(input.value);
    if (!window.moved.has(value)) window.moved.set(value, event.timeStamp);
  }, {capture: true});
  view.querySelector('.vae').addEventListener('vae-paint', (event) => {
    const value = event.detail.value.find((part) => window.moved.has(part));
    if (value === undefined) return;
    window.paints.push([value, performance.now() - window.moved.get(value)]);
  });
  window.longTasks ??= new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.long.push(entry.duration);
  });
  window.longTasks.observe({entryTypes: ['longtask']});
}"""
STRIPS = """() => Number(document.querySelector('[data-testid="stBidiComponentIsolated"]')
  .shadowRoot.querySelector('.vae').dataset.strips)"""
FRAME = """() => new Promise((done) => {
  const times = []; let last = performance.now();
  const step = (now) => {
    times.push(now - last); last = now;
    times.length < 60 ? requestAnimationFrame(step) : done(times.slice(1));
  };
  requestAnimationFrame(step);
})"""


def drag(page: Page, seconds: float = 3.0, places: int = 75) -> dict[str, Any]:
    """Drag the first slider of the open Explore page through ``places`` places.

    Returns:
        ``distinct`` values the slider took, how many of them were ``painted`` during the drag,
        ``ms``, for each the time from its input to the start of the frame that showed it first,
        and ``strips``, how often meanwhile the strips of all rows in view were painted anew.
    """
    slider = page.locator(".vae input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    page.evaluate(RECORD)
    middle = box["y"] + box["height"] / 2
    left, width = box["x"] + 14, box["width"] - 28
    page.mouse.move(left, middle)
    page.mouse.down()
    page.evaluate("() => { window.moved.clear(); window.paints.length = 0 }")
    strips = page.evaluate(STRIPS)
    begun = time.monotonic()
    for place in range(1, places + 1):
        page.mouse.move(left + width * place / places, middle)
        time.sleep(max(0.0, begun + seconds * place / places - time.monotonic()))
    moved, paints = page.evaluate("() => [[...window.moved.keys()], window.paints]")
    strips = page.evaluate(STRIPS) - strips
    seconds = time.monotonic() - begun
    page.mouse.up()
    first = dict(reversed(paints))  # a value that was painted twice counts once, at its first
    return {
        "distinct": len(moved),
        "painted": len(first),
        "seconds": seconds,
        "strips": strips,
        "ms": list(first.values()),
        "long_tasks_ms": page.evaluate("() => window.long"),
    }


def main() -> None:
    """Start the app, drag, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="mnist-conv-16")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    url = f"http://127.0.0.1:{PORT}"
    flags = [f"--server.port={PORT}", "--server.headless=true", "--server.address=127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *flags]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        result = _measure(url, options.model, options.repeats)
    finally:
        server.terminate()
        server.wait()
    result |= {"model": options.model, "cpu": platform.processor(), "cores": os.cpu_count()}
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print("\n".join(f"{name:28} {value}" for name, value in result.items()))


def _measure(url: str, model: str, repeats: int) -> dict[str, Any]:
    wait_for(f"{url}/_stcore/health")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)  # the first visit pays for imports: warm them
        page.wait_for_selector('.vae[data-state="live"]')
        begun = time.monotonic()
        page.goto(f"{url}/?model={model}")
        page.wait_for_selector('.vae[data-state="live"]:not([data-decoded="0"])')
        opened = time.monotonic() - begun
        frame = statistics.median(page.evaluate(FRAME))
        drags = [drag(page) for _ in range(repeats)]
        browser.close()
    ms = sorted(value for one in drags for value in one["ms"])
    median = statistics.median(ms)
    return {
        "first_page_interactive_s": round(opened, 2),
        "frame_floor_ms": round(frame, 2),
        "distinct_values": [one["distinct"] for one in drags],
        "painted_during_the_drag": [one["painted"] for one in drags],
        "share_painted": min(round(one["painted"] / one["distinct"], 3) for one in drags),
        "input_to_paint_median_ms": round(median, 2),
        "input_to_paint_p95_ms": round(ms[int(0.95 * len(ms))], 2),
        "median_over_frame_floor": round(median / frame, 2),
        "strip_updates_per_second": [round(one["strips"] / one["seconds"], 1) for one in drags],
        "long_tasks_ms": [round(v) for one in drags for v in one["long_tasks_ms"]],
    }


def wait_for(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:  # refused, or no answer yet
            time.sleep(0.1)
    raise SystemExit("The server did not start.")


if __name__ == "__main__":
    main()
