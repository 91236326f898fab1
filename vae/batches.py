"""Batches of images on the device: from a tensor that lies there whole, or streamed to it.

Both give the same batches, bit for bit, so where a data set lies never changes what is learned.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from vae.errors import VaeError

Where = Literal["auto", "memory", "stream"]

_AHEAD = 1  # batches that are read while one is learned from
_MOVED_AT_ONCE = 64 << 20  # bytes


class ImageRows(Protocol):
    """An array of images, or what behaves like one: uint8 (n, H, W, C).

    ``[3:7]`` and ``[rows]``, with row numbers in ascending order, give arrays. NumPy's arrays and
    memory maps are such, and so is `vae.datasets.idx.MappedImages`.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Any: ...
    def __len__(self) -> int: ...
    def __getitem__(self, rows: Any, /) -> np.ndarray: ...


@dataclass(frozen=True)
class Resident:
    """All images on the device: the fastest, for data that fit there.

    Attributes:
        images: uint8 (n, H, W, C), on the device.
    """

    images: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.images.shape)

    def __len__(self) -> int:
        return len(self.images)

    def batches(self, order: Tensor, size: int, first: int = 0) -> Iterator[Tensor]:
        """The images in ``order``, ``size`` at a time: uint8 (b, H, W, C) on the device.

        Args:
            order: int64 (k,), row numbers, on the CPU.
            size: images in a batch; the last one may be smaller.
            first: the number of the batch to begin with, for who goes on in the middle.
        """
        for rows in _parts(order.to(self.images.device), size, first):
            # Not images[rows]: that costs eight times as much here (measured, 128 of 28 × 28).
            yield self.images.index_select(0, rows)


@dataclass(frozen=True)
class Streamed:
    """Images that stay where they are, on a disk perhaps: each batch is read when its turn comes.

    Attributes:
        images: uint8 (n, H, W, C).
        device: where the batches go.
    """

    images: ImageRows
    device: torch.device

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.images.shape)

    def __len__(self) -> int:
        return len(self.images)

    def batches(self, order: Tensor, size: int, first: int = 0) -> Iterator[Tensor]:
        """As `Resident.batches`; a thread reads the next batch while one is learned from."""
        coming: deque[Future[Tensor]] = deque()
        with ThreadPoolExecutor(1, "batches") as reader:
            for rows in _parts(order, size, first):
                coming.append(reader.submit(self._read, rows.numpy()))
                if len(coming) > _AHEAD:
                    yield self._move(coming.popleft())
            while coming:
                yield self._move(coming.popleft())

    def _read(self, rows: np.ndarray) -> Tensor:
        # In the order of the file, so that a disk's head, or its read-ahead, need not go back.
        ascending = np.argsort(rows)
        batch = np.empty((len(rows), *self.shape[1:]), np.uint8)
        batch[ascending] = self.images[rows[ascending]]
        tensor = torch.from_numpy(batch)
        return tensor.pin_memory() if self.device.type == "cuda" else tensor

    def _move(self, read: Future[Tensor]) -> Tensor:
        # In the thread that trains, hence in its CUDA stream; from pinned memory, without a wait.
        return read.result().to(self.device, non_blocking=True)


Batches = Resident | Streamed


def resident(images: ImageRows | Tensor, device: torch.device) -> Resident:
    """All of ``images``, uint8 (n, H, W, C), on the device.

    Raises:
        VaeError: if they are no such images.
    """
    _check(images)
    if isinstance(images, Tensor):
        return Resident(images.to(device))
    whole = torch.empty(tuple(images.shape), dtype=torch.uint8, device=device)
    # In parts: there is never a second copy of the whole on the host.
    rows = max(1, _MOVED_AT_ONCE // max(1, math.prod(images.shape[1:])))
    for start in range(0, len(images), rows):
        # np.array: PyTorch warns of arrays that are read-only, as those of `vae.datasets` are
        part = np.array(images[start : start + rows])
        whole[start : start + rows] = torch.from_numpy(part)
    return Resident(whole)


def streamed(images: ImageRows, device: torch.device) -> Streamed:
    """``images``, uint8 (n, H, W, C), to be read batch by batch.

    Raises:
        VaeError: if they are no such images.
    """
    _check(images)
    return Streamed(images, device)


def pick(images: ImageRows | Tensor, device: torch.device, how: Where = "auto") -> Batches:
    """`resident` or `streamed`; ``"auto"`` streams what takes half of the free memory or more.

    A tensor is in memory already, and stays resident.

    Raises:
        VaeError: if they are no such images.
    """
    if isinstance(images, Tensor):
        return resident(images, device)
    if how == "auto":
        free = free_memory(device)
        fits = free is None or math.prod(images.shape) < free / 2
        how = "memory" if fits else "stream"
    return resident(images, device) if how == "memory" else streamed(images, device)


def free_memory(device: torch.device) -> int | None:
    """Bytes that ``device`` has left, or None where this system does not tell.

    MPS shares the computer's memory. In a container what its limit leaves counts, where that is
    less.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    told = [_linux_available(), _left_to_control_group()]
    known = [value for value in told if value is not None]
    if known:
        return min(known)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows; systems without the name
        return None


def _linux_available() -> int | None:
    """Memory that programs can have without swapping, the disk's cache included."""
    for line in _text(Path("/proc/meminfo")).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _left_to_control_group() -> int | None:
    """What a container may still take: its limit less what it holds, but for the disk's cache."""
    group = Path("/sys/fs/cgroup")
    limit, held = (_text(group / f"memory.{name}").strip() for name in ("max", "current"))
    if not (limit.isdigit() and held.isdigit()):
        return None
    stat = (line.split() for line in _text(group / "memory.stat").splitlines())
    cache = sum(int(value) for name, value in stat if name in ("active_file", "inactive_file"))
    return max(0, int(limit) - int(held) + cache)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # another system
        return ""


def _parts(order: Tensor, size: int, first: int) -> Iterator[Tensor]:
    return (order[start : start + size] for start in range(first * size, len(order), size))


def _check(images: ImageRows | Tensor) -> None:
    wanted = torch.uint8 if isinstance(images, Tensor) else np.uint8
    if images.dtype != wanted or len(images.shape) != 4:
        raise VaeError(
            f"Images came as {images.dtype} of shape {tuple(images.shape)}; they must be uint8 of "
            "shape (n, height, width, channels)."
        )
