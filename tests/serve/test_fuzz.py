"""Every endpoint of the live channel under fuzz, on real servers: no traceback, nothing left over.

The examples are the same each time. ``VAE_FUZZ=100 pytest tests/serve/test_fuzz.py --timeout 9999``
takes a hundred times as many, others each time. What is sent is in :mod:`tests.serve.hostile`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from tests.serve import hostile, wire
from tests.serve.conftest import Process, Witness
from tests.serve.hostile import CODES, ROWS

LONGER = int(os.environ.get("VAE_FUZZ", "0"))

Test = Callable[..., None]


def fuzz(examples: int, *strategies: st.SearchStrategy[Any]) -> Callable[[Test], None]:
    """Run the test now, on so many examples."""

    def run(test: Test) -> None:
        options = settings(
            max_examples=examples * max(LONGER, 1),
            derandomize=not LONGER,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink] if LONGER else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        options(given(*strategies)(test))()

    return run


def sentence(body: bytes | str) -> str:
    """The refusal in ``body``: one sentence, of bounded length."""
    refusal = json.loads(body)
    assert set(refusal) == {"error"}
    assert re.fullmatch(r"[^\n]{15,1200}[.]", refusal["error"]), refusal
    return refusal["error"]


def answerable(operation: str, payload: bytes | str) -> int:
    """How many rows of it can be answered: all, or none."""
    size = ROWS[operation][0]
    if isinstance(payload, str) or len(payload) % size or len(payload) > 1024 * size:
        return 0
    if size == 4 and not (np.frombuffer(payload, "<u4") < CODES).all():
        return 0
    if size == 8:
        reach = np.inf if operation == "decode" else 1e6
        z = np.frombuffer(payload, "<f4")
        if not (np.isfinite(z) & (np.abs(z) <= reach)).all():
            return 0
    return len(payload) // size


@pytest.mark.parametrize("operation", ROWS)
def test_frames_and_bodies(process: Process, witness: Witness, operation: str) -> None:
    target, (_, size) = hostile.path(operation), ROWS[operation]
    with connect(process.url.replace("http", "ws") + target) as websocket:

        @fuzz(40, hostile.payloads)
        def _(payload: bytes | str) -> None:
            websocket.send(payload)
            answer = websocket.recv(20)
            body = payload.encode() if isinstance(payload, str) else payload
            with wire.connect(process.url) as line:
                head = ["Host: x", f"Content-Length: {len(body)}"]
                with suppress(ConnectionError):  # refused while it is still being sent
                    line.sendall(wire.request("POST", target, head, body))
                reply = wire.answer(line)
            if n := answerable(operation, payload):
                assert isinstance(answer, bytes), answer
                assert len(answer) == n * size
            else:
                assert isinstance(answer, str)
                assert re.search(r"allowed|known|asked for", sentence(answer)), answer
            if n := answerable(operation, body):
                assert (reply.status, len(reply.body)) == (200, n * size)
            elif len(body) <= 2**16 or reply.status:
                assert reply.status in (400, 413)
                assert sentence(reply.body)
            if body == payload and reply.status == 400:
                assert sentence(reply.body) == sentence(answer)


def _refused(reply: wire.Answer, target: str, headers: list[str]) -> None:
    """What holds of any answer: refused in a sentence, or asked for by one who may ask."""
    if reply.status in (200, 101):
        assert "Origin: http://evil.example" not in headers
        assert not reply.body.startswith(b"<")  # no page of Streamlit's
    # Streamlit itself refuses what might name a file elsewhere; Starlette's paths end with a line.
    elif reply != wire.Answer(400, b"Bad Request") and "\n" not in unquote(target):
        assert sentence(reply.body)
        assert reply.status in (400, 403, 404)


def test_requests(process: Process, witness: Witness) -> None:
    @fuzz(300, hostile.methods, hostile.targets, hostile.headers, st.binary(max_size=20))
    def _(method: str, target: str, headers: list[str], body: bytes) -> None:
        ends = [f"Content-Length: {len(body)}", "Connection: close"]
        with wire.connect(process.url) as line:
            line.sendall(wire.request(method, target, [*headers, *ends], body))
            reply = wire.answer(line, method)
        if method != "HEAD":
            _refused(reply, target, headers)
        witness()


def test_handshakes(process: Process, witness: Witness) -> None:
    @fuzz(150, hostile.targets, hostile.headers)
    def _(target: str, headers: list[str]) -> None:
        with wire.connect(process.url) as line:
            line.sendall(wire.upgrade(target, headers))
            _refused(wire.answer(line), target, headers)
        witness()


def test_bodies_that_are_not_what_they_say(process: Process, witness: Witness) -> None:
    @fuzz(150, hostile.posts, st.binary(max_size=9), st.booleans())
    def _(post: bytes, more: bytes, vanishes: bool) -> None:
        with wire.connect(process.url) as line, suppress(OSError):
            line.sendall(post)
            line.sendall(more)
            if vanishes:
                return wire.vanish(line)
            line.shutdown(socket.SHUT_WR)
            reply = wire.answer(line)
            assert reply.status in (0, 200, 400, 413)
            if reply.body and reply.status in (400, 413):
                assert reply.body == b"Invalid HTTP request received." or sentence(reply.body)
        witness()


def test_lines(process: Process, witness: Witness) -> None:
    operations, ends = st.sampled_from(sorted(ROWS)), st.sampled_from(["close", "reset", "read"])

    @fuzz(120, operations, st.none() | st.integers(0, 250), hostile.talks, ends)
    def _(operation: str, cut: int | None, talk: list[tuple[bytes, float]], end: str) -> None:
        hello = wire.upgrade(hostile.path(operation), ["Host: x"])
        with wire.connect(process.url) as line, suppress(OSError):
            line.sendall(hello[:cut])
            if cut is None:
                assert wire.answer(line).status == 101
            for said, pause in talk:
                line.sendall(said)
                time.sleep(pause)
            if end == "reset":
                wire.vanish(line)
            elif end == "read" and cut is None:
                line.shutdown(socket.SHUT_WR)
                for opcode, payload in wire.frames(line):
                    if opcode == wire.TEXT:
                        assert sentence(payload)
                    elif opcode == wire.BINARY:
                        assert len(payload) % ROWS[operation][1] == 0
        witness()
