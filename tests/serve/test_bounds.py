"""What clients can make the server hold, and how long they keep others waiting: bounded."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.serve import hostile, wire
from tests.serve.conftest import Process, Witness


def test_refusals_do_not_keep_others_waiting(process: Process, witness: Witness) -> None:
    """While one client's 60,000 useless frames are refused, another's questions are answered."""
    useless = wire.frame(b"x")
    with wire.connect(process.url) as line:
        line.sendall(wire.upgrade(hostile.path("decode"), ["Host: x"]))
        assert wire.answer(line).status == 101
        line.sendall(useless)
        size = len(line.recv(1000))
        refused = 0

        def read() -> None:
            nonlocal refused
            while refused < 60_000 * size:
                refused += len(line.recv(2**16))

        reader = threading.Thread(target=read)
        reader.start()
        line.sendall(useless * 60_000)
        for _ in range(10):
            witness()
        assert refused < 60_000 * size
        reader.join()


def held(process: Process) -> tuple[int, int]:
    """MiB of memory and open files of the server."""
    folder = Path(f"/proc/{process.pid}")
    if not folder.is_dir():
        pytest.skip("no /proc here: what the server holds is not known")
    pages = int((folder / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20, len(list((folder / "fd").iterdir()))


def test_pongs_that_nobody_reads_are_not_kept(process: Process, witness: Witness) -> None:
    before, _ = held(process)
    with wire.connect(process.url) as line:
        line.sendall(wire.upgrade(hostile.path("decode"), ["Host: x"]))
        assert wire.answer(line).status == 101
        line.sendall(wire.frame(bytes(125), wire.PING) * 300_000)  # 39 MB
        witness()
        assert held(process)[0] - before < 20


def test_nothing_is_kept_of_clients_who_have_gone(process: Process, witness: Witness) -> None:
    """Sent too much, announced more, stopped anywhere, asked for what there is not."""
    hello = wire.upgrade(hostile.path("encode"), ["Host: x"])
    endings = [
        b"",
        wire.frame(bytes(2**21)),
        wire.frame(b"", length=60_000_000),
        wire.frame(bytes(100), last=False) * 2000,
        hostile.GOOD * 1000,
        wire.frame(bytes(64 * 1024)) * 3,
    ]

    def visit(number: int) -> None:
        for ending in endings:
            with wire.connect(process.url) as line, suppress(ConnectionError):
                line.sendall(hello)
                assert wire.answer(line).status == 101
                line.sendall(ending)
                wire.vanish(line)
        for path in (f"x{number}", f"tiny/map?map=tsne-{number}", f"tiny/map?map=raw-0-{number}"):
            with wire.connect(process.url) as line:
                close = ["Host: x", "Connection: close"]
                line.sendall(wire.request("GET", f"/live/models/{path}", close))
                assert wire.answer(line).status in (200, 404)
        with wire.connect(process.url) as line:
            line.sendall(hello[:number])

    for number in range(10):
        visit(number)
    witness()
    memory, files = held(process)
    for number in range(10, 40):
        visit(number)
    witness()
    assert held(process)[0] - memory < 30
    waited = time.monotonic()
    while held(process)[1] > files:  # uvicorn closes what is silent after 5 seconds
        assert time.monotonic() - waited < 30
        time.sleep(0.1)
