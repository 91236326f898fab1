"""Fetching a data set from where torchvision or scikit-learn find it: progress, cancel, checksum.

Everything happens in a temporary folder beside the destination. Only whole, verified files are
moved to where `load` looks, so an interrupted download leaves the data folder as it was.
"""

from __future__ import annotations

import hashlib
import http.client
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from vae.datasets.faces import FACES, convert
from vae.datasets.loading import read_faces, read_official
from vae.datasets.registry import (
    DatasetInfo,
    data_dir,
    file_sizes,
    files_dir,
    find,
    is_available,
)
from vae.errors import VaeError
from vae.files import make_folder, save_npz

Progress = Callable[[int, int, str], bool | None]

_CHUNK = 1 << 16
_TIMEOUT = 20.0  # seconds without a byte


class DownloadCancelled(VaeError):
    """The progress callback asked to stop."""


@dataclass(frozen=True)
class _Archive:
    filename: str
    checksum: str  # MD5 or SHA-256 in hex; empty where none was published
    urls: tuple[str, ...]


class _MirrorFailed(Exception):
    """This mirror did not give the file; the next one may."""


def download(name: str, progress: Progress | None = None) -> None:
    """Fetch, verify and unpack a data set into `data_dir()`; nothing to do if it is there, whole.

    Args:
        name: a data set of the registry.
        progress: called as ``progress(done_bytes, total_bytes, filename)``, counted per file, with
            a total of 0 while it is unknown; a true answer cancels.

    Raises:
        DownloadCancelled: if ``progress`` cancelled; nothing is kept.
        VaeError: if the data set is unknown, no mirror can be reached, a checksum is wrong, or the
            files cannot be written.
    """
    info, root = find(name), data_dir()
    if info.bundled or _is_intact(info, root):
        return
    report = progress or (lambda done, total, filename: None)
    make_folder(root)
    try:
        with tempfile.TemporaryDirectory(prefix=f".download-{name}-", dir=root) as temporary:
            workshop, destination = files_dir(info, Path(temporary)), files_dir(info, root)
            workshop.mkdir(parents=True)
            for archive in _archives(info):
                _provide(archive, destination, workshop, report)
            _tell(report, 0, 0, "unpacking")
            _unpack(info, Path(temporary), report)
            _check(info, Path(temporary))
            destination.mkdir(parents=True, exist_ok=True)
            for file in file_sizes(info):
                (workshop / file).replace(destination / file)
    except OSError as error:
        raise VaeError(
            f"Could not store {info.title} in {root}: {error.strerror or error}."
        ) from error


def _is_intact(info: DatasetInfo, root: Path) -> bool:
    if not is_available(info.name):
        return False
    try:
        _check(info, root)
    except VaeError:  # damaged: the very reason to download it again
        return False
    return True


def _check(info: DatasetInfo, root: Path) -> None:
    """Read the files of ``info`` under ``root`` as `load` will."""
    if info.npz:
        read_faces(info, root)
        return
    for train in (True, False):
        read_official(info, root, train)


def _archives(info: DatasetInfo) -> list[_Archive]:
    """What torchvision or scikit-learn would download: names, checksums and mirrors."""
    if info.npz:
        face = FACES[info.name]
        return [_Archive(face.filename, face.sha256, (face.url,))]
    from torchvision import datasets

    source = getattr(datasets, info.torchvision)
    if info.torchvision == "EMNIST":
        return [_Archive(source.url.rsplit("/", 1)[-1], source.md5, (source.url,))]
    return [
        _Archive(filename, md5, tuple(f"{mirror}{filename}" for mirror in source.mirrors))
        for filename, md5 in source.resources
    ]


def _unpack(info: DatasetInfo, root: Path, report: Progress) -> None:
    """Make of the verified archives under ``root`` the files that `load` reads."""
    if info.npz:
        archive = files_dir(info, root) / FACES[info.name].filename
        tell = partial(_tell, report, filename="unpacking")
        save_npz(root / info.npz, **convert(info.name, archive, tell))
        return
    from torchvision import datasets

    options = {"split": "letters"} if info.torchvision == "EMNIST" else {}
    # torchvision finds them there and only unpacks.
    getattr(datasets, info.torchvision)(root, train=True, download=True, **options)


def _provide(archive: _Archive, at_hand: Path, workshop: Path, report: Progress) -> None:
    """Put the verified archive into ``workshop``: a copy that lies ``at_hand``, or a download."""
    target = workshop / archive.filename
    offered = at_hand / archive.filename
    if offered.is_file() and _has_checksum(offered, archive.checksum):
        shutil.copyfile(offered, target)
        return
    failures = []
    for url in archive.urls:
        try:
            _fetch(url, archive, target, report)
            return
        except _MirrorFailed as failure:
            failures.append(str(failure))
    raise VaeError(
        f"{'; '.join(failures)}: check the internet connection, or put {archive.filename} into "
        f"{at_hand}; digits and shapes work offline."
    )


def _fetch(url: str, archive: _Archive, target: Path, report: Progress) -> None:
    """Stream ``url`` into ``target``, which appears only once its checksum is right."""
    host = urllib.parse.urlparse(url).netloc
    part = target.with_name(f"{target.name}.part")
    request = urllib.request.Request(url, headers={"User-Agent": "vae-latent-explorer"})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        raise _MirrorFailed(f"{host} answered {error.code} for {archive.filename}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _MirrorFailed(f"Could not reach {host}") from error
    with response, part.open("wb") as file:
        total, done = response.length or 0, 0
        _tell(report, done, total, archive.filename)
        while chunk := _read(response, host, archive.filename):
            file.write(chunk)
            done += len(chunk)
            _tell(report, done, total, archive.filename)
    if done < total:
        raise _MirrorFailed(f"{host} broke off after {done:,} of {total:,} bytes")
    if not _has_checksum(part, archive.checksum):
        part.unlink()
        raise _MirrorFailed(f"What {host} sent as {archive.filename} has a wrong checksum")
    part.replace(target)


def _read(response: BinaryIO, host: str, filename: str) -> bytes:
    # Apart from the writing: both raise OSError, but only this one is the mirror's fault.
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _MirrorFailed(f"The connection to {host} broke during {filename}") from error


def _tell(report: Progress, done: int, total: int, filename: str) -> None:
    if report(done, total, filename):
        raise DownloadCancelled("The download was cancelled; nothing was kept.")


def _has_checksum(path: Path, checksum: str) -> bool:
    if not checksum:
        return True
    algorithm = {32: "md5", 64: "sha256"}[len(checksum)]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return digest.hexdigest() == checksum
