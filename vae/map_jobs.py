"""t-SNE fits in a process of their own: start, progress, cancel. One at a time for each model.

The job's folder is ``<maps>/.job``: ``status.json`` (``state`` running | done | cancelled | failed
| interrupted, ``map``, ``iteration``, ``total``, ``kl``, ``seconds_left``, ``error``), ``cancel``
(a request), ``log.txt``. Progress is read from there, so it survives a reload of the page.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vae.errors import VaeError
from vae.files import make_folder
from vae.jobs import spawn
from vae.maps import Map, MapParams, fit_map, map_id
from vae.projection import Step
from vae.runs import Run
from vae.status import (
    StatusWriter,
    acquire,
    cancel_requested,
    clear_cancel,
    is_alive,
    read_status,
    request_cancel,
)

_START_SECONDS = 30


def job_folder(run: Run) -> Path:
    """Where the fit at work on ``run``, or its last one, keeps its status."""
    return run.maps_dir / ".job"


def start_map(run: Run, params: MapParams) -> str:
    """Start ``python -m vae map`` in the background; returns the id that the map will have.

    Raises:
        VaeError: if a fit of this model is running, or it cannot be started.
    """
    folder = job_folder(run)
    make_folder(folder)
    if is_alive(folder):
        raise VaeError(f"A map of {run.name!r} is being fitted; wait for it or cancel it.")
    clear_cancel(folder)
    (folder / "status.json").unlink(missing_ok=True)
    StatusWriter(folder, interval=0, map=map_id(params), stage="starting").beat(0.0)
    options = {"points": params.points, "perplexity": params.perplexity, "seed": params.seed}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    spawn(["map", run.name, "--method", "tsne", *arguments, "--json"], folder / "log.txt")
    return map_id(params)


def run_map_job(
    run: Run, params: MapParams, report: Callable[[Step], None] | None = None
) -> Map | None:
    """Fit a map in this process, keeping the job's status and heeding its cancel request.

    Args:
        report: told every 25 iterations, for a progress bar.

    Returns:
        The stored map, or ``None`` if the fit was cancelled: then nothing is stored.

    Raises:
        VaeError: for what a person can mend; the status then says ``failed`` and why.
    """
    folder = job_folder(run)
    make_folder(folder)
    with acquire(folder):
        status = StatusWriter(folder, map=map_id(params), stage="finding neighbours")
        status.beat(0.0)

        def progress(step: Step) -> bool:
            share = step.iteration / step.total
            status.beat(
                share, stage="fitting", iteration=step.iteration, total=step.total, kl=step.kl
            )
            if report is not None:
                report(step)
            return cancel_requested(folder)

        try:
            found = fit_map(run, params, progress)
        except KeyboardInterrupt:
            status.end("cancelled")
            raise
        except Exception as error:
            status.end("failed", error=str(error) or type(error).__name__)
            raise
        status.end("done" if found else "cancelled")
        clear_cancel(folder)
    return found


def map_status(run: Run) -> dict[str, Any] | None:
    """What the fit at work, or the last one, says of itself; ``None`` if there was none."""
    folder = job_folder(run)
    if not (folder / "status.json").is_file():
        return None
    status = read_status(folder)
    if status["state"] == "interrupted" and status.get("stage") == "starting":
        # Its process loads its libraries before it takes the lock.
        age = datetime.now(UTC) - datetime.fromisoformat(status["updated"])
        if age.total_seconds() < _START_SECONDS:
            status["state"] = "running"
    return status


def cancel_map(run: Run) -> None:
    """Ask the fit to stop; it does within 25 iterations and stores nothing."""
    request_cancel(job_folder(run))
