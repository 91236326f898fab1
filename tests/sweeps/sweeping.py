"""How the tests of the sweeps run one: in this process, or as workers of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from vae.runs import runs_dir
from vae.stops import Stops
from vae.sweeps.folders import default_url, folder_of, keep
from vae.sweeps.plan import Plan, make_plan
from vae.sweeps.reading import View, view_of
from vae.sweeps.storage import Shared, create, open_storage
from vae.sweeps.worker import work

ROOT = Path(__file__).parent.parent.parent


def small(study: str = "s", *parameters: str, **chosen: Any) -> Plan:
    """A sweep whose trials take a moment: two passes over the digits."""
    spaces = list(parameters) or ["latent_dim=2,4", "lr=1e-3..1e-2:log", "width=64..256:log"]
    return make_plan(study, "digits", "mlp-2d", spaces, **{"trials": 12, "epochs": 2, **chosen})


def begin(plan: Plan, url: str = "", grace: int = 60) -> Shared:
    """Make a sweep in its storage, and its folder here."""
    url = url or default_url(plan.study)
    folder_of(plan.study).mkdir(parents=True, exist_ok=True)
    shared = create(open_storage(url, grace), plan)
    keep(plan, url)
    return shared


def finish(shared: Shared, stops: Stops | None = None) -> View:
    """Work on it in this process to its end."""
    folder = folder_of(shared.plan.study)
    work(folder, shared, stops or Stops(folder), device="cpu")
    return view_of(shared)


def worker(study: str, *options: str, **environment: str) -> subprocess.Popen[str]:
    """A process of its own: ``python -m vae sweep STUDY --json``."""
    threads = {"OMP_NUM_THREADS": "1", "VAE_RUNS": str(runs_dir()), "VAE_PARALLEL": "4"}
    return subprocess.Popen(
        [sys.executable, "-m", "vae", "sweep", study, "--device", "cpu", "--json", *options],
        cwd=ROOT,
        env={**os.environ, **threads, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], seconds: float = 120) -> dict[str, Any]:
    """What a worker prints when it has ended well."""
    out, words = process.communicate(timeout=seconds)
    assert process.returncode == 0, words
    return json.loads(out)
