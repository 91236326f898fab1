"""A real server with real clients: concurrency, fairness, disappearing clients."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.serve.conftest import WriteRun
from vae.inference import decode_pixels
from vae.runs import load_model
from vae.serve.client import LiveClient
from vae.serve.protocol import pack_floats

CLIENTS, QUESTIONS = 12, 25


def test_every_client_gets_its_own_answers(runs: WriteRun, server: str) -> None:
    models = {name: load_model(runs(name, seed=seed)) for seed, name in enumerate("ab")}

    def drag(client: int) -> int:
        """The largest difference, in grey levels, from what the library decodes."""
        rng = np.random.default_rng(client)
        name = "ab"[client % 2]
        worst = 0
        with LiveClient(server, name) as live:
            for _ in range(QUESTIONS):
                z = rng.standard_normal((int(rng.integers(1, 40)), 2)).astype(np.float32)
                difference = live.decode(z).astype(int) - decode_pixels(models[name], z)
                worst = max(worst, np.abs(difference).max())
        return worst

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert max(pool.map(drag, range(CLIENTS))) <= 1


def test_a_flood_does_not_starve_a_small_client(runs: WriteRun, server: str) -> None:
    """Beside three clients who flood, each small question is answered while theirs still go on."""
    runs("a")
    stop = threading.Event()
    floods = np.zeros((1024, 2), np.float32)

    def flood() -> int:
        answered = 0
        with LiveClient(server, "a") as live:
            while not stop.is_set():
                answered += len(live.decode(floods))
        return answered

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(flood) for _ in range(3)]
        with LiveClient(server, "a") as live:
            for _ in range(QUESTIONS):
                assert live.decode(floods[:1]).shape == (1, 8, 6, 1)
        assert not any(future.done() for future in running)
        stop.set()
        assert all(future.result() > 0 for future in running)


def test_refusals_are_http_answers_before_the_connection_is_accepted(
    runs: WriteRun, server: str
) -> None:
    runs("a")
    url = server.replace("http", "ws")
    for path, origin, status in [
        ("/live/models/nobody/decode", None, 404),
        ("/live/models/a/decode", "http://evil.example", 403),
    ]:
        with (
            pytest.raises(InvalidStatus) as caught,
            connect(url + path, origin=origin),  # type: ignore[arg-type]
        ):
            pass
        assert caught.value.response.status_code == status
        assert b'"error"' in (caught.value.response.body or b"")
    with connect(f"{url}/live/models/a/decode", origin=server) as own:  # type: ignore[arg-type]
        own.send(pack_floats(np.zeros((1, 2))))
        assert len(own.recv()) == 48


def test_clients_that_vanish_leave_nothing_behind(
    runs: WriteRun, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In the handshake, before and after a question, in the middle of an answer."""
    runs("a")
    host, port = urlsplit(server).hostname, urlsplit(server).port
    upgrade = (
        "GET /live/models/{} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    length = 8 * 1024
    frame = b"\x82\xfe" + struct.pack("!H", length) + bytes(4) + bytes(length)
    post = b"POST /live/models/a/decode HTTP/1.1\r\nHost: x\r\nContent-Length: 80\r\n\r\n12345678"
    decode, nobody = upgrade.format("a/decode").encode(), upgrade.format("nobody/decode").encode()
    ways = [  # what is sent at once, and what is sent when that has been answered
        (decode[:40], None),
        (decode, None),
        (nobody, None),
        (decode, frame),
        (decode, frame * 20),
        (decode, frame[:5000]),
        (post, None),
    ]
    with caplog.at_level(logging.INFO):
        for delay in (0.0, 0.002, 0.02):
            for first, then in ways:
                with socket.create_connection((host, port)) as raw:
                    # A reset, as when a laptop is closed: not a polite end.
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    raw.sendall(first)
                    if then:
                        assert raw.recv(1024).startswith(b"HTTP/1.1 101")
                        raw.sendall(then)
                    time.sleep(delay)
        with LiveClient(server, "a") as live:
            assert live.decode(np.zeros((1, 2))).shape == (1, 8, 6, 1)
    # uvicorn says this of itself where the client went between its question and the answer to it
    known = "ASGI callable returned without completing handshake."
    loud = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not [said for record in loud if (said := record.getMessage()) != known]
    assert not [record for record in loud if record.exc_info]
