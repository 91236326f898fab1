"""Whether a model's files are still those that were read."""

from __future__ import annotations

from pathlib import Path

from vae.map_frames import FRAMES_SUFFIX
from vae.runs import Run

# Name, time and size of every file that answers depend on.
Stamp = tuple[tuple[str, int, int], ...]


def stamp_of(run: Run) -> Stamp:
    """Changes when the weights, the codes or a map of ``run`` do; not with a map's frames."""
    files = [run.path / name for name in ("config.json", "weights.safetensors", "codes.npz")]
    for folder in sorted({run.path / "maps", run.maps_dir}):
        maps = folder.glob("*.npz")
        files += sorted(path for path in maps if not path.name.endswith(FRAMES_SUFFIX))
    return tuple(entry for path in files for entry in _file_stamp(path))


def _file_stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    return ((str(path), status.st_mtime_ns, status.st_size),)
