"""What a training process does: claim a run folder, wait its turn, train, say how it went.

PyTorch is loaded when the turn has come: a process that waits is small.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae.card import command
from vae.config import Config, Device
from vae.config_json import config_to_json
from vae.errors import VaeError
from vae.failures import explained
from vae.files import append_line, make_folder, remove_abandoned, why, write_json
from vae.queue import at_once, place, queue_of
from vae.runs import CHECKPOINT, Run, check_name, find_run, pretrained_dir, runs_dir
from vae.status import ACTIVE, State, StatusWriter, acquire, is_alive, now, read_status
from vae.stops import Stops, clear_requests

if TYPE_CHECKING:
    from vae.batches import Where
    from vae.learning import Report

_POLL_SECONDS = 0.25  # between two looks at the queue
_SAY_SECONDS = 1.5  # between two signs of life of a process that waits

Waiting = Callable[[list[str]], None]


def prepare(name: str, config: Config, **facts: Any) -> Path:
    """Claim a new run folder and write its ``config.json``; whole, or not at all.

    Args:
        facts: of a status to begin with, if there are any.

    Raises:
        VaeError: if the name is taken or the folder cannot be written.
    """
    check_name(name)
    folder = runs_dir() / name
    if (pretrained_dir() / name).is_dir():
        raise VaeError(f"{name!r} is the name of a bundled model; choose another.")
    make_folder(runs_dir())
    remove_abandoned(runs_dir())
    _check_free(folder)
    try:
        hidden = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=runs_dir()))
    except OSError as error:
        raise VaeError(f"Could not create the folder {folder}: {why(error)}.") from error
    try:
        hidden.chmod(0o755)
        write_json(hidden / "config.json", config_to_json(config))
        if config.training.start_from and "copy_of" not in facts:  # a copy is not trained
            from vae.fine_tuning import keep_start

            keep_start(hidden, config)
        if facts:
            write_json(hidden / "status.json", facts)
        hidden.rename(folder)
    except OSError as error:
        _check_free(folder)  # another process may have claimed it meanwhile
        raise VaeError(f"Could not create the folder {folder}: {why(error)}.") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)  # a full disk must not use the name up
    return folder


def _check_free(folder: Path) -> None:
    name = folder.name
    # An empty folder is what a copy that broke off may leave; nothing is lost with it.
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if is_alive(folder):
        waits = read_status(folder)["state"] == "queued"
        doing = "waits in the queue" if waits else "is running"
        raise VaeError(f"A training named {name!r} {doing}; choose another name.")
    raise VaeError(
        f"There is already a run named {name!r}; choose another name, delete it, or go on "
        "with it by --resume."
    )


def check_resumable(run: Run) -> None:
    """Refuse to go on with what would not go on but begin anew.

    Raises:
        VaeError: if the run is bundled, done, or a model whose training is not here.
    """
    name, status = run.name, run.status
    if run.bundled:
        raise VaeError(f"{name!r} is a bundled model: it is complete.")
    if status["state"] == "done":
        raise VaeError(f"{name!r} has already trained all its {run.config.training.epochs} epochs.")
    if source := status.get("copy_of"):
        raise VaeError(
            f"{name!r} is a copy of {source!r} whose encoding broke off, not a training: delete it "
            "and encode again."
        )
    _check_checkpoint(run.path)


def _check_checkpoint(folder: Path) -> None:
    trained = (folder / "weights.safetensors").is_file()
    if trained and not (folder / CHECKPOINT).is_file():
        raise VaeError(
            f"{folder.name!r} has weights but no checkpoint to go on from (it was imported, or has "
            "just ended): start a new training from it by --start-from."
        )


def resumable(name: str) -> Run:
    """The run to go on with.

    Raises:
        VaeError: if it is unknown, or :func:`check_resumable` refuses it.
    """
    run = find_run(name)
    check_resumable(run)
    if run.status["state"] not in ACTIVE:
        clear_requests(run.path)  # those that a killed process never saw
    return run


def train_run(
    folder: Path,
    config: Config,
    report: Report | None = None,
    *,
    stops: Stops | None = None,
    waiting: Waiting | None = None,
    at_turn: bool = True,
    where: Where = "auto",
) -> State:
    """Train the run in ``folder`` to its end, from its last checkpoint where there is one.

    Args:
        report: told of each point of the curves.
        stops: where requests to stop come from; from the folder's files by default.
        waiting: told the names of the runs before this one in the queue, whenever they change.
        at_turn: wait for the turn; otherwise begin at once.
        where: the training images lie (see :func:`vae.batches.pick`).

    Returns:
        ``"done"``; ``"cancelled"``: what was learned is kept; or ``"paused"``.

    Raises:
        VaeError: for what a person can mend; ``status.json`` then says ``failed`` and why.
    """
    stops = stops or Stops(folder)
    with acquire(folder):
        _check_checkpoint(folder)  # whoever held the lock until now may have trained it to its end
        again = command(folder.name, config)
        status = StatusWriter(folder, epochs=config.training.epochs, command=again)
        try:
            _clean(folder)
            append_line(folder / "log.txt", f"{now()} {again}")
            queue = queue_of(config.training.device)
            with place(folder, queue, first=not at_turn) as before:
                state = _await_turn(folder, before if at_turn else list, stops, waiting, status)
                if state is None:
                    with status.stage("loading PyTorch"):  # seconds, on a busy machine many
                        from vae.learning import learn

                    state = learn(folder, config, status, stops, report, where)
        except KeyboardInterrupt:
            goes_on = (folder / CHECKPOINT).is_file()
            then = "goes on from its last checkpoint" if goes_on else "begins again"
            _fail(folder, status, f"Stopped by the keyboard: Resume {then}.")
            raise
        except Exception as error:
            # Also what nobody foresaw must not leave a run that looks alive.
            known = explained(error, config)
            _fail(folder, status, str(known or error) or type(error).__name__)
            if known is None or known is error:
                raise
            raise known from error
        finally:
            # Not at the start: a request may have come while this process loaded its libraries.
            clear_requests(folder)
        append_line(folder / "log.txt", f"{now()} {state}")
    return state


def _await_turn(
    folder: Path,
    before: Callable[[], list[str]],
    stops: Stops,
    waiting: Waiting | None,
    status: StatusWriter,
) -> State | None:
    """Wait until fewer runs are before this one than may work at once.

    Returns:
        ``None`` when there is something to do; else how the run was ended while it waited.
    """
    told, said, most = None, 0.0, at_once()
    trained = (folder / CHECKPOINT).is_file()
    while True:
        asked = stops.asked()
        if asked == "cancel" and trained:
            return None  # what it has learned is kept: short work, for which nobody waits
        if asked is not None:
            state: State = "paused" if asked == "pause" else "cancelled"
            status.end(state)
            return state
        names = before()
        if len(names) < most:
            return None
        if names != told or time.monotonic() - said > _SAY_SECONDS:
            status.say("queued", stage="waiting its turn", waiting=len(names))
            said = time.monotonic()
        if names != told and waiting is not None:
            waiting(names)
        told = names
        time.sleep(_POLL_SECONDS)


def _fail(folder: Path, status: StatusWriter, error: str) -> None:
    """Write why it failed, or say it where that can still be done."""
    try:
        status.end("failed", error=error)
        append_line(folder / "log.txt", f"{now()} failed: {error}")
    except VaeError as second:  # a full disk: the lock still tells that nobody is at work
        print(f"error: {second}", file=sys.stderr)


def _clean(folder: Path) -> None:
    """Remove what a killed process was just writing: whole files have no dot before their name."""
    for path in (*folder.glob(".*"), *folder.glob("snapshots/.*"), *folder.glob("timeline/.*")):
        # Who asks it to stop writes here as well.
        if path.is_file() and not path.name.startswith((".lock", ".cancel.", ".pause.")):
            path.unlink(missing_ok=True)


def with_device(config: Config, device: Device | None) -> Config:
    """The configuration on another device: the one thing a resumed run may change."""
    if device is None:
        return config
    return replace(config, training=replace(config.training, device=device))
