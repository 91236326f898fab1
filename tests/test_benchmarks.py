"""The benchmarks run and say what they measured. How fast anything was decides no test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vae.presets import make_config

ROOT = Path(__file__).parents[1]
TIMES = {"median_ms", "p95_ms", "p99_ms", "max_ms"}
COUNTS = {"clients", "due", "answered", "answered_per_second", "fewest_answered_percent"}
SHARES = {"server_cores", "generator_cores"}


def benchmark(command: str) -> dict[str, Any]:
    """What ``python benchmarks/…`` prints as JSON."""
    done = subprocess.run(
        [sys.executable, *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def test_live() -> None:
    found = benchmark("benchmarks/live.py --json --seconds 1 --clients 2 --models mnist-2d")
    assert {"machine", "cores", "python", "torch", "uvicorn", "websockets", "rate"} <= set(found)
    rows = found["clients_2"]
    assert set(rows) == {"echo", "mnist-2d"}
    assert set(rows["echo"]) == TIMES | COUNTS | SHARES
    assert set(rows["mnist-2d"]) == set(rows["echo"]) | {"median_to_echo", "p99_to_echo_median"}
    for row in rows.values():
        assert row["clients"] == 2
        assert 0 < row["answered"] <= row["due"] <= 62


def test_live_beside_a_flood_and_for_a_while() -> None:
    found = benchmark(
        "benchmarks/live.py --json --seconds 1 --rate 5 --models mnist-2d --flood --soak 3"
    )
    flood = found["flood"]["mnist-2d"]
    assert flood["alone"]["clients"] == flood["beside_a_flood"]["clients"] == 50
    assert flood["flood"]["answers_per_second"] > 0
    soak = found["soak"]
    assert soak["visits"] >= 100
    assert soak["round_trips"]["answered"] > 0
    assert set(soak["before"]) == set(soak["after"]) == {"rss", "open_files", "tasks", "objects"}


def test_projection() -> None:
    found = benchmark(
        "benchmarks/projection.py digits-2d --json --points 200 --large 300 --paths 5"
    )
    assert {"machine", "cores", "python", "versions", "points", "cpu_ratio"} <= set(found)
    for fit in (found["ours"], found["scikit-learn"]):
        assert {"seconds", "cpu_seconds", "trustworthiness", "accuracy"} <= set(fit)
        assert fit["n"] == 200
    placement = found["placement"]
    for row in (placement["continuous"], placement["exact"]):
        assert 0 < row["median_ms"] <= row["p95_ms"]
        assert 0 <= row["median_from_own_point"] < 0.1
        assert 0 < row["new_beside_own_class"] <= 1
    assert found["large"]["points"] == 300
    assert 0 < found["large"]["imports_mib"] <= found["large"]["peak_mib"]


def test_parts_of_projection_can_be_left_out() -> None:
    found = benchmark(
        "benchmarks/projection.py digits-2d --json --points 60 --no-sklearn --no-large"
        " --no-placement"
    )
    assert not {"scikit-learn", "large", "placement", "cpu_ratio"} & set(found)


@pytest.mark.skipif("VAE_DATA" not in os.environ, reason="VAE_DATA names no folder with MNIST")
def test_training() -> None:
    found = benchmark(
        "benchmarks/training.py --json --images 512 --repeats 2 --whole --whole-epochs 1 "
        "--whole-repeats 1"
    )
    assert {"machine", "cores", "threads", "versions", "ratios_cpu", "ratios_wall"} <= set(found)
    assert (found["preset"], found["batch"], found["images"]) == ("mlp-400-20", 128, 512)
    rows = found["figures"]
    assert {"dataloader", "fp32", "bf16"} <= set(rows) <= {"dataloader", "pythae", "fp32", "bf16"}
    for row in rows.values():
        assert row["cpu_us_per_image"] > 0 < row["wall_us_per_image"]
    cpu = {name: row["cpu_us_per_image"] for name, row in rows.items()}
    ratio = found["ratios_cpu"]["fp32_to_dataloader"]
    assert ratio == pytest.approx(cpu["dataloader"] / cpu["fp32"], rel=0.01)
    assert abs(found["elbo"]["fp32"] - found["elbo"]["bf16"]) < 10
    assert {"fp32", "bf16"} == set(found["whole"]) == set(found["roofline"])
    for row in found["whole"].values():
        assert row["images_per_cpu_second"] == pytest.approx(55_000 / row["cpu_seconds"], rel=0.01)
        assert 0 < row["kept"] < 1
    for row in found["roofline"].values():
        assert row["gflops"] > 0 < row["share"]


@pytest.mark.parametrize("preset", ["mlp-400-20", "conv-16"])
def test_peers_have_the_plain_layers_of_pytorch(monkeypatch, preset: str) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from peers_training import plain_networks

    config = make_config(preset, "mnist", (28, 28, 1))
    for network in plain_networks(config):
        assert not [layer for layer in network if type(layer).__module__ == "vae.fast_layers"]


def test_training_without_mnist(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/training.py", "--json"],
        cwd=ROOT,
        env={**os.environ, "VAE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: The data set 'mnist' is not in ")
    assert done.stderr.count("\n") == 1
