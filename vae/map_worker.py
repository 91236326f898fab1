"""What a map process does: fit a t-SNE map in view of others, who may stop it.

Its job folder is ``maps/.job-<map id>/``: ``status.json``, ``log.txt``, the lock and the request
to cancel, as in a run folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vae.files import make_folder
from vae.maps import Map, MapParams, fit_map, map_id
from vae.projection import Step
from vae.runs import Run
from vae.status import StatusWriter, acquire, cancel_requested, clear_cancel


def job_folder(run: Run, params: MapParams) -> Path:
    """Where the process that fits this map says how far it is."""
    return run.maps_dir / f".job-{map_id(params)}"


def run_map(
    run: Run, params: MapParams, report: Callable[[Step], None] | None = None
) -> Map | None:
    """Fit and store a map, keeping ``status.json`` up to date.

    Returns:
        The map, or ``None`` if somebody asked to stop.

    Raises:
        VaeError: for what a person can mend; the status then says ``failed`` and why.
    """
    folder = job_folder(run, params)
    make_folder(folder)
    with acquire(folder):
        status = StatusWriter(folder, interval=0.25, map=map_id(params))
        status.beat(0.0, stage="finding neighbours")

        def progress(step: Step) -> bool:
            status.beat(step.iteration / step.total, stage="arranging", kl=step.kl)
            if report is not None:
                report(step)
            return cancel_requested(folder)

        try:
            found = fit_map(run, params, progress)
        except BaseException as error:
            status.end("failed", error=str(error) or type(error).__name__)
            raise
        finally:
            # Not at the start: a request may have come while this process loaded its libraries.
            clear_cancel(folder)
        status.end("done" if found else "cancelled")
    return found
