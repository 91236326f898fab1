"""Many light clients in one process: WebSockets that ask at their due times, counted and timed.

A client writes and reads its frames itself, on asyncio's transports and without a WebSocket
library, because the load shares the processor with what it measures: about 30 µs a question, where
a library takes 150 µs. Its masking key is zero, which the protocol allows.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from live_server import ask_state

PATIENCE = 60.0  # seconds for a first answer, before which the model is loaded
SETTLE, GRACE = 1.0, 0.5  # seconds that are not counted: after the start, and for last answers
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """A client's frame."""
    if len(payload) < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | len(payload))
    elif len(payload) < 2**16:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, len(payload))
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, len(payload))
    return head + bytes(4) + payload


def frame_parts(stream: bytearray) -> tuple[int, int] | None:
    """Where the payload of the server's first frame in ``stream`` begins and ends, or None yet."""
    if len(stream) < 2:
        return None
    start = {126: 4, 127: 10}.get(stream[1], 2)
    if len(stream) < start:
        return None
    end = start + (int.from_bytes(stream[2:start]) if start > 2 else stream[1])
    return (start, end) if end <= len(stream) else None


@dataclass
class Tally:
    """What one client was due to ask and what it got: seconds from question to answer."""

    due: int = 0
    seconds: list[float] = field(default_factory=list)


class Client(asyncio.Protocol):
    """One WebSocket with at most one question under way.

    Attributes:
        tally: of the questions counted; those still unanswered at the next due time keep that one
            from being asked, and it counts as unanswered.
        failure: what the server said instead of an answer, or did.
    """

    def __init__(self, path: str, question: bytes) -> None:
        self.question = frame(question)
        self.tally = Tally()
        self.failure: str | None = None
        self.on_answer: Callable[[], None] = lambda: None
        self._path = path
        self._loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self._stream = bytearray()
        self._asked: float | None = None
        self._counts = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionError("hung up in the handshake"))

    def data_received(self, data: bytes) -> None:
        self._stream += data
        if not self.opened.done() and not self._read_handshake():
            return
        while parts := frame_parts(self._stream):
            self._read_frame(self._stream[0] & 0x0F, *parts)
            del self._stream[: parts[1]]

    def ask(self, counts: bool = True) -> None:
        """Ask the question, unless the last one is still under way or the line is closed."""
        if self._asked is None and not self.transport.is_closing():
            self._asked, self._counts = self._loop.time(), counts
            self.transport.write(self.question)

    def drag(self, due: float, period: float, counted: float, until: float) -> None:
        """Ask at ``due``, and each ``period`` after it; due times from ``counted`` on count."""
        now = self._loop.time()
        self.ask(due >= counted)
        while due <= now:  # more than once only if this process was late itself
            self.tally.due += counted <= due < until
            due += period
        if due < until and not self.transport.is_closing():
            self._loop.call_at(due, self.drag, due, period, counted, until)

    def vanish(self) -> None:
        """End by a reset, as when a laptop is closed."""
        line: socket.socket = self.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def leave(self) -> None:
        """End as a browser does."""
        self.transport.write(frame(b"\x03\xe8", CLOSE))
        self.transport.close()

    def _read_handshake(self) -> bool:
        end = self._stream.find(b"\r\n\r\n")
        if end < 0:
            return False
        if self._stream.startswith(b"HTTP/1.1 101"):
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ConnectionError(self._stream.decode(errors="replace")))
        del self._stream[: end + 4]
        return True

    def _read_frame(self, opcode: int, start: int, end: int) -> None:
        if opcode == BINARY:
            if self._asked is not None and self._counts:
                self.tally.seconds.append(self._loop.time() - self._asked)
            self._asked = None
            self.on_answer()
        elif opcode == PING:
            self.transport.write(frame(bytes(self._stream[start:end]), PONG))
        else:
            self.failure = self._stream[start:end].decode(errors="replace")
            self.transport.close()


async def connect(port: int, path: str, question: bytes) -> Client:
    """A client whose WebSocket is open.

    Raises:
        OSError: if the server refuses it, with what it says.
    """
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(path, question), "127.0.0.1", port)
    await client.opened
    return client


async def ask_once(port: int, path: str, question: bytes) -> None:
    """One question and its answer, for which the server loads the model.

    Raises:
        RuntimeError: if it is not answered as it should be.
    """
    client = await connect(port, path, question)
    answered = asyncio.Event()
    client.on_answer = answered.set
    client.ask()
    try:
        await asyncio.wait_for(answered.wait(), PATIENCE)
    except TimeoutError:
        raise RuntimeError(f"{path}: {client.failure or 'no answer'}") from None
    client.leave()


async def measure(
    port: int, path: str, questions: Sequence[bytes], rate: float, seconds: float
) -> dict[str, Any]:
    """One client for each question, all asking ``rate`` times a second: what they got.

    Raises:
        RuntimeError: if one of them is not answered as it should be.
    """
    loop = asyncio.get_running_loop()
    clients = [await connect(port, path, question) for question in questions]
    counted = loop.time() + SETTLE
    until = counted + seconds
    chance = random.Random(0)
    for client in clients:
        begin = counted - SETTLE + chance.random() / rate
        loop.call_at(begin, client.drag, begin, 1 / rate, counted, until)
    await asyncio.sleep(counted - loop.time())
    before, own_before = await asyncio.to_thread(ask_state, port), sum(os.times()[:2])
    await asyncio.sleep(until - loop.time())
    after, own_after = await asyncio.to_thread(ask_state, port), sum(os.times()[:2])
    took = loop.time() - counted
    await asyncio.sleep(GRACE)
    for client in clients:
        client.leave()
        if client.failure is not None:
            raise RuntimeError(f"{path}: {client.failure}")
    return summary([client.tally for client in clients], seconds) | {
        "server_cores": round((after["cpu_seconds"] - before["cpu_seconds"]) / took, 2),
        "generator_cores": round((own_after - own_before) / took, 2),
    }


def summary(tallies: Sequence[Tally], seconds: float) -> dict[str, Any]:
    """Round trips in ms over all clients, and what the worst served of them got, in percent."""
    ms = np.concatenate([tally.seconds for tally in tallies]) * 1e3
    quantiles = {"median_ms": 50, "p95_ms": 95, "p99_ms": 99, "max_ms": 100}
    return {
        "clients": len(tallies),
        "due": sum(tally.due for tally in tallies),
        "answered": len(ms),
        "answered_per_second": round(len(ms) / seconds, 1),
        "fewest_answered_percent": round(
            min(100 * len(tally.seconds) / tally.due for tally in tallies), 2
        ),
        **{
            name: round(float(np.percentile(ms, q)), 2) if len(ms) else None
            for name, q in quantiles.items()
        },
    }
