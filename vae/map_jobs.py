"""The fits of a model's maps, as their folders tell: at work or ended (see ``vae.map_worker``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vae.errors import VaeError
from vae.runs import Run
from vae.status import cancel_requested, read_status

_PREFIX = ".job-"
GRID = "perplexities"  # the job that fits several maps, in the place of a map's id


@dataclass(frozen=True)
class Fit:
    """One fit: which map, where it stands.

    Attributes:
        map_id: of its map, or ``perplexities`` for a grid of them.
        state: running, done, cancelled or failed; also if its process is gone.
        progress: 0–1.
        cancelling: whether somebody asked it to stop.
    """

    map_id: str
    folder: Path
    state: str
    progress: float = 0.0
    seconds_left: float | None = None
    stage: str = "starting"
    error: str | None = None
    cancelling: bool = False


def folder_of(run: Run, job: str) -> Path:
    """The folder of the job that fits this map, or :data:`GRID`."""
    return run.maps_dir / f"{_PREFIX}{job}"


def fits(run: Run) -> list[Fit]:
    """Every fit that left a trace, the latest first. Survives a restart of the server."""
    folders = [path for path in run.maps_dir.glob(f"{_PREFIX}*") if path.is_dir()]
    return [_read(path) for path in sorted(folders, key=_changed, reverse=True)]


def _changed(folder: Path) -> float:
    return folder.stat().st_mtime


def _read(folder: Path) -> Fit:
    name = folder.name.removeprefix(_PREFIX)
    try:
        status = read_status(folder)
    except VaeError as error:
        return Fit(name, folder, "failed", error=str(error))
    return Fit(
        name,
        folder,
        status["state"],
        float(status.get("progress") or 0.0),
        status.get("seconds_left"),
        status.get("stage", "starting"),
        status.get("error"),
        cancel_requested(folder),
    )
