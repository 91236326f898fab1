"""Starting the long work as processes of its own, and stopping it, from a page or a script.

Nothing here waits: progress is read from the status file that the process keeps.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vae.config import Config
from vae.errors import VaeError
from vae.files import make_folder
from vae.map_jobs import GRID, folder_of
from vae.map_params import MapParams, map_id, used_by
from vae.runs import CHECKPOINT, Run
from vae.status import (
    ACTIVE,
    StatusWriter,
    acquire,
    announce,
    clear_cancel,
    is_alive,
    read_status,
    request_cancel,
)
from vae.stops import clear_requests, request_pause
from vae.worker import check_resumable, prepare

_ROOT = Path(__file__).resolve().parent.parent
# Windows has no sessions; there a group of its own keeps the server's Ctrl+C from the process.
_NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


def spawn(arguments: list[str], log: Path) -> None:
    """Start ``python -m vae ARGUMENTS`` in a session of its own; its words go to ``log``.

    The process outlives the one that started it: a reload or a restart of the server does not
    touch it.

    Raises:
        VaeError: if it cannot be started.
    """
    code = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from vae.__main__ import process; "
    try:
        with log.open("ab") as file:
            subprocess.Popen(
                [sys.executable, "-c", code + "process()", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                creationflags=_NEW_GROUP,
            )
    except OSError as error:
        raise VaeError(f"Could not start the process: {error.strerror}.") from error


def start_training(name: str, config: Config) -> None:
    """Claim the run folder, so that a taken name is refused at once, and train in the background
    when its turn comes (see :mod:`vae.queue`).

    Raises:
        VaeError: if the name is taken, or the folder or process cannot be made.
    """
    folder = prepare(name, config)
    _go_on(folder, config)


def resume_training(run: Run) -> None:
    """Go on with a stopped run in the background, from the step of its last checkpoint.

    Raises:
        VaeError: if it is at work already, or has nothing to go on with.
    """
    if is_alive(run.path) or run.status["state"] in ACTIVE:  # or its process is just starting
        raise VaeError(f"{run.name!r} is training already.")
    check_resumable(run)
    clear_requests(run.path)
    _go_on(run.path, run.config)


def pause_training(run: Run) -> None:
    """Ask a training to write a checkpoint and end, so that its memory and its turn are free.

    Raises:
        VaeError: if it is not at work and does not wait either.
    """
    if (state := read_status(run.path)["state"]) not in ACTIVE:
        raise VaeError(f"{run.name!r} is {state}, so it cannot be paused.")
    request_pause(run.path)


def cancel_training(run: Run) -> None:
    """Ask a training to end; what it has learned is kept and measured.

    Of one that is paused or has failed, a process of its own keeps what its last checkpoint holds.

    Raises:
        VaeError: if it has ended.
    """
    state = read_status(run.path)["state"]
    if state in ("done", "cancelled"):
        raise VaeError(f"{run.name!r} is {state}, so it cannot be cancelled.")
    if state in ACTIVE:
        request_cancel(run.path)
    elif (run.path / CHECKPOINT).is_file():
        clear_requests(run.path)
        request_cancel(run.path)
        _go_on(run.path, run.config)
    else:  # it never came so far that there is something to keep
        with acquire(run.path):
            StatusWriter(run.path).end("cancelled")


def _go_on(folder: Path, config: Config) -> None:
    announce(folder, "queued", epochs=config.training.epochs)
    spawn(["train", folder.name, "--resume", "--json"], folder / "log.txt")


def start_map(run: Run, params: MapParams) -> Path:
    """Fit a map in the background; the folder it reports in (see ``vae.status``).

    Raises:
        VaeError: if that map is being fitted already, or the folder cannot be made.
    """
    return _start(run, map_id(params), "This map", map_options(params))


def start_perplexities(run: Run, grid: Sequence[MapParams]) -> Path:
    """Fit t-SNE maps that differ in perplexity only, one after another, in the background.

    Those that are stored already stay as they are. See :func:`vae.map_params.perplexity_grid`.

    Returns:
        The folder that the one job for all of them reports in.

    Raises:
        VaeError: if they are fewer than two or differ in more, or such a job of this model is at
            work already.
    """
    base = {replace(params, perplexity=2.0) for params in grid}
    if len(grid) < 2 or len(base) > 1 or grid[0].method != "tsne":
        raise VaeError("A grid is two or more t-SNE maps that differ in perplexity only.")
    perplexities = {"--perplexity": [str(params.perplexity) for params in grid]}
    return _start(run, GRID, "A grid of maps", map_options(grid[0]) | perplexities)


def map_options(params: MapParams) -> dict[str, list[str]]:
    """A map as options of ``python -m vae map NAME``."""
    flags = {f"--{name.replace('_', '-')}": [str(v)] for name, v in used_by(params).items()}
    return {"--method": [params.method], **flags}


def _start(run: Run, job: str, what: str, options: dict[str, list[str]]) -> Path:
    folder = folder_of(run, job)
    if is_alive(folder):
        raise VaeError(f"{what} of {run.name!r} is being fitted already.")
    make_folder(folder)
    clear_cancel(folder)
    announce(folder, map=job)
    flags = [word for flag, values in options.items() for word in (flag, *values)]
    spawn(["map", run.name, *flags, "--json"], folder / "log.txt")
    return folder


def cancel_map(folder: Path) -> None:
    """Ask the process that fits a map to stop; nothing of it is stored.

    It answers within about two seconds. One that still loads its libraries counts as stopped at
    once: it will find the request. Of a fit that has ended already nothing is asked.
    """
    if read_status(folder)["state"] != "running":
        return
    request_cancel(folder)
    if not is_alive(folder) and read_status(folder)["state"] == "running":
        StatusWriter(folder, map=folder.name.removeprefix(".job-")).end("cancelled")
