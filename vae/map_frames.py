"""Frames of a map forming: its places every 25th iteration, kept so that it can be watched.

While a fit runs, its process appends to ``<job folder>/frames.bin``: uint32 n and total iterations,
then records of one frame each, as in the answer of ``GET …/frames`` (see ``vae.serve``). A record
that is not whole yet is not there for a reader. When the map is stored, the frames are stored
beside it as ``<id>.frames.npz``: ``iterations`` (f,) int32, ``kl`` (f,) float32 nats, ``boxes``
(f, 4) float32 (x low, x high, y low, y high) and ``coords`` (f, n, 2) uint16, in which 0 and 65,535
are the ends of the frame's box. 31 frames of 60,000 points are 7 MB.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vae.errors import VaeError
from vae.files import load_npz, save_npz, why, write_atomic
from vae.projection import Step

FRAMES_FILE, FRAMES_SUFFIX = "frames.bin", ".frames.npz"
MAX_FRAMES = 64
_STEPS = 65_535  # of the grid that places are rounded to, along each side of the box
_HEADER = np.dtype([("n", "<u4"), ("total", "<u4")])


@dataclass(frozen=True)
class Frames:
    """A map at several iterations, the start first.

    Attributes:
        total: iterations of the whole fit.
        iterations: (f,) int32, ascending.
        kl: (f,) float32, the objective in nats; NaN where it is not known.
        boxes: (f, 4) float32, x low, x high, y low, y high.
        coords: (f, n, 2) uint16, places on a grid in the box.
    """

    total: int
    iterations: np.ndarray
    kl: np.ndarray
    boxes: np.ndarray
    coords: np.ndarray

    def __len__(self) -> int:
        return len(self.iterations)

    def places(self, frame: int) -> np.ndarray:
        """The places of one frame in the map's units, (n, 2) float32, to a 65,535th of its box."""
        low, high = self.boxes[frame, 0::2], self.boxes[frame, 1::2]
        return (low + self.coords[frame] * ((high - low) / _STEPS)).astype(np.float32)


def record_type(n: int) -> np.dtype:
    """One frame of n points as bytes: uint32, float32, 4 × float32, n × 2 uint16; 24 + 4 n."""
    return np.dtype(
        [("iteration", "<u4"), ("kl", "<f4"), ("box", "<f4", 4), ("coords", "<u2", (n, 2))]
    )


def begin_frames(path: Path, n: int, total: int) -> None:
    """Start a file of frames anew; who reads the old one keeps it."""
    write_atomic(path, np.array((n, total), _HEADER).tobytes())


def append_frame(path: Path, step: Step) -> None:
    """Add a frame in a single write.

    Raises:
        VaeError: if it cannot be written.
    """
    try:
        with path.open("ab") as file:
            file.write(_record(step).tobytes())
    except OSError as error:
        raise VaeError(f"Could not write {path}: {why(error)}.") from error


def _record(step: Step) -> np.ndarray:
    places = np.asarray(step.coords, np.float32)
    low, high = places.min(axis=0), places.max(axis=0)
    side = np.where(high > low, high - low, 1)  # points in one line, or in one place
    record = np.zeros((), record_type(len(places)))
    record["iteration"], record["kl"] = step.iteration, step.kl
    record["box"] = low[0], high[0], low[1], high[1]
    record["coords"] = np.rint((places - low) / side * _STEPS)
    return record


def read_frames(path: Path, first: int = 0, most: int = MAX_FRAMES) -> Frames:
    """The whole frames of a file that may be growing, from the ``first`` on, ``most`` at once.

    Raises:
        VaeError: if there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            header = np.frombuffer(file.read(_HEADER.itemsize), _HEADER)
            if not len(header):
                raise VaeError(f"{path} holds no frames.")
            n, total = int(header["n"][0]), int(header["total"][0])
            record = record_type(n)
            file.seek(first * record.itemsize, 1)
            raw = file.read(most * record.itemsize)
    except FileNotFoundError:
        raise VaeError(f"There is no file {path}.") from None
    except OSError as error:
        raise VaeError(f"Could not read {path}: {why(error)}.") from error
    found = np.frombuffer(raw, record, count=len(raw) // record.itemsize)
    return Frames(
        total, found["iteration"].astype(np.int32), found["kl"], found["box"], found["coords"]
    )


def pack_records(frames: Frames) -> bytes:
    """Frames as the bytes of their records, one after the other."""
    packed = np.zeros(len(frames), record_type(frames.coords.shape[1]))
    packed["iteration"], packed["kl"] = frames.iterations, frames.kl
    packed["box"], packed["coords"] = frames.boxes, frames.coords
    return packed.tobytes()


def store_frames(path: Path, frames: Frames) -> None:
    """Write frames as ``.npz``, atomically."""
    save_npz(
        path,
        iterations=frames.iterations.astype(np.int32),
        kl=frames.kl.astype(np.float32),
        boxes=frames.boxes.astype(np.float32),
        coords=frames.coords.astype(np.uint16),
    )


def load_frames(path: Path, coords: np.ndarray) -> Frames:
    """The stored frames of the map with these places (n, 2).

    Raises:
        VaeError: if they are missing or damaged, or end in another map.
    """
    frames = parse_frames(load_npz(path), len(coords), str(path))
    low, high = frames.boxes[-1, 0::2], frames.boxes[-1, 1::2]
    if (np.abs(frames.places(-1) - coords) > 2 * (high - low) / _STEPS + 1e-6).any():
        raise VaeError(f"{path} holds frames of another map.")
    return frames


def parse_frames(arrays: dict[str, np.ndarray], n: int, label: str) -> Frames:
    """Check the arrays of a ``.frames.npz`` of a map of ``n`` points.

    Raises:
        VaeError: if one is missing, of another type or shape, or holds what no frame can.
    """
    try:
        found = Frames(0, *(arrays[name] for name in ("iterations", "kl", "boxes", "coords")))
    except KeyError as error:
        raise VaeError(f"{label} holds no frames: it lacks {error.args[0]!r}.") from None
    kinds = ((found.iterations, "i"), (found.kl, "f"), (found.boxes, "f"), (found.coords, "u"))
    f = found.iterations.size
    if (
        any(array.dtype.kind != kind for array, kind in kinds)
        or found.coords.dtype.itemsize != 2
        or not 1 <= f <= MAX_FRAMES
        or found.iterations.shape != found.kl.shape
        or found.iterations.shape != (f,)
        or found.boxes.shape != (f, 4)
        or found.coords.shape != (f, n, 2)
    ):
        raise VaeError(
            f"{label} does not hold 1 to {MAX_FRAMES} frames of {n} places in the plane."
        )
    ordered = (np.diff(found.iterations) > 0).all() and found.iterations[0] >= 0
    if not ordered or not (np.abs(found.boxes) < 1e6).all() or np.isinf(found.kl).any():
        raise VaeError(f"{label} holds iterations, boxes or values that no fit has.")
    return Frames(int(found.iterations[-1]), *(array for array, _ in kinds))
