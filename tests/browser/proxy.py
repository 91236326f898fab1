"""A TCP proxy before the server, as slow or as strict as a network can be."""

from __future__ import annotations

import asyncio
import threading
from typing import Literal

Rule = Literal["pass", "refuse", "close", "swallow"]


class Proxy:
    """Carries bytes between browsers and the server on ``port``, from a thread of its own.

    Attributes:
        url: where browsers reach the server through it.
        delay: seconds that are added to each way.
        live: what becomes of WebSockets to ``/live/…``: they pass, are answered 403, are closed
            without an answer, or wait for one in vain. Streamlit's own always pass.
    """

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        self.live: Rule = "pass"
        self._target = port
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(server, self._loop).result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Close every connection; new ones may be made at once."""
        for writer in list(self._open):
            self._loop.call_soon_threadsafe(writer.close)

    def stop(self) -> None:
        """Close everything."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        for writer in self._open:
            writer.close()
        await asyncio.gather(*filter(None, self._open.values()))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a browser. Browsers open a new one for each WebSocket."""
        self._open[writer] = asyncio.current_task()
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(2 * self.delay)  # of the TCP handshake
            path, *headers = head.lower().split(b"\r\n")
            if b"upgrade: websocket" in headers and b" /live/" in path and self.live != "pass":
                await self._turn_away(reader, writer)
            else:
                await self._connect(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the browser has gone
        finally:
            del self._open[writer]
            writer.close()

    async def _turn_away(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.live == "refuse":
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        elif self.live == "swallow":
            await reader.read()  # until the browser gives up

    async def _connect(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            page = b"<h1>502 Bad Gateway</h1>"
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n")
            writer.write(b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page))
            await writer.drain()
            return
        ways = [
            asyncio.create_task(self._carry(reader, forth, head)),
            asyncio.create_task(self._carry(back, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            forth.close()

    async def _carry(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, first: bytes = b""
    ) -> None:
        """One way of a connection; what is under way does not hold up what follows it."""
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def read() -> None:
            chunk = first
            try:
                while chunk := chunk or await source.read(65536):
                    under_way.put_nowait((loop.time() + self.delay, chunk))
                    chunk = b""
            finally:
                under_way.put_nowait((loop.time() + self.delay, b""))

        reading = asyncio.create_task(read())
        try:
            while True:
                due, chunk = await under_way.get()
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                if not chunk:
                    return
                to.write(chunk)
                await to.drain()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
