"""``datasets`` and ``datasets download NAME``."""

from __future__ import annotations

import argparse
from typing import Any

from vae.commands import add_command, print_json


def add_commands(commands: Any) -> None:
    """Add the group to the parser."""
    command = add_command(commands, "datasets", _run, "list the data sets, or download one")
    command.add_argument("action", nargs="?", choices=["download"], help="fetch a data set")
    command.add_argument("name", nargs="?", help="the data set to download")


def _run(options: argparse.Namespace) -> int:
    from vae.datasets import describe, download
    from vae.errors import VaeError

    if options.action == "download":
        if options.name is None:
            raise VaeError("Which data set? Say: python -m vae datasets download NAME.")
        download(options.name, None if options.json else _Bar())
        print_json({"downloaded": options.name}) if options.json else print("done")
        return 0
    facts = describe()
    if options.json:
        print_json(facts)
        return 0
    for fact in facts:
        shape = " × ".join(map(str, fact["image_shape"]))
        where = "bundled" if fact["bundled"] else "ready" if fact["available"] else "to download"
        print(f"{fact['name']:16} {shape:12} {where:12} {fact['title']}")
    return 0


class _Bar:
    """A tqdm bar for each file."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._file = ""

    def __call__(self, done: int, total: int, filename: str) -> None:
        from tqdm import tqdm

        if filename != self._file:
            if self._bar is not None:
                self._bar.close()
            self._bar = tqdm(total=total, desc=filename, unit="B", unit_scale=True)
            self._file = filename
        self._bar.update(done - self._bar.n)
