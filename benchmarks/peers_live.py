"""The same drag in three pages: `st.slider`, `gr.Slider` and Explore; alone, and among 20 users.

    pip install -r requirements.txt -r benchmarks/requirements.txt
    python benchmarks/peers_live.py [--json] [--model mnist-conv-16] [--repeats 5] [--users 1 20]

All three decode with the same weights, on this machine, one server after the other, each on its
defaults. A real pointer drags the first slider through 75 places in 3 seconds in one Chromium
(headless, software rendering). One method for all: in every animation frame a script reads the
slider's value and the pixels on the screen. An image counts as painted if it is the decoder's own
image (within 2 of 255) of a value that the slider took during the drag; its time is from the
pointer's event that set that value to the frame in which the image is there.

With 20 users, 19 have no screen: what the real page sends in one such drag is recorded and then
repeated by 19 clients, with sessions of their own, for as long as the real page is measured (see
peers_crowd.py). They cost the machine less than 19 browsers; what is measured is the server under
the load of 20 users, in the one browser. They run on the same machine and share its processor.
`st.slider` sends its value on release only, so its users ask for one image a drag. An image that
has not come half a minute after the hand let go counts as never: null, and – in the table.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from drag import FRAME
from peers_apps import OURS, App, make_apps, running
from peers_crowd import dump
from peers_drag import Decoder, Drag, recorded_drag, watched_drag, watched_page
from playwright.sync_api import Browser, sync_playwright

from vae import find_run, load_model
from vae.latent.statistics import facts

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Serve each app, drag in it, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--model", default="mnist-conv-16")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--users", type=int, nargs="+", default=[1, 20])
    options = parser.parse_args()
    run = find_run(options.model)
    order = [int(i) for i in np.argsort(facts(run)["kl"])[::-1]]
    decoder = Decoder(load_model(run), order[0])
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        result: dict[str, Any] = {
            "model": options.model,
            "repeats": options.repeats,
            "cores": os.cpu_count(),
            "processor": platform.processor() or platform.machine(),
            "chromium": browser.version,
            **{name: version(name) for name in ("torch", "streamlit")},
            "frame_floor_ms": round(statistics.median(browser.new_page().evaluate(FRAME)), 1),
        }
        for app in make_apps(Path(folder), options.model, order):
            if app.version is None:
                missing = f"not measured: {app.package} is not installed"
                result[app.name] = missing + " (pip install -r benchmarks/requirements.txt)"
                continue
            result[app.package] = app.version
            result[app.name] = _measure(browser, app, decoder, options.users, options.repeats)
        browser.close()
    print(json.dumps(result, indent=2) if options.json else _table(result))


def _measure(
    browser: Browser, app: App, decoder: Decoder, users: list[int], repeats: int
) -> dict[str, Any]:
    """The app's figures for each number of users, under the key ``users_N``."""
    with running(app) as url:
        recording = dump(*recorded_drag(browser, url, app))  # also warms the server
        page = watched_page(browser, url, app, decoder)
        figures = {}
        for number in users:
            with _crowd(recording, number - 1) as crowd:
                page.wait_for_timeout(3000)  # all of the crowd are there
                drags = [watched_drag(page, app, decoder) for _ in range(repeats)]
            figures[f"users_{number}"] = _figures(drags) | crowd
        page.close()
    return figures


@contextmanager
def _crowd(recording: str, users: int) -> Iterator[dict[str, float]]:
    """That many clients repeat the recording meanwhile; at the end, what they got.

    Raises:
        RuntimeError: if they could not until the end.
    """
    got: dict[str, float] = {}
    if not users:
        yield got
        return
    command = [sys.executable, str(HERE / "peers_crowd.py"), str(users)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as crowd:
        assert crowd.stdin
        crowd.stdin.write(recording)
        crowd.stdin.flush()
        try:
            yield got
        finally:
            said, _ = crowd.communicate(timeout=30)  # closes its standard input: the end
        if crowd.returncode:
            raise RuntimeError("The crowd did not hold out.")
        got |= json.loads(said)


def _figures(drags: list[Drag]) -> dict[str, Any]:
    """Medians over the drags; times over all images of all drags; None where no image came."""
    ms = sorted(ms for drag in drags for ms in drag.ms)
    end = statistics.median(math.inf if d.end_ms is None else d.end_ms for d in drags)
    return {
        "distinct_values": statistics.median(drag.distinct for drag in drags),
        "painted_during_the_drag": statistics.median(len(drag.ms) for drag in drags),
        "fewest_painted": min(len(drag.ms) for drag in drags),
        "input_to_paint_median_ms": round(statistics.median(ms), 1) if ms else None,
        "input_to_paint_p95_ms": round(ms[int(0.95 * len(ms))], 1) if ms else None,
        "release_to_last_image_ms": round(end, 1) if math.isfinite(end) else None,
    }


def _table(result: dict[str, Any]) -> str:
    """The facts of the run, a row an app and number of users, then our figures over the others'."""
    facts = {name: value for name, value in result.items() if not isinstance(value, dict)}
    rows = {name: value for name, value in result.items() if isinstance(value, dict)}
    lines = [f"{name:16} {value}" for name, value in facts.items()]
    titles = ["painted", "of", "median ms", "p95 ms", "after release ms"]
    lines += ["", f"{'':26}" + "".join(f"{title:>18}" for title in titles)]
    keys = [
        *("painted_during_the_drag", "distinct_values", "input_to_paint_median_ms"),
        *("input_to_paint_p95_ms", "release_to_last_image_ms"),
    ]
    for name, figures in rows.items():
        for users, row in figures.items():
            cells = ["–" if row[key] is None else str(row[key]) for key in keys]
            lines.append(f"{name:16}{users:>10}" + "".join(f"{cell:>18}" for cell in cells))
    for name in [name for name in rows if name != OURS]:
        for users, theirs in rows[name].items():
            ours = rows[OURS][users]
            many = f"{ours[keys[0]]:.0f} images to {theirs[keys[0]]:.0f}"
            if theirs[keys[2]] is not None:
                many += f", {theirs[keys[2]] / ours[keys[2]]:.1f} times as soon"
            lines.append(f"{OURS} against {name}, {users}: {many}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
