"""A training gives way to everything else on the machine, the live decode first of all."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

from vae.errors import VaeError

_NICE = 10  # about a tenth of a core where another wants all of it, and all that nobody wants
_BELOW_NORMAL = 0x4000  # BELOW_NORMAL_PRIORITY_CLASS of Windows


def give_way() -> None:
    """Lower this process's priority for good: to ``$VAE_NICE``, 0–19, else 10; 0 leaves it.

    Raises:
        VaeError: if ``$VAE_NICE`` is something else.
    """
    text = os.environ.get("VAE_NICE") or str(_NICE)
    if not (text.isascii() and text.isdigit() and int(text) <= 19):
        raise VaeError(f"VAE_NICE is {text!r}; allowed is a whole number from 0 to 19.")
    nice = int(text)
    if nice == 0:
        return
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL)
        return
    if os.getpriority(os.PRIO_PROCESS, 0) < nice:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    # Linux shares the processor between sessions first and looks at priorities only within one
    # (sched(7), "autogroup"). A session of its own must lower itself as a whole; a terminal's is
    # not ours to lower.
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # a system without autogroups has no such file
            Path("/proc/self/autogroup").write_text(f"{nice}\n")
