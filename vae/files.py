"""Files that are either whole or not there: atomic writes and checked reads. Nothing is pickled."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from vae.errors import VaeError
from vae.unpacking import npz_arrays

_LARGEST = 1 << 30  # bytes of a .npz, unpacked
_ATTEMPTS = 20
_ABANDONED_SECONDS = 3600.0  # making a folder takes minutes at most


class NotJson(VaeError):
    """A file that holds something else, or a part of its JSON only."""


def why(error: OSError) -> str:
    """The operating system's reason in words a person can act on."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    if error.errno == errno.EROFS:
        return "this folder may not be written to"
    return (error.strerror or str(error)).lower().rstrip(".")


def make_folder(path: Path, exist_ok: bool = True) -> None:
    """Create ``path`` and its parents.

    Raises:
        VaeError: if it cannot be created (full disk, read-only).
        FileExistsError: if it is there and ``exist_ok`` is false.
    """
    try:
        path.mkdir(parents=True, exist_ok=exist_ok)
    except OSError as error:
        if isinstance(error, FileExistsError) and not exist_ok:
            raise
        raise VaeError(f"Could not create the folder {path}: {why(error)}.") from error


def remove_abandoned(parent: Path) -> None:
    """Delete the hidden folders in ``parent`` that processes made to rename them, and were killed.

    They are named as ``tempfile.mkdtemp`` does, hold a ``config.json`` or nothing whole yet, and
    were not touched for an hour. Nobody minds if they stay.
    """
    for folder in parent.glob(".*[.-]????????"):
        with contextlib.suppress(OSError):
            names = {path.name for path in folder.iterdir()}
            ours = "config.json" in names or all(n.startswith(".config.json.") for n in names)
            if ours and time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(folder)


def write_atomic(
    path: Path, data: bytes | str, durable: bool = True, private: bool = False
) -> None:
    """Write ``data`` so that a reader, or a crash, sees the old file or the new one, never half.

    Args:
        durable: wait until it is on the disk: some milliseconds, without which a power cut, though
            no crash of the process, may leave the new file damaged.
        private: nobody but its owner may read it, from the first moment on.

    Raises:
        VaeError: if it cannot be written; what stood there before is untouched.
    """
    raw = data.encode() if isinstance(data, str) else data
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        # mkstemp makes files private to their owner; a run folder is meant to be shared.
        if not private:
            Path(temporary).chmod(0o644)
        _replace(Path(temporary), path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise VaeError(f"Could not write {path}: {why(error)}.") from error


def _replace(temporary: Path, path: Path) -> None:
    """Move a file over another; on Windows that waits for who is just reading the other."""
    for attempt in range(_ATTEMPTS):
        try:
            temporary.replace(path)
            return
        except PermissionError:
            if os.name != "nt" or attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(0.025)


def append_line(path: Path, line: str) -> None:
    """Append one line in a single write, so that lines of a killed process are whole or absent."""
    try:
        with path.open("ab") as file:
            file.write(line.rstrip("\n").encode() + b"\n")
    except OSError as error:
        raise VaeError(f"Could not write {path}: {why(error)}.") from error


def flush_to_disk(path: Path) -> None:
    """Wait until the lines of a file are on the disk, for a file that is written after them."""
    try:
        with path.open("ab") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise VaeError(f"Could not write {path}: {why(error)}.") from error


def remove_file(path: Path) -> None:
    """Delete a file if it is there."""
    if not path.exists():
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise VaeError(f"Could not remove {path}: {why(error)}.") from error


def write_json(path: Path, value: Any, private: bool = False) -> None:
    """Write ``value`` as indented JSON, atomically (see :func:`write_atomic`)."""
    write_atomic(path, json.dumps(value, indent=2) + "\n", private=private)


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        NotJson: if the file is not JSON.
        VaeError: if it is missing or unreadable, or its numbers are beyond all bounds.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VaeError(f"There is no file {path}.") from None
    except OSError as error:
        raise VaeError(f"Could not read {path}: {why(error)}.") from error
    # ValueError: also numbers of thousands of digits; RecursionError: thousands of brackets.
    except (ValueError, RecursionError) as error:
        kind = NotJson if isinstance(error, json.JSONDecodeError) else VaeError
        raise kind(f"{path} is not valid JSON: {error}.") from None


def read_json_lines(path: Path) -> list[Any]:
    """Every JSON line of ``path``, less a last one that a killed process cut short."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            if number == len(lines):
                break
            raise VaeError(f"{path}, line {number}, is not valid JSON: {error}.") from None
    return rows


def save_npz(path: Path, **arrays: np.ndarray) -> None:
    """Write named arrays as a compressed ``.npz``, atomically."""
    buffer = io.BytesIO()
    # mypy takes the keyword arguments for `allow_pickle`.
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_atomic(path, buffer.getvalue())


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """Read a ``.npz`` without ever unpickling.

    Raises:
        VaeError: if it is missing, damaged, far too large, or holds pickled objects.
    """
    try:
        return npz_arrays(path.read_bytes(), str(path), _LARGEST)
    except FileNotFoundError:
        raise VaeError(f"There is no file {path}.") from None
    except OSError as error:
        raise VaeError(f"Could not read {path}: {why(error)}.") from error
