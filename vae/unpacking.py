"""Reading zips and ``.npz`` files that came from elsewhere: bounded, in memory, never pickled."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable

import numpy as np

from vae.errors import VaeError

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the standard library raises on damaged or encrypted members, depending on where it stumbles.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
MEGABYTE = 1 << 20


def unpack(data: bytes, limit_of: Callable[[str], int], total: int) -> tuple[dict[str, bytes], str]:
    """The files of a zip, by name, and its comment. Nothing touches the disk.

    Args:
        data: the zip.
        limit_of: the largest allowed size of a file in bytes; raises VaeError for a foreign name.
        total: the largest allowed sum in bytes.

    Raises:
        VaeError: if it is no zip, or damaged, or a name is unsafe, double or foreign, or an entry
            is a link or encrypted, or anything is too large.
    """
    files: dict[str, bytes] = {}
    left = total
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # All names before any content: a bad one costs no unpacking.
            for entry in archive.infolist():
                _check_entry(entry)
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                if entry.filename in files:
                    raise VaeError(f"The zip holds {entry.filename!r} twice.")
                limit = limit_of(entry.filename)
                files[entry.filename] = _read(archive, entry, limit, left, total)
                left -= len(files[entry.filename])
            return files, archive.comment.decode("utf-8", errors="replace")
    except _DAMAGED as error:
        raise VaeError(f"The file is not a whole zip: {error}.") from None


def _check_entry(entry: zipfile.ZipInfo) -> None:
    # The original name: zipfile itself already cuts at NUL and turns the separator of this system.
    name = entry.orig_filename
    if (
        name.startswith("/")
        or re.search(r"[\\:\x00-\x1f]", name)
        or any(part in ("..", ".") for part in name.split("/"))
    ):
        raise VaeError(f"The zip holds the path {name!r}, which may lead out of its folder.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise VaeError(f"The zip holds {name!r} as a link or device; only plain files are allowed.")
    if entry.flag_bits & 1:
        raise VaeError(f"The zip holds {name!r} encrypted; pack it without a password.")
    if entry.compress_type not in _METHODS:
        raise VaeError(f"The zip packs {name!r} by a method other than stored or deflated.")


def _read(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int, left: int, total: int
) -> bytes:
    """One file; reading stops at the limits, whatever size the zip claims."""
    with archive.open(entry) as file:
        raw = file.read(min(limit, left) + 1)
    if len(raw) > limit:
        raise VaeError(
            f"{entry.filename} is larger than the {limit // MEGABYTE} MiB that are allowed."
        )
    if len(raw) > left:
        raise VaeError(f"The zip unpacks to more than the {total // MEGABYTE} MiB allowed in sum.")
    return raw


def npz_arrays(data: bytes, name: str, limit: int) -> dict[str, np.ndarray]:
    """The arrays of a ``.npz``, which may unpack to at most ``limit`` bytes.

    Raises:
        VaeError: if it is damaged, too large, or holds pickled objects.
    """

    def limit_of(member: str) -> int:
        if not member.endswith(".npy"):
            raise VaeError(f"{name} holds {member!r}, which is not an array.")
        return limit

    try:
        members, _ = unpack(data, limit_of, limit)
        return {
            member.removesuffix(".npy"): np.lib.format.read_array(
                io.BytesIO(raw), allow_pickle=False
            )
            for member, raw in members.items()
        }
    # MemoryError: a header that claims a shape far beyond the bytes that follow.
    except VaeError as error:
        raise VaeError(f"{name} is not a readable .npz of plain arrays: {error}") from None
    except (ValueError, EOFError, OSError, MemoryError, OverflowError) as error:
        # NumPy's own words for pickled arrays are advice to unpickle them: they stay in the log.
        raise VaeError(f"{name} is not a readable .npz of plain arrays.") from error
