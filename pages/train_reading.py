"""What a run's files say at one moment: all that the Train page shows, read before any is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vae.errors import VaeError
from vae.files import load_npz
from vae.objectives import TERMS
from vae.queue import before
from vae.runs import Run
from vae.status import ACTIVE


@dataclass(frozen=True)
class View:
    """What a run's files say at one moment.

    Attributes:
        rows: points of the curves (see :class:`vae.training.Progress`).
        epoch: the epoch of ``pictures``.
        pictures: originals, reconstructions and samples, and noisy ones of a model that is given
            these, (n, H, W, C) uint8 each; ``None`` before the first epoch's end.
        waits_for: the runs before it in the queue.
    """

    run: Run
    status: dict[str, Any]
    rows: list[dict[str, Any]]
    epoch: int
    pictures: dict[str, np.ndarray] | None
    waits_for: list[str]
    log: str

    @property
    def active(self) -> bool:
        return self.status["state"] in ACTIVE

    @property
    def found(self) -> dict[str, Any] | None:
        """The evaluation of an ended training."""
        ended = self.status["state"] in ("done", "cancelled")
        return self.run.evaluation if ended else None

    @property
    def last(self) -> dict[str, Any] | None:
        """The newest point of the validation images; before there is one, of the training."""
        terms = TERMS[self.run.config.objective.objective]
        for split in ("validation", "train"):
            rows = [row for row in self.rows if row["split"] == split]
            if rows and all(term in rows[-1] for term in terms):
                return rows[-1]
        return None


def read_view(run: Run) -> View:
    """Read all that is shown, before any of it is drawn.

    Raises:
        VaeError: if the folder is gone or a file in it is damaged.
    """
    if not run.path.is_dir():
        raise VaeError(f"The run {run.name!r} is no longer there: its folder was removed.")
    try:
        newest = max((run.path / "snapshots").glob("*.npz"), default=None)
        log, status = run.path / "log.txt", run.status
        return View(
            run=run,
            status=status,
            rows=run.metrics(),
            epoch=int(newest.stem) if newest else 0,
            pictures=load_npz(newest) if newest else None,
            waits_for=before(run.path) if status["state"] == "queued" else [],
            log=log.read_text(encoding="utf-8", errors="replace") if log.is_file() else "",
        )
    except OSError as error:
        raise VaeError(f"Could not read the run {run.name!r}: {error.strerror}.") from error
