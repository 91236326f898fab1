"""Kills a training without warning at random moments, resumes it, and compares with one left alone.

    python benchmarks/kills.py [--json] [--kills 50] [--epochs 4500] [--preset mlp-400-20]
                               [--checkpoint-seconds 5] [--seed 0]

The same command trains twice: once undisturbed, and once through processes that die by SIGKILL,
each followed by ``train NAME --resume``. A process is killed at a moment drawn evenly from its
start to a second after one and a half checkpoints: some die while they load their libraries, some
before the first checkpoint, some after it, the last ones perhaps while they measure. At the end
weights, curves and figures must be the same to the last bit. A run that ends before it was killed
often enough is followed by another one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from vae.files import read_json, read_json_lines  # noqa: E402
from vae.status import read_status  # noqa: E402


def start(name: str, options: list[str], runs: Path, checkpoint_seconds: float) -> subprocess.Popen:
    """``python -m vae train NAME``, perhaps with checkpoints at other intervals."""
    command = ["-m", "vae"]
    if checkpoint_seconds != 5:
        code = (
            "from vae import learning; from vae.__main__ import process; "
            f"learning._CHECKPOINT_SECONDS = {checkpoint_seconds}; process()"
        )
        command = ["-c", code]
    return subprocess.Popen(
        [sys.executable, *command, "train", name, *options, "--json"],
        cwd=ROOT,
        env=os.environ | {"VAE_RUNS": str(runs)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> None:
    """Wait for its end.

    Raises:
        RuntimeError: with its words, if it does not succeed.
    """
    _, said = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"The training failed: {said.strip()}")


def undisturbed(options: list[str], runs: Path, checkpoint_seconds: float) -> tuple[float, float]:
    """Train the run ``whole``; seconds until its first point, and in all."""
    begun = time.monotonic()
    process = start("whole", options, runs, checkpoint_seconds)
    while not (runs / "whole" / "metrics.jsonl").is_file() and process.poll() is None:
        time.sleep(0.01)
    first = time.monotonic() - begun
    finish(process)
    return first, time.monotonic() - begun


def killed(
    name: str,
    options: list[str],
    runs: Path,
    checkpoint_seconds: float,
    longest: float,
    kills: int,
    moments: random.Random,
) -> Counter[str]:
    """Train the run ``name`` to its end, killed up to ``kills`` times: where each kill met it."""
    folder, met = runs / name, Counter[str]()
    while met.total() < kills and not is_done(folder):
        begun = (folder / "config.json").is_file()
        process = start(name, ["--resume"] if begun else options, runs, checkpoint_seconds)
        try:
            process.wait(moments.uniform(0, longest))
        except subprocess.TimeoutExpired:
            # As it says itself: what went on since its last word is not known.
            ready = (folder / "status.json").is_file()
            status = read_json(folder / "status.json") if ready else {}
            mine = status.get("pid") == process.pid
            process.kill()
            process.communicate()
            met[status.get("stage", "starting") if mine else "starting"] += 1
            continue
        finish(process)
        return met
    if not is_done(folder):
        begun = (folder / "config.json").is_file()
        finish(start(name, ["--resume"] if begun else options, runs, checkpoint_seconds))
    return met


def is_done(folder: Path) -> bool:
    """Whether the run is: a process may be killed after its last word."""
    return (folder / "status.json").is_file() and read_status(folder)["state"] == "done"


def difference(one: Path, two: Path) -> list[str]:
    """Files in which two finished runs differ; figures and curves by value, weights by bit."""
    found = []
    digests = [hashlib.sha256((run / "weights.safetensors").read_bytes()) for run in (one, two)]
    if digests[0].digest() != digests[1].digest():
        found.append("weights.safetensors")
    if read_json(one / "evaluation.json") != read_json(two / "evaluation.json"):
        found.append("evaluation.json")
    if read_json_lines(one / "metrics.jsonl") != read_json_lines(two / "metrics.jsonl"):
        found.append("metrics.jsonl")
    return found


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Both trainings, and in what they differ."""
    options = (
        f"--dataset digits --preset {chosen.preset} --epochs {chosen.epochs} --device cpu".split()
    )
    moments, met = random.Random(chosen.seed), Counter[str]()
    differ: list[str] = []
    names: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        seconds = chosen.checkpoint_seconds
        first, whole = undisturbed(options, runs, seconds)
        longest = first + 1.5 * seconds + 1
        begun = time.monotonic()
        while met.total() < chosen.kills:
            names.append(f"killed-{len(names) + 1}")
            left = chosen.kills - met.total()
            met += killed(names[-1], options, runs, seconds, longest, left, moments)
            differ += difference(runs / "whole", runs / names[-1])
        took = time.monotonic() - begun
        litter = [path.name for name in names for path in (runs / name).glob(".*.*")]
    return {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "command": " ".join(["python -m vae train NAME", *options]),
        "seed": chosen.seed,
        "checkpoint_seconds": seconds,
        "seconds_undisturbed": round(whole, 1),
        "seconds_with_kills": round(took, 1),
        "kills": met.total(),
        "kills_by_stage": dict(met),
        "runs": len(names),
        "different_files": sorted(set(differ)),
        "half_written_files_left": litter,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=4500)
    parser.add_argument("--preset", default="mlp-400-20")
    parser.add_argument("--checkpoint-seconds", type=float, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    found = measure(chosen)
    if chosen.json:
        print(json.dumps(found, indent=2))
    else:
        same = "not the same" if found["different_files"] else "the same to the last bit"
        print(f"{found['kills']} kills, {found['runs']} run(s): {same}; {found['kills_by_stage']}")
    return 1 if found["different_files"] else 0


if __name__ == "__main__":
    sys.exit(main())
