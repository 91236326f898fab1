"""TCP_NODELAY is set on connections to a socket that was bound as Streamlit binds its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.sync.client import connect

from vae.serve.at_once import at_once


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers whether TCP_NODELAY is set on the connection that it is asked over."""
    if scope["type"] == "lifespan":
        return
    transport = receive.__self__.transport  # type: ignore[attr-defined]
    connection = transport.get_extra_info("socket")
    answer = b"%d" % bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer})
    else:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": answer})
        await receive()


@contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    with socket.socket() as bound:  # asyncio would set it on one that knows its protocol
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        config = uvicorn.Config(app, ws="websockets-sansio", log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        yield bound.getsockname()[1]
        server.should_exit = True
        thread.join(timeout=10)


@pytest.mark.parametrize(("app", "answer"), [(told, b"0"), (at_once(told), b"1")])
def test_answers_leave_at_once(
    app: ASGIApp, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with served(app) as port:
        with urlopen(f"http://127.0.0.1:{port}", timeout=10) as response:
            assert response.read() == answer
        with connect(f"ws://127.0.0.1:{port}") as websocket:
            assert websocket.recv(10) == answer


class Connection:
    """Stands for a server whose ``receive`` knows something else, or nothing."""

    def __init__(self, transport: object) -> None:
        self.transport = transport

    async def receive(self) -> dict[str, str]:
        return {}

    def get_extra_info(self, name: str) -> None:
        return None


def test_other_servers_are_left_alone() -> None:
    async def receive() -> dict[str, str]:
        return {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(receive)

    asked: list[object] = []
    for other in (receive, Connection(None).receive, Connection(Connection(None)).receive):
        asyncio.run(at_once(app)({"type": "http"}, other, None))  # type: ignore[arg-type]
        assert asked.pop() == other
