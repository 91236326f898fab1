"""The timeline of a training: its snapshots as a run folder keeps them, read and checked.

``timeline/shown.npz`` holds what is the same in all of them: ``originals`` (k, H, W, C) uint8,
``noisy`` of the same shape where the encoder is given spoiled images, ``labels`` (n,) of the images
whose codes are kept, ``count``: images in the training set. ``timeline/<images seen>.npz`` is a
snapshot, see :class:`Moment`; beside it lie its weights, ``.safetensors``, where these are kept.
:mod:`vae.snapshots` writes them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from vae.config import ModelConfig
from vae.errors import VaeError
from vae.files import load_npz
from vae.runs import Run
from vae.unpacking import MEGABYTE, npz_arrays

TIMELINE, SHOWN = "timeline", "shown.npz"
PICTURES, CODES, MOMENTS = 16, 1000, 80  # at most: images of a kind, codes, snapshots of a run
FILE_PATTERN = rf"{TIMELINE}/(shown|[0-9]{{12}})\.npz"  # the files that are exported
FILE_LIMIT = 128 * MEGABYTE
_LABELS = 1000
_LARGEST = 65_504  # in half precision


@dataclass(frozen=True)
class Shown:
    """What all snapshots of a run are of.

    Attributes:
        originals: validation images, (k, H, W, C) uint8.
        noisy: what the encoder is given instead, of the same shape, or ``None``.
        labels: classes of the validation images whose codes are kept, (n,) int64.
        count: images in the training set: so many seen are an epoch.
    """

    originals: np.ndarray
    noisy: np.ndarray | None
    labels: np.ndarray
    count: int


@dataclass(frozen=True)
class Moment:
    """A snapshot of a model while it learned.

    Attributes:
        images: images trained on until then.
        reconstructions: of the originals, (k, H, W, C) uint8.
        samples: decodes of the same draws each time, (s, H, W, C) uint8.
        codes: posterior means of the same validation images each time, (n, d) float32.
        terms: reconstruction and KL of the originals, nats per image with one draw of z, (2,)
            float32; the KL is NaN where codes are points.
    """

    images: int
    reconstructions: np.ndarray
    samples: np.ndarray
    codes: np.ndarray
    terms: np.ndarray


def has_timeline(run: Run) -> bool:
    """Whether there are snapshots of its training, by now."""
    return (run.path / TIMELINE / SHOWN).is_file()


def moments(run: Run) -> list[int]:
    """When the snapshots were taken, in images seen, ascending."""
    files = (run.path / TIMELINE).glob("*.npz")
    found = (re.fullmatch("([0-9]{12})[.]npz", path.name) for path in files)
    return sorted(int(match[1]) for match in found if match)[:MOMENTS]


def moment_path(run: Run, images: int) -> Path:
    """The file of a snapshot."""
    return run.path / TIMELINE / f"{images:012d}.npz"


def weights_path(run: Run, images: int) -> Path:
    """The file of its weights, which need not be there."""
    return moment_path(run, images).with_suffix(".safetensors")


def exported_files(run: Run) -> list[Path]:
    """The files of the timeline that go along with the model; its weights do not."""
    if not has_timeline(run):
        return []
    return [run.path / TIMELINE / SHOWN, *(moment_path(run, images) for images in moments(run))]


def read_shown(run: Run) -> Shown:
    """What all snapshots of a run are of.

    Raises:
        VaeError: if there are none, or the file is damaged or of another model.
    """
    path = run.path / TIMELINE / SHOWN
    if not path.is_file():
        raise VaeError(
            f"{run.name!r} has no snapshots: they are taken while a model learns, by this version "
            "of the program."
        )
    return _read_shown(path, path.stat().st_mtime_ns, run.config.model)


def read_moment(run: Run, images: int) -> Moment:
    """One snapshot, read once until its file changes.

    Raises:
        VaeError: if there is none, or its file is damaged or does not fit the others.
    """
    path = moment_path(run, images)
    if not path.is_file():
        raise VaeError(f"{run.name!r} has no snapshot at {images:,} images.")
    return _read_moment(
        path, path.stat().st_mtime_ns, run.config.model, len(read_shown(run).labels)
    )


def parse_shown(arrays: dict[str, np.ndarray], model: ModelConfig, label: str) -> Shown:
    """Check the arrays of a ``shown.npz``.

    Raises:
        VaeError: if one is missing or is not what it should be.
    """
    originals, noisy = _pictures(arrays, "originals", model, label), None
    if "noisy" in arrays:
        noisy = _pictures(arrays, "noisy", model, label)
    labels, count = (_array(arrays, name, label) for name in ("labels", "count"))
    if (
        labels.dtype.kind not in "iu"
        or labels.ndim != 1
        or not 1 <= len(labels) <= CODES
        or not ((labels >= 0) & (labels < _LABELS)).all()
        or count.dtype.kind not in "iu"
        or count.shape != ()
        or not 1 <= int(count) <= 1e12
        or (noisy is not None and len(noisy) != len(originals))
    ):
        raise VaeError(f"{label} does not say what the snapshots are of.")
    return Shown(originals, noisy, labels.astype(np.int64), int(count))


def parse_moment(
    arrays: dict[str, np.ndarray], model: ModelConfig, n: int, images: int, label: str
) -> Moment:
    """Check the arrays of a snapshot of ``n`` codes.

    Raises:
        VaeError: if one is missing or is not what it should be.
    """
    reconstructions = _pictures(arrays, "reconstructions", model, label)
    samples = _pictures(arrays, "samples", model, label)
    codes, terms = (_array(arrays, name, label) for name in ("codes", "terms"))
    if codes.dtype.kind != "f" or codes.shape != (n, model.latent_dim):
        raise VaeError(
            f"{label} holds codes of shape {codes.shape}; {n} × {model.latent_dim} are due."
        )
    if not (np.abs(codes) <= _LARGEST).all():  # also false for nan
        raise VaeError(f"{label} holds codes that are not finite numbers of a code's size.")
    if terms.dtype.kind != "f" or terms.shape != (2,) or not abs(float(terms[0])) < 1e39:
        raise VaeError(f"{label} holds terms that are not two numbers of nats.")
    numbers = codes.astype(np.float32), terms.astype(np.float32)
    return Moment(images, reconstructions, samples, *numbers)


def check_timeline(files: dict[str, bytes], model: ModelConfig) -> None:
    """Check the exported files of a timeline, by path in the zip; none is allowed as well.

    Raises:
        VaeError: naming the first that does not fit.
    """
    names = sorted(name for name in files if re.fullmatch(FILE_PATTERN, name))
    if not names:
        return
    first = f"{TIMELINE}/{SHOWN}"
    if first not in names:
        raise VaeError(f"The zip holds {names[0]} without {first}.")
    if len(names) - 1 > MOMENTS:
        raise VaeError(f"The zip holds {len(names) - 1} snapshots; allowed are {MOMENTS}.")
    shown = parse_shown(npz_arrays(files[first], first, FILE_LIMIT), model, first)
    for name in names:
        if name != first:
            images = int(Path(name).stem)
            found = npz_arrays(files[name], name, FILE_LIMIT)
            moment = parse_moment(found, model, len(shown.labels), images, name)
            _check_numbers(moment, shown, name)


def _check_numbers(moment: Moment, shown: Shown, label: str) -> None:
    if len(moment.reconstructions) != len(shown.originals):
        raise VaeError(
            f"{label} holds {len(moment.reconstructions)} reconstructions of "
            f"{len(shown.originals)} images."
        )


@lru_cache(maxsize=16)
def _read_shown(path: Path, _changed: int, model: ModelConfig) -> Shown:
    return parse_shown(load_npz(path), model, str(path))


@lru_cache(maxsize=2 * MOMENTS)
def _read_moment(path: Path, _changed: int, model: ModelConfig, n: int) -> Moment:
    return parse_moment(load_npz(path), model, n, int(path.stem), str(path))


def _array(arrays: dict[str, np.ndarray], name: str, label: str) -> np.ndarray:
    if name not in arrays:
        raise VaeError(f"{label} is no part of a timeline: it lacks {name!r}.")
    return arrays[name]


def _pictures(
    arrays: dict[str, np.ndarray], name: str, model: ModelConfig, label: str
) -> np.ndarray:
    found = _array(arrays, name, label)
    if (
        found.dtype != np.uint8
        or found.shape[1:] != model.image_shape
        or not 1 <= len(found) <= PICTURES
    ):
        allowed = f"uint8 of shape (1 to {PICTURES}, {', '.join(map(str, model.image_shape))})"
        raise VaeError(
            f"{label} holds {name} as {found.dtype} of shape {found.shape}; {allowed} are due."
        )
    return found


def nearest_openable(run: Run, images: int) -> int | None:
    """The snapshot with weights that lies nearest to ``images`` seen, by their ratio."""
    kept = [at for at in moments(run) if weights_path(run, at).is_file()]
    return min(kept, key=lambda at: abs(math.log((at + 1) / (images + 1))), default=None)
