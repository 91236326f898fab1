"""What the frames of one WebSocket may take of the server: memory for pongs, time of the others."""

from __future__ import annotations

from typing import Any

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

# Read at once. Frames may be as small as six bytes, and all that were read are taken apart before
# anybody else's turn: 256 KiB, asyncio's own choice, keep the others waiting for 0.8 s.
READ_BYTES = 8 * 1024


def bounded(app: ASGIApp) -> ASGIApp:
    """Middleware that bounds what a WebSocket's client can make uvicorn do and hold."""

    async def bounded_app(scope: Scope, receive: Receive, send: Send) -> None:
        # ASGI does not tell the connection, but uvicorn's `receive` is a method of what holds it.
        connection = getattr(receive, "__self__", None)
        if scope["type"] == "websocket" and hasattr(connection, "handle_ping"):
            _bound(connection)
        await app(scope, receive, send)

    return bounded_app


def _bound(connection: Any) -> None:
    if hasattr(connection.transport, "max_size"):  # asyncio's; uvloop reads as it likes
        connection.transport.max_size = READ_BYTES
    answer = connection.handle_ping

    def handle_ping() -> None:
        if connection.writable.is_set():
            answer()
        else:
            # Its client does not read: pongs would pile up. They are taken and dropped; RFC 6455,
            # section 5.5.3, asks only for one to the last of several pings.
            connection.conn.data_to_send()

    connection.handle_ping = handle_ping


BOUNDED = Middleware(bounded)
