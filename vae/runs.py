"""Run folders and bundled models: finding, reading, loading and deleting them."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any

from vae.checks import GONE, check_evaluation, check_points, check_status
from vae.codes import Codes, read_codes
from vae.config import Config
from vae.config_json import config_from_json
from vae.errors import VaeError
from vae.files import read_json, read_json_lines, why
from vae.status import is_alive, read_status

if TYPE_CHECKING:  # who looks for a run, or waits with one in a queue, needs no PyTorch
    import torch

    from vae.model import VAE

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
CHECKPOINT = "checkpoint.safetensors"  # all that a training needs to go on; gone when it is done


@dataclass(frozen=True)
class Run:
    """A trained (or training, or bundled) model: a name, a folder and its configuration."""

    name: str
    path: Path
    bundled: bool
    config: Config

    @property
    def status(self) -> dict[str, Any]:
        """``status.json``, its ``state`` checked against the living processes."""
        if self.bundled:
            return {"state": "done"}
        status = read_status(self.path)
        if status.get("error") == GONE:
            status["error"] += f" {self._after_death(status)}"
        return status

    def _after_death(self, status: dict[str, Any]) -> str:
        """What can be done when the process is gone."""
        if "copy_of" in status:
            return "It is a copy of a model, half made: delete it."
        if (self.path / CHECKPOINT).is_file():
            return "Resume goes on from its last checkpoint."
        if self.ready:
            return "What it has learned is whole, and can be opened."
        return "It had no checkpoint yet: Resume begins again."

    @property
    def provenance(self) -> dict[str, Any]:
        """Date, command, versions and seconds of the training, as its process wrote them."""
        path = self.path / "status.json"
        return check_status(read_json(path), str(path))

    @property
    def ready(self) -> bool:
        """Whether it can be opened: weights and codes are there."""
        return all((self.path / name).is_file() for name in ("weights.safetensors", "codes.npz"))

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """``evaluation.json``, or ``None`` before the end of training."""
        path = self.path / "evaluation.json"
        if not path.is_file():
            return None
        return check_evaluation(read_json(path), self.config.model, str(path))

    @property
    def maps_dir(self) -> Path:
        """Where new maps are stored: a bundled model's own folder is never written to."""
        return runs_dir() / ".bundled" / self.name / "maps" if self.bundled else self.path / "maps"

    def metrics(self) -> list[dict[str, Any]]:
        """The points of the training curves so far (see :class:`vae.training.Progress`)."""
        path = self.path / "metrics.jsonl"
        return check_points(read_json_lines(path), str(path))

    def codes(self) -> Codes:
        """The codes of held-out images.

        Raises:
            VaeError: if they are missing, damaged, or of another latent size.
        """
        path = self.path / "codes.npz"
        if not path.is_file():
            raise VaeError(f"The model {self.name!r} has no codes yet: its training is not done.")
        codes = read_codes(path, path.stat().st_mtime_ns)
        if codes.mu.shape[1] != self.config.model.latent_dim:
            raise VaeError(
                f"{path} holds codes of {codes.mu.shape[1]} dimensions; the model "
                f"has {self.config.model.latent_dim}."
            )
        return codes


@dataclass(frozen=True)
class Broken:
    """A folder that should be a run and is not, with the reason."""

    name: str
    reason: str


def check_name(name: str) -> str:
    """``name`` itself, if a model may be called so.

    Raises:
        VaeError: if it may not.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise VaeError(
            f"{shortened(name)} is no name for a model: use 1 to 64 letters, digits, '.', '_' "
            "or '-', beginning with a letter or digit."
        )
    return name


def runs_dir() -> Path:
    """Where trained models live: ``$VAE_RUNS``, else ``runs`` under the working directory."""
    return Path(os.environ.get("VAE_RUNS") or "runs").expanduser().absolute()


def pretrained_dir() -> Path:
    """Where the bundled models live."""
    return Path(__file__).parent / "pretrained"


def _open(path: Path, bundled: bool) -> Run:
    config = config_from_json(read_json(path / "config.json"), str(path / "config.json"))
    return Run(path.name, path, bundled, config)


def _folders(parent: Path) -> list[Path]:
    try:
        if not parent.exists():
            return []
        found = [p for p in parent.iterdir() if re.fullmatch(NAME_PATTERN, p.name) and p.is_dir()]
    except OSError as error:
        raise VaeError(f"Could not read the folder {parent}: {why(error)}.") from error
    return sorted(found)


def list_runs() -> tuple[list[Run], list[Broken]]:
    """All models, bundled ones first, and the folders that could not be read, with reasons."""
    runs: list[Run] = []
    broken: list[Broken] = []
    for parent, bundled in ((pretrained_dir(), True), (runs_dir(), False)):
        for path in _folders(parent):
            if any(run.name == path.name for run in runs):
                broken.append(Broken(path.name, "a bundled model has the same name"))
                continue
            try:
                run = _open(path, bundled)
                if not bundled:
                    read_status(path)
                runs.append(run)
            except VaeError as error:
                broken.append(Broken(path.name, str(error)))
    return runs, broken


def find_run(name: str) -> Run:
    """The model called ``name``; a bundled one wins over a folder of the same name.

    Raises:
        VaeError: if there is none (saying which there are), or its configuration is damaged.
    """
    check_name(name)
    for parent, bundled in ((pretrained_dir(), True), (runs_dir(), False)):
        if (parent / name).is_dir():
            return _open(parent / name, bundled)
    names = ", ".join(run.name for run in list_runs()[0]) or "none"
    raise VaeError(f"There is no model {name!r}; there are: {names}.")


def load_model(run: Run, device: torch.device | str = "cpu") -> VAE:
    """The run's model with its weights, in evaluation mode.

    Raises:
        VaeError: if the weights are missing, damaged, or do not fit ``config.json``.
    """
    import torch

    from vae.checkpoints import load_weights
    from vae.model import VAE

    # On the meta device nothing is allocated: a config.json that asks for far more than its
    # weights file holds is refused before it can fill the memory.
    with torch.device("meta"):
        model = VAE(run.config.model)
    load_weights(model, run.path / "weights.safetensors")
    return model.to(device).eval()


def delete_run(name: str) -> None:
    """Delete a trained model's folder for good.

    Raises:
        VaeError: if it is bundled, at work, unknown, or cannot be removed.
    """
    check_name(name)
    if (pretrained_dir() / name).is_dir():
        raise VaeError(f"{name!r} is a bundled model and cannot be deleted.")
    path = runs_dir() / name
    if not path.is_dir():
        raise VaeError(f"There is no model {name!r} to delete.")
    if is_alive(path):
        raise VaeError(f"{name!r} is training; stop it before you delete it.")
    try:
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)
    except OSError as error:
        raise VaeError(f"Could not delete {path}: {why(error)}.") from error
