"""A real PostgreSQL for the tests of sweeps: in a temporary folder, by a user who is not root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Debian keeps them off the PATH, a folder for each version.
_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def _program(name: str) -> str | None:
    found = shutil.which(name)
    return found or next((str(path / name) for path in reversed(_DEBIAN)), None)


def _ordinary_user() -> list[str]:
    """What goes before a command, for PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return []
    import pwd  # which Windows does not have

    names = {entry.pw_name for entry in pwd.getpwall()}
    return ["runuser", "-u", "postgres" if "postgres" in names else "nobody", "--"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an empty database; it listens on a socket in its own folder only."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if sys.platform == "win32" or initdb is None or pg_ctl is None:
        pytest.skip("there is no PostgreSQL here (Debian: apt-get install postgresql)")
    # Not under pytest's own folder, which is closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="vae-postgres-"))
    before = _ordinary_user()
    if before:
        shutil.chown(folder, before[2])

    def call(*command: str) -> None:
        # Into a file: the server keeps what it inherits open, and a pipe would never end.
        with (folder.parent / f"{folder.name}.log").open("ab") as log:
            subprocess.run([*before, *command], check=True, cwd="/", stdout=log, stderr=log)

    data = str(folder / "data")
    try:
        call(initdb, "-D", data, "-U", "vae", "--auth=trust", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        call(pg_ctl, "-D", data, "-w", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://vae@/postgres?host={folder}"
        finally:
            call(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
        (folder.parent / f"{folder.name}.log").unlink(missing_ok=True)
