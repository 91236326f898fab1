"""Starting the long work as processes of its own, and stopping it, from a page or a script.

Nothing here waits: progress is read from the status file that the process keeps.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from vae.config import Config
from vae.errors import VaeError
from vae.files import make_folder
from vae.map_worker import job_folder
from vae.maps import MapParams, map_id
from vae.runs import Run
from vae.status import announce, clear_cancel, is_alive, request_cancel
from vae.worker import prepare

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
    code = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from vae.__main__ import main; "
    try:
        with log.open("ab") as file:
            subprocess.Popen(
                [sys.executable, "-c", code + "sys.exit(main())", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                creationflags=_NEW_GROUP,
            )
    except OSError as error:
        raise VaeError(f"Could not start the process: {error.strerror}.") from error


def start_training(name: str, config: Config) -> None:
    """Claim the run folder, so that a taken name is refused at once, and train in the background.

    Raises:
        VaeError: if the name is taken, or the folder or process cannot be made.
    """
    folder = prepare(name, config)
    announce(folder, epochs=config.training.epochs)
    spawn(["train", name, "--resume", "--json"], folder / "log.txt")


def resume_training(run: Run) -> None:
    """Go on with a stopped run in the background.

    Raises:
        VaeError: if it is at work already.
    """
    if is_alive(run.path):
        raise VaeError(f"{run.name!r} is training already.")
    clear_cancel(run.path)
    announce(run.path, epochs=run.config.training.epochs)
    spawn(["train", run.name, "--resume", "--json"], run.path / "log.txt")


def cancel_training(run: Run) -> None:
    """Ask a training to stop; it keeps what it learned, within a tenth of an epoch."""
    request_cancel(run.path)


def start_map(run: Run, params: MapParams) -> Path:
    """Fit a t-SNE map in the background; the folder it reports in (see ``vae.status``).

    Raises:
        VaeError: if that map is being fitted already, or the folder cannot be made.
    """
    folder = job_folder(run, params)
    if is_alive(folder):
        raise VaeError(f"This map of {run.name!r} is being fitted already.")
    make_folder(folder)
    clear_cancel(folder)
    announce(folder, map=map_id(params))
    options = {"points": params.points, "perplexity": params.perplexity, "seed": params.seed}
    flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    spawn(["map", run.name, *flags, "--json"], folder / "log.txt")
    return folder


def cancel_map(folder: Path) -> None:
    """Ask the process that fits a map to stop; nothing of it is stored."""
    request_cancel(folder)
