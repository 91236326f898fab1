"""Small models in a runs folder of their own, and real servers: in a thread, in a process."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import uvicorn
from starlette.applications import Starlette
from starlette.testclient import TestClient
from websockets.sync.client import connect

from tests.serve import wire
from vae.checkpoints import save_weights
from vae.config import Config, ModelConfig, TrainingConfig
from vae.config_json import config_to_json
from vae.files import save_npz, write_json
from vae.inference import decode_pixels
from vae.model import VAE
from vae.runs import Run, find_run, load_model
from vae.serve.protocol import pack_floats
from vae.serve.routes import make_routes

WriteRun = Callable[..., Run]
Witness = Callable[[], None]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Process:
    """A server process: where it listens, and what it has said so far."""

    name: str
    url: str
    pid: int
    log: Path


def write_run(folder: Path, name: str, latent_dim: int = 2, seed: int = 0) -> Run:
    """An untrained but complete run: what is served does not depend on what was learned."""
    torch.manual_seed(seed)
    model = ModelConfig("mlp", (16,), latent_dim, (8, 6, 1))
    path = folder / name
    path.mkdir(exist_ok=True)
    config = Config("mlp-2d", model, TrainingConfig("digits"))
    write_json(path / "config.json", config_to_json(config))
    write_json(path / "status.json", {"state": "done"})
    save_weights(VAE(model), path / "weights.safetensors")
    rng = np.random.default_rng(seed)
    save_npz(
        path / "codes.npz",
        mu=rng.standard_normal((50, latent_dim)).astype(np.float32),
        logvar=rng.standard_normal((50, latent_dim)).astype(np.float32),
        labels=np.arange(50) % 10,
        indices=np.arange(50),
    )
    return find_run(name)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """The service sets torch's threads for its process; other tests keep theirs."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteRun:
    """Writes runs into a fresh $VAE_RUNS."""
    monkeypatch.setenv("VAE_RUNS", str(tmp_path))
    return lambda name, **options: write_run(tmp_path, name, **options)


@pytest.fixture
def static_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "components"
    folder.mkdir()
    (folder / "wire.js").write_text("export const answer = 42;\n")
    (folder / "secret.txt").write_text("not to be served")
    return folder


@pytest.fixture
def client(static_dir: Path) -> Iterator[TestClient]:
    """The routes in process."""
    with TestClient(Starlette(routes=make_routes(static_dir))) as client:
        yield client


@pytest.fixture
def server(static_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a real server, run as Streamlit runs it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    config = uvicorn.Config(
        Starlette(routes=make_routes(static_dir)),
        host="127.0.0.1",
        port=0,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_config=None,  # let records reach caplog
    )
    uvicorn_server = uvicorn.Server(config)
    thread = threading.Thread(target=uvicorn_server.run)
    thread.start()
    while not uvicorn_server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    port = uvicorn_server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    uvicorn_server.should_exit = True
    thread.join(timeout=10)
    assert not thread.is_alive()


@pytest.fixture(scope="session", params=["routes", "app"])
def process(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _tiny_folder: Path
) -> Iterator[Process]:
    """A server in a process of its own with one model, ``tiny``: the bare routes, then the app."""
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copytree(_tiny_folder, folder / "runs" / "tiny")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = {
        "routes": f"benchmarks/live_server.py {port}",
        "app": f"-m streamlit run app.py --server.headless=true --server.port={port}",
    }[request.param]
    with (folder / "log.txt").open("w") as log:
        running = subprocess.Popen(
            [sys.executable, *command.split()],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env=os.environ | {"VAE_RUNS": str(folder / "runs"), "NO_PROXY": "127.0.0.1"},
        )
    found = Process(request.param, f"http://127.0.0.1:{port}", running.pid, folder / "log.txt")
    try:
        while not _answers(found.url):
            assert running.poll() is None, found.log.read_text()
            time.sleep(0.05)
        yield found
    finally:
        running.terminate()
        running.wait(10)


@pytest.fixture
def witness(process: Process, tiny_run: object) -> Iterator[Witness]:
    """A client who asks between the fuzz, over one connection, and knows the right answer.

    In the end the server must not have logged a failure.
    """
    z = np.array([[0.5, -1.0], [2.0, 0.0]], np.float32)
    expected = decode_pixels(load_model(find_run("tiny")), z).astype(int)
    url = f"{process.url.replace('http', 'ws')}/live/models/tiny/decode"
    begun = len(process.log.read_text())
    with connect(url) as connection:

        def ask() -> None:
            connection.send(pack_floats(z))
            answer = connection.recv(20)
            assert isinstance(answer, bytes)
            pixels = np.frombuffer(answer, np.uint8).reshape(-1, 8, 8, 1)
            assert np.abs(pixels - expected).max() <= 1

        yield ask
        ask()
    said = process.log.read_text()[begun:]
    assert not re.search("Traceback|The server (failed|could not)", said), said


def _answers(url: str) -> bool:
    try:
        with wire.connect(url) as connection:
            connection.sendall(wire.request("GET", "/live/models", ["Host: localhost"]))
            return wire.answer(connection).status == 200
    except ConnectionError:
        return False
