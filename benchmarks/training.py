"""Training against the DataLoader loop of PyTorch's VAE example, and against pythae's trainer.

    VAE_DATA=data python benchmarks/training.py --json --preset mlp-400-20 --whole

The same model, batch and MNIST images, in turn in this process, with as many threads and with the
memory settings that a training of ours has: (a) the DataLoader loop, (b) pythae where it is
installed, (c) ours in single precision, (d) ours in bfloat16. What is timed of ours is the
product's own ``Trainer.run``, from an epoch's first step to its last. Ratios are of medians.

- ``roofline``: how long the layers' matrix products alone take, by the quicker of PyTorch's and
  oneDNN's, as a share of the step. Convolutions count as the products they amount to.
- ``elbo``: of the test images, after as many passes as were timed and one before.
- ``--whole``: ``python -m vae train`` for ten epochs, imports, validation, evaluation and all, and
  what it keeps of the loop's images per CPU-second: of the mean of a pass before and one behind
  it, for a processor's speed drifts. Medians of ``--whole-repeats``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when OpenMP is loaded, below
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from peers_training import Pass, example_loop, pythae_loop
from torch import Tensor
from training_measure import measure, product_seconds

from vae.config import Config
from vae.datasets import data_dir, load
from vae.devices import keep_freed_memory, resolve_device, set_training_threads
from vae.errors import VaeError
from vae.evaluation import evaluate
from vae.presets import make_config
from vae.training import Trainer

ROOT = Path(__file__).resolve().parent.parent
WHOLE_EPOCHS = 10


class Ours:
    """Our training, pass by pass."""

    def __init__(self, config: Config, images: Tensor) -> None:
        self.trainer = Trainer(config, images, images[: config.training.batch_size])
        self._run = self.trainer.run()

    def __call__(self) -> None:
        """The steps of an epoch."""
        for _ in self._run:
            if self.trainer.step == self.trainer.steps:
                return

    def between(self) -> None:
        """The validation that ends the epoch."""
        next(self._run, None)


def in_turn(
    contestants: dict[str, Pass], images: int, repeats: int, device: torch.device
) -> dict[str, dict[str, float]]:
    """Each one's medians over ``repeats`` passes, after one that does not count."""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in contestants}
    for repeat in range(repeats + 1):
        for name, train in contestants.items():
            row = measure(train, images, device)
            if isinstance(train, Ours):
                train.between()
            if repeat > 0:
                rows[name].append(row)
    return {name: _medians(of) for name, of in rows.items()}


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    cpu, wall = (statistics.median(row[key] for row in rows) for key in ("cpu", "wall"))
    return {
        "cpu_us_per_image": round(cpu, 2),
        "wall_us_per_image": round(wall, 2),
        "images_per_cpu_second": round(1e6 / cpu),
        "images_per_second": round(1e6 / wall),
    }


def ratios(figures: dict[str, dict[str, float]], clock: str) -> dict[str, float]:
    """How many times as many images in a second ours are."""
    rates = {name: row[clock] for name, row in figures.items()}
    peers = [name for name in rates if name not in ("fp32", "bf16")]
    return {
        f"{ours}_to_{peer}": round(rates[ours] / rates[peer], 2)
        for peer in peers
        for ours in ("fp32", "bf16")
    }


def whole(options: argparse.Namespace, precision: str, epochs: int) -> dict[str, float]:
    """``python -m vae train`` as a process: images per second of its processors' time."""
    import resource  # not on Windows

    with tempfile.TemporaryDirectory() as runs:
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        flags = f"--dataset mnist --preset {options.preset} --epochs {epochs} --now --json"
        flags += f" --precision {precision} --device {options.device}"
        subprocess.run(
            [sys.executable, "-m", "vae", "train", "timed", *flags.split()],
            cwd=ROOT,
            env={**os.environ, "VAE_RUNS": runs, "VAE_DATA": str(data_dir().resolve())},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begun
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    images = epochs * len(load("mnist", "train").images)
    return {
        "cpu_seconds": round(cpu, 2),
        "wall_seconds": round(wall, 2),
        "images_per_cpu_second": round(images / cpu),
        "images_per_second": round(images / wall),
    }


def kept(
    options: argparse.Namespace, precision: str, loop: Ours, images: Tensor
) -> dict[str, float]:
    """The whole process between two passes of the loop, and the share that it keeps: medians."""
    rows = []
    for _ in range(options.whole_repeats):
        before = _pass(loop, images)
        row = whole(options, precision, options.whole_epochs)
        seconds = (before + _pass(loop, images)) / 2e6  # of an image
        rows.append({**row, "kept": row["images_per_cpu_second"] * seconds})
    found = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    return {"epochs": options.whole_epochs, **found, "kept": round(found["kept"], 3)}


def _pass(loop: Ours, images: Tensor) -> float:
    """Microseconds of the processor for an image."""
    row = measure(loop, len(images), loop.trainer.device)
    loop.between()
    return row["cpu"]


def versions() -> dict[str, str]:
    """Of what computes here; without pythae where there is none."""
    found = {"python": platform.python_version()}
    for name in ("torch", "torchvision", "numpy", "pythae"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """All figures.

    Raises:
        VaeError: where MNIST or the device is not there.
    """
    images = torch.tensor(load("mnist", "train").images[: options.images])
    epochs = options.repeats + 1 + 2 * options.whole_repeats
    config = make_config(options.preset, "mnist", (28, 28, 1), epochs=epochs, device=options.device)
    device = resolve_device(options.device)
    set_training_threads(config)
    keep_freed_memory()
    by_precision = {
        name: replace(config, training=replace(config.training, precision=name))
        for name in ("fp32", "bf16")
    }
    ours = {name: Ours(of, images) for name, of in by_precision.items()}
    contestants: dict[str, Pass] = {"dataloader": example_loop(config, images, device)}
    if (peer := pythae_loop(config, images, device)) is not None:
        contestants["pythae"] = peer
    figures = in_turn({**contestants, **ours}, len(images), options.repeats, device)
    test = load("mnist", "test").images
    elbo = {n: evaluate(of.trainer.model.eval(), test, "mnist")["elbo"] for n, of in ours.items()}
    found: dict[str, Any] = {
        "preset": options.preset,
        "batch": config.training.batch_size,
        "images": len(images),
        "repeats": options.repeats,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else device.type,
        "machine": f"{torch.cpu.get_capabilities().get('cpu_name', '')}, {platform.platform()}",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "figures": figures,
        "ratios_cpu": ratios(figures, "images_per_cpu_second"),
        "ratios_wall": ratios(figures, "images_per_second"),
        "elbo": {name: round(value, 2) for name, value in elbo.items()},
        "roofline": {},
    }
    clock = "wall_us_per_image" if device.type == "cuda" else "cpu_us_per_image"
    for name in ours:
        seconds, rate = product_seconds(config, name, device)
        step = figures[name][clock] * config.training.batch_size / 1e6
        found["roofline"][name] = {"gflops": round(rate), "share": round(seconds / step, 3)}
    if options.whole:
        found["whole"] = {name: kept(options, name, ours[name], images) for name in ours}
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--preset", choices=("mlp-400-20", "conv-16"), default="mlp-400-20")
    parser.add_argument("--images", type=int, default=20_000, help="of a pass")
    parser.add_argument("--repeats", type=int, default=7, help="passes that count")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    parser.add_argument("--whole", action="store_true", help="the whole process as well")
    parser.add_argument("--whole-epochs", type=int, default=WHOLE_EPOCHS)
    parser.add_argument("--whole-repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="on one line")
    options = parser.parse_args()
    try:
        found = compare(options)
    except VaeError as error:
        sys.exit(f"error: {error}")
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
