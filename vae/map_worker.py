"""What a map process does: fit one map or a grid of them in view of others, who may stop it.

The job folder is ``maps/.job-<map id>/``, of a grid ``maps/.job-perplexities/``: ``status.json``,
``log.txt``, the lock and the request to cancel, as in a run folder; and while one map is fitted,
the frames of it so far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

from vae.errors import VaeError
from vae.files import make_folder, remove_file
from vae.map_cancel import watched
from vae.map_fitting import fit_map
from vae.map_frames import FRAMES_FILE
from vae.map_jobs import GRID, folder_of
from vae.map_params import MapParams, map_id, usual
from vae.maps import Map, load_map, stored_maps
from vae.projection import Step
from vae.runs import Run
from vae.status import StatusWriter, acquire, cancel_requested, clear_cancel

Report = Callable[[Step], None]


def job_folder(run: Run, params: MapParams) -> Path:
    """Where the process that fits this map says how far it is."""
    return folder_of(run, map_id(params))


def run_map(
    run: Run,
    params: MapParams,
    report: Report | None = None,
    abort: Callable[[], None] | None = None,
) -> Map | None:
    """Fit and store a map with its frames, keeping ``status.json`` up to date.

    Args:
        report: told of every step.
        abort: ends this process; called for a fit that does not answer a request to stop (see
            :mod:`vae.map_cancel`). Without it such a fit goes on to its next step.

    Returns:
        The map, or ``None`` if somebody asked to stop.

    Raises:
        VaeError: for what a person can mend; the status then says ``failed`` and why.
    """
    folder = job_folder(run, params)
    found = _run(run, [params], folder, folder / FRAMES_FILE, report, abort)
    return found[0] if found else None


def run_grid(
    run: Run,
    grid: Sequence[MapParams],
    report: Report | None = None,
    abort: Callable[[], None] | None = None,
) -> list[Map] | None:
    """Fit and store several maps one after another, as one job; those that are there stay.

    Args:
        report: told of steps as if all were one fit.
        abort: as in :func:`run_map`.

    Returns:
        The maps in their order, or ``None`` if somebody asked to stop: those that were done by then
        are stored.

    Raises:
        VaeError: as :func:`run_map`, or if ``grid`` is empty.
    """
    if not grid:
        raise VaeError("A grid of maps needs at least one perplexity; none came.")
    return _run(run, grid, folder_of(run, GRID), None, report, abort)


def _run(
    run: Run,
    grid: Sequence[MapParams],
    folder: Path,
    frames: Path | None,
    report: Report | None,
    abort: Callable[[], None] | None,
) -> list[Map] | None:
    make_folder(folder)

    def end() -> None:
        try:
            status.end("cancelled")
            clear_cancel(folder)
            remove_file(folder / FRAMES_FILE)
        finally:
            if abort is not None:
                abort()

    with acquire(folder), watched(folder, end if abort else None) as watch:
        status = StatusWriter(folder, interval=0.25, map=folder.name.removeprefix(".job-"))
        if not cancel_requested(folder):
            status.beat(0.0, stage="finding neighbours")
        done: list[Map] = []

        def progress(step: Step) -> bool:
            total = step.total * len(grid)
            now = replace(step, iteration=step.total * len(done) + step.iteration, total=total)
            which = f"map {len(done) + 1} of {len(grid)}, " if len(grid) > 1 else ""
            kl = step.kl if isfinite(step.kl) else None
            with watch.lock:
                status.beat(now.iteration / now.total, stage=f"{which}arranging", kl=kl)
                if report is not None:
                    report(now)
                stop = cancel_requested(folder)
                # After the last step the map is measured and stored: whole, or not begun.
                watch.computes(not stop and step.iteration < step.total)
            return stop

        try:
            available = len(run.codes().mu)
            for params in (usual(params, available) for params in grid):
                if cancel_requested(folder):  # it may have come while the libraries were loaded
                    break
                watch.computes(True)
                if frames is None and map_id(params) in stored_maps(run):
                    done.append(load_map(run, map_id(params)))
                elif (found := fit_map(run, params, progress, frames)) is not None:
                    done.append(found)
                else:
                    break
            whole = len(done) == len(grid)
            status.end("done" if whole else "cancelled")
        except BaseException as error:
            status.end("failed", error=str(error) or type(error).__name__)
            raise
        finally:
            # Not at the start: a request may have come while this process loaded its libraries.
            clear_cancel(folder)
            # After the end: who finds neither it nor frames takes this for a fit that begins.
            remove_file(folder / FRAMES_FILE)
    return done if whole else None
