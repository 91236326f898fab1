"""The live channel on a server of its own: its routes, an echo to compare with, its state.

    VAE_RUNS=folder python benchmarks/live_server.py PORT

``/echo`` sends each WebSocket frame back: the floor, since nothing on this server can be quicker.
``/state`` answers what the process holds and has used, as JSON; ``/state?collected`` does after a
garbage collection. ``null`` is not known here.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def serve(port: int) -> None:
    """Serve until terminated, set up as Streamlit sets its server up."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route, WebSocketRoute
    from starlette.websockets import WebSocket

    from vae.serve.at_once import ANSWERS_AT_ONCE
    from vae.serve.bounds import BOUNDED
    from vae.serve.routes import make_routes

    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        async for frame in websocket.iter_bytes():
            await websocket.send_bytes(frame)

    async def state(request: Request) -> JSONResponse:
        return JSONResponse(state_of_this_process("collected" in request.query_params))

    live = make_routes(ROOT / "pages" / "components")
    app = Starlette(
        routes=[WebSocketRoute("/echo", echo), Route("/state", state), *live],
        middleware=[ANSWERS_AT_ONCE, BOUNDED],
    )
    uvicorn.run(
        app,
        port=port,
        ws="websockets-sansio",
        ws_max_size=64_000_000,
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
    )


def state_of_this_process(collected: bool) -> dict[str, float | int | None]:
    """Seconds of processor time used; bytes, files and sockets, tasks and objects held.

    Objects are counted after a garbage collection, which takes a while, or not at all.
    """
    used = os.times()
    rss = open_files = objects = None
    if collected:
        gc.collect()
        objects = len(gc.get_objects())
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        rss = pages * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError):
        open_files = len(list(Path("/dev/fd").iterdir()))
    return {
        "cpu_seconds": used.user + used.system,
        "rss": rss,
        "open_files": open_files,
        "tasks": len(asyncio.all_tasks()),
        "objects": objects,
    }


def ask_state(port: int, collected: bool = False) -> dict[str, Any]:
    """The server's ``/state``, perhaps when its garbage is collected; the connection is closed."""
    query = "?collected" if collected else ""
    with urlopen(f"http://127.0.0.1:{port}/state{query}", timeout=30) as response:
        return json.load(response)


@contextmanager
def running_server(runs: Path) -> Iterator[int]:
    """A server of the models in ``runs``: its port.

    Raises:
        RuntimeError: if it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, __file__, str(port)]
    server = subprocess.Popen(command, env=os.environ | {"VAE_RUNS": str(runs)})
    try:
        while not _listens(port):
            if server.poll() is not None:
                raise RuntimeError("The server did not start.")
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    serve(int(sys.argv[1]))
