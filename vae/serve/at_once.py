"""Answers leave at once: no waiting for the network to acknowledge what was sent before."""

from __future__ import annotations

import socket
from contextlib import suppress

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send


def at_once(app: ASGIApp) -> ASGIApp:
    """Middleware that sets TCP_NODELAY on every connection.

    Streamlit binds its socket in a way that keeps asyncio from setting it. Without it the second
    of two small packets waits until the first is acknowledged, up to 40 ms: the body of an HTTP
    answer, and the end of a long WebSocket frame.
    """

    async def sent_at_once(scope: Scope, receive: Receive, send: Send) -> None:
        # ASGI does not tell the connection, but uvicorn's `receive` is a method of what holds it.
        # Where another server's is not, its answers are as quick as it makes them.
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        connection = transport and transport.get_extra_info("socket")
        if connection:
            with suppress(OSError):  # its client has gone, or it is no TCP connection
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        await app(scope, receive, send)

    return sent_at_once


ANSWERS_AT_ONCE = Middleware(at_once)
