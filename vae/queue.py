"""The queue of trainings: first come, first served, on each device one at a time.

Nobody keeps it: each process waits its own turn. A place in the queue is a file in ``.queue``
beside the run folders, named by device, number and run; it counts while the run's own process
lives, that is, holds the lock on its run folder. So a process that is killed is out of the queue,
wherever it stood, and the queue survives any server. This module is light on purpose: a process
that waits has not loaded PyTorch.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock, Timeout

from vae.errors import VaeError
from vae.files import make_folder, why
from vae.runs import NAME_PATTERN
from vae.status import is_alive

_FIRST = 10**9  # there is room before it, for who does not wait
_TICKET = re.compile(rf"(cpu|cuda|mps)-([0-9]{{10}})-({NAME_PATTERN})")


def at_once() -> int:
    """How many trainings may work on one device at the same time: ``$VAE_PARALLEL``, else 1.

    Raises:
        VaeError: if it is no whole number from 1 to 64.
    """
    text = os.environ.get("VAE_PARALLEL") or "1"
    if not (re.fullmatch("[0-9]{1,2}", text) and 1 <= int(text) <= 64):
        raise VaeError(f"VAE_PARALLEL is {text!r}; allowed is a whole number from 1 to 64.")
    return int(text)


def queue_of(device: str) -> str:
    """The queue that a configured device stands for: cpu, cuda or mps, without loading PyTorch.

    ``auto`` is what PyTorch will find, as far as that can be told from outside: a wrong guess means
    another queue, never another device.
    """
    if device != "auto":
        return device
    if _has_cuda():
        return "cuda"
    return "mps" if sys.platform == "darwin" and platform.machine() == "arm64" else "cpu"


def _has_cuda() -> bool:
    """Whether this PyTorch is made for graphics cards and the driver finds one."""
    found = find_spec("torch")
    if found is None or found.origin is None:
        return False
    about = Path(found.origin).with_name("version.py").read_text(encoding="utf-8")
    if re.search(r"^(cuda|hip)\b[^=\n]*= *['\"]", about, re.MULTILINE) is None:
        return False
    if Path("/dev/kfd").exists():  # AMD
        return True
    try:
        driver = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 == driver.cuDeviceGetCount(ctypes.byref(count)) and count.value > 0


@contextmanager
def place(folder: Path, device: str, first: bool = False) -> Iterator[Callable[[], list[str]]]:
    """Hold a place in the queue of ``device`` for the run in ``folder``, whose lock is held.

    Args:
        first: stand before all who wait, for who begins without waiting.

    Yields:
        A function that names the living runs before it: those at work, then those that wait.

    Raises:
        VaeError: if the folder of the queue cannot be written to.
    """
    queue = folder.parent / ".queue"
    make_folder(queue)
    try:
        # One at a time: so numbers are in order, and nobody's new place is cleared for an old one.
        with FileLock(queue / ".lock").acquire(timeout=10):
            for ticket, _, name in _tickets(queue):
                if name == folder.name or not is_alive(folder.parent / name):
                    ticket.unlink(missing_ok=True)
            numbers = [number for _, number, _ in _tickets(queue, device)] or [_FIRST]
            number = min(numbers) - 1 if first else max(numbers) + 1
            own = queue / f"{device}-{number:010d}-{folder.name}"
            own.touch()
    except Timeout:
        raise VaeError(f"The queue {queue} is locked; is another program using it?") from None
    except OSError as error:
        raise VaeError(f"Could not write {queue}: {why(error)}.") from error

    def before() -> list[str]:
        names = [name for _, other, name in _tickets(queue, device) if other < number]
        # Without patience: who only looks at a dead run's lock may hold it, but not for long.
        return [name for name in names if is_alive(folder.parent / name, patience=0)]

    try:
        yield before
    finally:
        own.unlink(missing_ok=True)


def before(folder: Path) -> list[str]:
    """Who stands before the run in ``folder``, for who only looks: the names of the living runs
    before it in its queue; none where it stands in none.
    """
    queue = folder.parent / ".queue"
    for ticket, number, name in _tickets(queue):
        if name == folder.name:
            device = ticket.name.partition("-")[0]
            names = [name for _, other, name in _tickets(queue, device) if other < number]
            return [name for name in names if is_alive(folder.parent / name)]
    return []


def _tickets(queue: Path, device: str | None = None) -> list[tuple[Path, int, str]]:
    """File, number and run of each place, in order."""
    found = []
    for path in queue.glob("*-*-*"):
        match = _TICKET.fullmatch(path.name)
        if match and device in (None, match[1]):
            found.append((path, int(match[2]), match[3]))
    return sorted(found, key=lambda ticket: ticket[1])
