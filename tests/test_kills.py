"""SIGKILL at random moments, then ``--resume``: the same model to the last bit.

``VAE_KILLS=50 pytest tests/test_kills.py`` kills more often; ``benchmarks/kills.py`` does so with
the product's own interval between checkpoints.
"""

from __future__ import annotations

import os
import sys

import pytest

from tests.test_benchmarks import benchmark

KILLS = int(os.environ.get("VAE_KILLS") or 4)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.timeout(60 + 20 * KILLS)
def test_killed_at_random_moments_it_learns_the_same() -> None:
    """From a seed whose first moments are early, late, late and late in a process's life."""
    found = benchmark(
        f"benchmarks/kills.py --json --kills {KILLS} --preset mlp-2d --seed 575 "
        f"--epochs {40 * KILLS} --checkpoint-seconds 0.2"
    )
    assert found["kills"] == KILLS
    assert found["different_files"] == []
    assert found["half_written_files_left"] == []
    assert found["kills_by_stage"].keys() - {"starting"}, "some must have been at work"
