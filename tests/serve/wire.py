"""Bytes on the wire, right and wrong: HTTP requests and WebSocket frames written by hand."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
MASK = b"\x5a\xa5\x01\xff"


@dataclass(frozen=True)
class Answer:
    """What the server said to a request; status 0 if it said nothing that is HTTP."""

    status: int
    body: bytes


def request(method: str, target: str, headers: list[str], body: bytes = b"") -> bytes:
    """A request as it stands, sensible or not."""
    lines = [f"{method} {target} HTTP/1.1", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + body


def upgrade(target: str, headers: list[str]) -> bytes:
    """The request that opens a WebSocket."""
    ours = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    return request("GET", target, [*headers, *ours])


def frame(
    payload: bytes,
    opcode: int = BINARY,
    *,
    last: bool = True,
    masked: bool = True,
    reserved: int = 0,
    length: int | None = None,
) -> bytes:
    """One frame of a client; ``length`` is what it claims, if that is not the truth."""
    claimed = len(payload) if length is None else length
    if claimed < 126:
        size = struct.pack("!B", claimed | masked << 7)
    elif claimed < 2**16:
        size = struct.pack("!BH", 126 | masked << 7, claimed)
    else:
        size = struct.pack("!BQ", 127 | masked << 7, claimed)
    if masked:
        stretched = MASK * (len(payload) // 4 + 1)
        payload = MASK + bytes(a ^ b for a, b in zip(payload, stretched, strict=False))
    return struct.pack("!B", last << 7 | reserved << 4 | opcode) + size + payload


def connect(url: str, timeout: float = 60) -> socket.socket:
    """A bare connection to the server at ``url``."""
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout)


def answer(connection: socket.socket, method: str = "GET") -> Answer:
    """The next HTTP answer; status 0 where the server hung up instead."""
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        return Answer(response.status, b"" if response.status == 101 else response.read())
    except (HTTPException, ConnectionError):
        return Answer(0, b"")


def vanish(connection: socket.socket) -> None:
    """End by a reset, as when a laptop is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def frames(connection: socket.socket) -> list[tuple[int, bytes]]:
    """All frames until the server hangs up: opcode and payload."""
    stream = bytearray()
    try:
        while chunk := connection.recv(2**16):
            stream += chunk
    except ConnectionError:
        pass  # it reset the connection: what came before still counts
    found = []
    while len(stream) >= 2:
        short = stream[1] & 0x7F
        start = {126: 4, 127: 10}.get(short, 2)
        size = int.from_bytes(stream[2:start]) if start > 2 else short
        if len(stream) < start + size:
            break
        found.append((stream[0] & 0x0F, bytes(stream[start : start + size])))
        del stream[: start + size]
    return found
