"""How fast the live channel answers, beside an echo on the same server: the floor.

    python benchmarks/live.py [--json] [--preset conv-16] [--clients 1 30 200] [--seconds 5]

A server in a process of its own serves an untrained model (its weights do not change its speed).
Each client asks for one image 30 times a second and waits for each answer; all clients run in this
process, on the same machine, so that with many of them it shares the processor with the server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.client import connect

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def serve(port: int) -> None:
    """The live routes and an echo, run as Streamlit runs them."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket

    from vae.serve.routes import make_routes

    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        async for frame in websocket.iter_bytes():
            await websocket.send_bytes(frame)

    app = Starlette(routes=[WebSocketRoute("/echo", echo), *make_routes(ROOT)])
    uvicorn.run(
        app, port=port, ws="websockets-sansio", ws_per_message_deflate=False, log_level="warning"
    )


def write_model(folder: Path, preset: str) -> int:
    """An untrained run called ``model``; returns its latent size."""
    from vae.checkpoints import save_weights
    from vae.config import config_to_json
    from vae.files import write_json
    from vae.model import VAE
    from vae.presets import make_config

    config = make_config(preset, "mnist", (28, 28, 1))
    (folder / "model").mkdir()
    write_json(folder / "model" / "config.json", config_to_json(config))
    save_weights(VAE(config.model), folder / "model" / "weights.safetensors")
    return config.model.latent_dim


async def client(url: str, frame: bytes, rate: float, due: float, until: float) -> list[float]:
    """Seconds of each round trip from ``due`` on: paced at ``rate`` a second, one in flight."""
    times: list[float] = []
    async with connect(url, compression=None) as websocket:
        for _ in range(3):  # handshake, model loading and first passes are not what is measured
            await websocket.send(frame)
            await websocket.recv()
        while due < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            start = time.perf_counter()
            await websocket.send(frame)
            answer = await websocket.recv()
            if isinstance(answer, str):
                raise RuntimeError(answer)
            times.append(time.perf_counter() - start)
            due += 1 / rate
    return times


async def measure(url: str, frame: bytes, clients: int, rate: float, seconds: float) -> Any:
    """Round trips in ms over all clients, and the least that one of them got answered."""
    begin = time.perf_counter() + 2  # time for all to connect
    starts = begin + np.linspace(0, 1 / rate, clients, endpoint=False)
    tasks = (client(url, frame, rate, float(start), begin + seconds) for start in starts)
    times = await asyncio.gather(*tasks)
    ms = np.concatenate(times) * 1e3
    return {
        "n": len(ms),
        "per_second": round(len(ms) / seconds, 1),
        "median_ms": round(float(np.median(ms)), 2),
        "p99_ms": round(float(np.percentile(ms, 99)), 2),
        "fewest_per_client": min(map(len, times)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--preset", default="conv-16")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 30, 200])
    parser.add_argument("--rate", type=float, default=30, help="questions a second and client")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.serve)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    result: dict[str, Any] = {
        "preset": options.preset,
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "uvicorn", "websockets")},
        "rate": options.rate,
    }
    with tempfile.TemporaryDirectory() as folder:
        frame = np.zeros((1, write_model(Path(folder), options.preset)), "<f4").tobytes()
        server = subprocess.Popen(
            [sys.executable, __file__, "--serve", str(port)], env=os.environ | {"VAE_RUNS": folder}
        )
        try:
            wait_for(port, server)
            for clients in options.clients:
                row: dict[str, Any] = {}
                for name, path in (("echo", "/echo"), ("decode", "/live/models/model/decode")):
                    url = f"ws://127.0.0.1:{port}{path}"
                    row[name] = asyncio.run(
                        measure(url, frame, clients, options.rate, options.seconds)
                    )
                row["ratio"] = round(row["decode"]["median_ms"] / row["echo"]["median_ms"], 2)
                result[f"clients_{clients}"] = row
                if not options.json:
                    print(f"{clients:4} clients:", json.dumps(row), flush=True)
        finally:
            server.terminate()
            server.wait()
    if options.json:
        print(json.dumps(result, indent=2))


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until the server listens."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if server.poll() is not None:
                raise RuntimeError("The server did not start.") from None
            time.sleep(0.05)


if __name__ == "__main__":
    main()
