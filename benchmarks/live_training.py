"""How live the decode stays while a training uses every core: the app itself, at 60 questions/s.

    VAE_DATA=data python benchmarks/live_training.py [--json] [--seconds 20] [--model mnist-conv-16]
                                                     [--preset conv-16] [--nice 10]

The app is started as a user starts it. A client decodes one code 60 times a second through the
live channel, first alone and then while the app's own way of starting a training trains MNIST on
the same processor. Times are from question to answer. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from vae.jobs import cancel_training, start_training  # noqa: E402
from vae.presets import make_config  # noqa: E402
from vae.runs import Run, find_run  # noqa: E402
from vae.serve.client import LiveClient  # noqa: E402

RATE = 60  # questions a second


@contextmanager
def running_app() -> Iterator[str]:
    """The app on a free port: its address.

    Raises:
        RuntimeError: if it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    options = ["--server.port", str(port), "--server.headless", "true"]
    app = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urlopen(f"{address}/live/models", timeout=30).close()
                break
            except (URLError, OSError):
                if app.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("The app did not start.") from None
                time.sleep(0.2)
        yield address
    finally:
        app.terminate()
        app.wait()


def decode_times(address: str, model: str, seconds: float) -> dict[str, float]:
    """Decode one code at each due time, or as soon as the last one is answered."""
    took, draws = [], np.random.default_rng(0)
    with LiveClient(address, model) as live:
        size = live.facts["latent_dim"]
        for _ in range(10):
            live.decode(np.zeros((1, size), np.float32))
        begun = time.perf_counter()
        due = begun
        while due < begun + seconds:
            time.sleep(max(0.0, due - time.perf_counter()))
            z = draws.standard_normal((1, size)).astype(np.float32)
            asked = time.perf_counter()
            live.decode(z)
            took.append(1000 * (time.perf_counter() - asked))
            due = max(due + 1 / RATE, time.perf_counter())
    quantiles = {"median_ms": 50, "p95_ms": 95, "p99_ms": 99, "max_ms": 100}
    found = {name: round(float(np.percentile(took, q)), 2) for name, q in quantiles.items()}
    return {"answered": len(took), **found}


def wait_for(run: Run, stage: str) -> None:
    """Until the run says that it does this.

    Raises:
        RuntimeError: if it ends before.
    """
    while (status := run.status).get("stage") != stage:
        if status["state"] not in ("queued", "running"):
            raise RuntimeError(f"The training is {status['state']}: {status.get('error')}")
        time.sleep(0.1)


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """The decode alone, and beside a training."""
    os.environ["VAE_NICE"] = str(chosen.nice)
    with tempfile.TemporaryDirectory() as runs:
        os.environ["VAE_RUNS"] = runs
        with running_app() as address:
            alone = decode_times(address, chosen.model, chosen.seconds)
            config = make_config(chosen.preset, "mnist", (28, 28, 1), epochs=1000, device="cpu")
            start_training("beside", config)
            run = find_run("beside")
            try:
                wait_for(run, "training")
                before = run.status
                beside = decode_times(address, chosen.model, chosen.seconds)
                after = run.status
            finally:
                cancel_training(run)
                while run.status["state"] in ("queued", "running"):
                    time.sleep(0.1)
    trained = (after["epoch"] - before["epoch"]) * 54_000 / chosen.seconds
    return {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "streamlit", "websockets")},
        "model": chosen.model,
        "rate": RATE,
        "nice": chosen.nice,
        "alone": alone,
        f"beside_{chosen.preset}": {**beside, "images_trained_per_second": round(trained)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--model", default="mnist-conv-16", help="a bundled model")
    parser.add_argument("--preset", default="conv-16", help="of the training")
    parser.add_argument("--nice", type=int, default=10, help="priority of the training")
    found = measure(parser.parse_args())
    if "--json" in sys.argv:
        print(json.dumps(found, indent=2))
        return
    for name, row in found.items():
        print(f"{name:20} {row}")


if __name__ == "__main__":
    main()
