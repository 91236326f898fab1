"""How fast the live channel answers, beside an echo on the same server: the floor.

    python benchmarks/live.py [--json] [--models conv-16] [--clients 1 30 200] [--seconds 5]
    python benchmarks/live.py --flood     # 50 clients, alone and beside one who floods
    python benchmarks/live.py --soak 180  # 100 clients who come and go: is anything left behind?

A server in a process of its own serves untrained models (weights do not change the speed). Each
client asks for one image 30 times a second. All clients run in this process on the same machine,
so they share the processor with the server; its and their shares are in cores (1 = one core).
Where a question is still unanswered at the next due time, that one is not asked and counts as
unanswered; ``fewest_answered_percent`` is of the client that was served worst.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from live_load import ask_once, connect, measure
from live_server import running_server  # puts the project on the path
from live_soak import soak

from vae.checkpoints import save_weights
from vae.config_json import config_to_json
from vae.files import write_json
from vae.model import VAE
from vae.presets import make_config

# preset and image shape
MODELS = {
    "mnist-2d": ("mlp-2d", (28, 28, 1)),
    "conv-16": ("conv-16", (28, 28, 1)),
    "conv-64px": ("conv-64px", (64, 64, 1)),
}
FLOOD_CLIENTS, SOAK_CLIENTS = 50, 100
FLOOD_ROWS, FLOOD_AHEAD = 1024, 2  # rows of a question; questions it has under way


def write_model(folder: Path, name: str) -> int:
    """An untrained run called ``name``; returns its latent size."""
    preset, shape = MODELS[name]
    config = make_config(preset, "mnist", shape)
    (folder / name).mkdir()
    write_json(folder / name / "config.json", config_to_json(config))
    save_weights(VAE(config.model), folder / name / "weights.safetensors")
    return config.model.latent_dim


def decode_path(name: str) -> str:
    return f"/live/models/{name}/decode"


def codes(rows: int, latent_dim: int) -> bytes:
    """Draws from the prior, as a question's payload."""
    return np.random.default_rng(0).standard_normal((rows, latent_dim)).astype("<f4").tobytes()


async def floored(
    port: int, sizes: dict[str, int], clients: int, rate: float, seconds: float
) -> dict[str, Any]:
    """The echo and each model's decode with this many clients."""
    question = codes(1, max(sizes.values()))
    echo = await measure(port, "/echo", [question] * clients, rate, seconds)
    rows = {"echo": echo}
    for name, size in sizes.items():
        questions = [codes(1, size)] * clients
        await ask_once(port, decode_path(name), questions[0])
        row = await measure(port, decode_path(name), questions, rate, seconds)
        row["median_to_echo"] = _ratio(row["median_ms"], echo["median_ms"])
        row["p99_to_echo_median"] = _ratio(row["p99_ms"], echo["median_ms"])
        rows[name] = row
    return rows


async def flooded(port: int, name: str, size: int, rate: float, seconds: float) -> dict[str, Any]:
    """50 clients alone, then beside one who sends maximal questions as fast as it can."""
    questions = [codes(1, size)] * FLOOD_CLIENTS
    alone = await measure(port, decode_path(name), questions, rate, seconds)
    flood = await connect(port, decode_path(name), codes(FLOOD_ROWS, size))
    answers = 0

    def again() -> None:
        nonlocal answers
        answers += 1
        flood.transport.write(flood.question)

    flood.on_answer = again
    begun = asyncio.get_running_loop().time()
    flood.transport.write(flood.question * FLOOD_AHEAD)
    beside = await measure(port, decode_path(name), questions, rate, seconds)
    took = asyncio.get_running_loop().time() - begun
    flood.vanish()
    return {
        "alone": alone,
        "beside_a_flood": beside,
        "flood": {
            "rows_per_question": FLOOD_ROWS,
            "answers_per_second": round(answers / took, 2),
            "rows_per_second": round(FLOOD_ROWS * answers / took),
        },
    }


def in_words(name: str, row: dict[str, Any]) -> str:
    """One line for people."""
    if row["median_ms"] is None:
        times = "no answer"
    else:
        times = (
            f"median {row['median_ms']:.2f} ms, 95 % {row['p95_ms']:.2f}, "
            f"99 % {row['p99_ms']:.2f}, longest {row['max_ms']:.2f}"
        )
    if ratio := row.get("median_to_echo"):
        times += f"; {ratio} × the echo"
    return (
        f"{name:16} {row['clients']:4} clients: {times}; worst served "
        f"{row['fewest_answered_percent']:.1f} % answered; "
        f"server {row['server_cores']} cores, clients {row['generator_cores']}"
    )


def run(options: argparse.Namespace, port: int, sizes: dict[str, int]) -> dict[str, Any]:
    """What was asked for, printed for people unless as JSON."""

    def say(line: str) -> None:
        if not options.json:
            print(line, flush=True)

    found: dict[str, Any] = {}
    if options.flood:
        for name, size in sizes.items():
            row = asyncio.run(flooded(port, name, size, options.rate, options.seconds))
            found.setdefault("flood", {})[name] = row
            say(in_words(name, row["alone"]))
            say(in_words(f"{name} + flood", row["beside_a_flood"]))
            say(f"  the flood got {row['flood']['answers_per_second']} answers of 1,024 a second")
    if options.soak:
        name, size = next(iter(sizes.items()))
        questions = [codes(1, size)] * SOAK_CLIENTS
        row = asyncio.run(soak(port, decode_path(name), questions, options.rate, options.soak))
        found["soak"] = {"model": name, **row}
        say(json.dumps(found["soak"], indent=2))
    if not (options.flood or options.soak):
        for clients in options.clients:
            rows = asyncio.run(floored(port, sizes, clients, options.rate, options.seconds))
            found[f"clients_{clients}"] = rows
            for name, row in rows.items():
                say(in_words(name, row))
    return found


def _ratio(value: float | None, floor: float | None) -> float | None:
    return round(value / floor, 2) if value and floor else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 30, 100, 200, 400])
    parser.add_argument("--rate", type=float, default=30, help="questions a second and client")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--flood", action="store_true", help="instead: beside one who floods")
    parser.add_argument(
        "--soak",
        type=float,
        nargs="?",
        const=180,
        metavar="SECONDS",
        help="instead: clients who come and go for so long, of the first of the models",
    )
    options = parser.parse_args()
    result = {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "uvicorn", "websockets")},
        "rate": options.rate,
        "seconds": options.seconds,
    }
    with tempfile.TemporaryDirectory() as folder:
        sizes = {name: write_model(Path(folder), name) for name in options.models}
        with running_server(Path(folder)) as port:
            result |= run(options, port, sizes)
    if options.json:
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
