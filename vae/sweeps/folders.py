"""Sweeps on this machine: a folder of each beside the run folders, and starting and stopping them.

``.sweeps/STUDY`` holds ``sweep.json`` (the plan, and the storage where it is not the default),
``study.db`` (the default storage), the status of the worker here, and its log.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae.errors import VaeError
from vae.files import make_folder, read_json, write_json
from vae.jobs import spawn
from vae.runs import check_name, runs_dir
from vae.status import ACTIVE, announce, cancel_requested, read_status, request_cancel
from vae.stops import clear_requests
from vae.sweeps.plan import Plan, plan_from_json, plan_to_json
from vae.sweeps.storage import hidden, sqlite_url

_FILE = "sweep.json"
_SERVERS = ("postgresql", "mysql", "mariadb")


@dataclass(frozen=True)
class Sweep:
    """A sweep that is known on this machine.

    Attributes:
        plan: what it searches.
        folder: its own here.
        url: of its storage.
    """

    plan: Plan
    folder: Path
    url: str

    @property
    def status(self) -> dict[str, Any]:
        """Of the worker that this machine has or had: running, done, paused or failed."""
        return read_status(self.folder)

    @property
    def stopping(self) -> bool:
        """Whether the worker here was asked to stop and still works."""
        return self.status["state"] in ACTIVE and cancel_requested(self.folder)


def sweeps_dir() -> Path:
    """Where they are."""
    return runs_dir() / ".sweeps"


def folder_of(study: str) -> Path:
    """The folder of a sweep, whether it is there or not.

    Raises:
        VaeError: if no sweep may be called so.
    """
    return sweeps_dir() / check_name(study)


def default_url(study: str) -> str:
    """The storage of a sweep where nobody names another: an SQLite file in its folder."""
    return sqlite_url(folder_of(study) / "study.db")


def find_sweep(study: str) -> Sweep | None:
    """The sweep of this name, if it is known here.

    Raises:
        VaeError: if its file is damaged.
    """
    folder = folder_of(study)
    path = folder / _FILE
    if not path.is_file():
        return None
    value = read_json(path)
    if not isinstance(value, dict) or not isinstance(value.get("storage", ""), str):
        raise VaeError(f"{path} holds no sweep.")
    plan = plan_from_json(study, value.get("plan"), str(path))
    return Sweep(plan, folder, value.get("storage") or default_url(study))


def list_sweeps() -> tuple[list[Sweep], list[str]]:
    """All sweeps that are known here, the newest first, and why others cannot be read."""
    found, broken = [], []
    for path in sorted(sweeps_dir().glob(f"*/{_FILE}"), key=_changed, reverse=True):
        try:
            if sweep := find_sweep(path.parent.name):
                found.append(sweep)
        except VaeError as error:
            broken.append(str(error))
    return found, broken


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # deleted meanwhile
        return 0.0


def keep(plan: Plan, url: str) -> Sweep:
    """Make the sweep known here, if it is not yet."""
    folder = folder_of(plan.study)
    make_folder(folder)
    default = url == default_url(plan.study)
    if not (folder / _FILE).is_file():
        known = {"plan": plan_to_json(plan), **({} if default else {"storage": url})}
        write_json(folder / _FILE, known, private=not default)  # a URL may hold a password
    return Sweep(plan, folder, url)


def check_new(study: str) -> None:
    """Refuse a name that is in use.

    Raises:
        VaeError: if there is such a sweep here, or a run of a name that its trials would have.
    """
    if (folder_of(study) / _FILE).exists():
        raise VaeError(f"There is already a sweep named {study!r}; choose another name.")
    if (runs_dir() / f"{study}-000").exists():
        raise VaeError(f"There is already a run named {study + '-000'!r}; choose another name.")


def start_sweep(plan: Plan, url: str = "") -> Sweep:
    """Begin a sweep in the background.

    Args:
        plan: what it searches.
        url: of its storage, on a server: who asks in a browser names no files of this machine. The
            default one if empty.

    Raises:
        VaeError: if the name is taken, the storage no server, or the process cannot be made.
    """
    check_new(plan.study)
    if url and url.partition(":")[0].partition("+")[0] not in _SERVERS:
        raise VaeError(
            f"The storage {hidden(url)!r} came; {' or '.join(_SERVERS)}, as in "
            "postgresql+psycopg://HOST/NAME, is allowed. A file can be named in a terminal: "
            f"python -m vae sweep {plan.study} --storage sqlite:///FILE."
        )
    sweep = keep(plan, url or default_url(plan.study))
    go_on(sweep)
    return sweep


def go_on(sweep: Sweep) -> None:
    """Go on with a sweep in the background.

    Raises:
        VaeError: if it is at work here.
    """
    # A new one has no status yet, which reads as that of a process that is gone.
    if (sweep.folder / "status.json").exists() and sweep.status["state"] in ACTIVE:
        raise VaeError(f"The sweep {sweep.plan.study!r} is at work already.")
    clear_requests(sweep.folder)
    announce(sweep.folder)
    spawn(["sweep", sweep.plan.study, "--json"], sweep.folder / "log.txt")


def stop_sweep(sweep: Sweep) -> None:
    """Ask the workers on this machine to stop; the trial under way is given back, its run paused.

    Raises:
        VaeError: if none is at work.
    """
    if sweep.status["state"] not in ACTIVE:
        raise VaeError(f"The sweep {sweep.plan.study!r} is not at work here.")
    request_cancel(sweep.folder)
