"""A small client of the live channel, for scripts, notebooks, tests and benchmarks."""

from __future__ import annotations

import json
from contextlib import ExitStack
from types import TracebackType
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from vae.errors import VaeError
from vae.serve.protocol import pack_floats, pack_pixels, pack_rows


class LiveClient:
    """One model on a running server.

    >>> with LiveClient("http://localhost:8501", "mnist-2d") as live:
    ...     image = live.decode(np.zeros((1, 2)))[0]  # (28, 28, 1) uint8

    Each kind of question has a WebSocket of its own, opened when it is first asked. With
    ``websocket=False`` questions go by POST, for networks that block WebSockets. A client may be
    used by one thread at a time.

    Raises:
        VaeError: the server's own sentence where it refuses, or that it cannot be reached.
    """

    def __init__(
        self, url: str, model: str, *, websocket: bool = True, timeout: float = 30
    ) -> None:
        self._url = f"{url.rstrip('/')}/live/models/{quote(model, safe='')}"
        self._websocket = websocket
        self._timeout = timeout
        self._connections: dict[str, ClientConnection] = {}
        self._open = ExitStack()
        self._facts: dict[str, Any] | None = None

    def __enter__(self) -> LiveClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; a later question opens them again."""
        self._connections.clear()
        self._open.close()

    @property
    def facts(self) -> dict[str, Any]:
        """What the server says of the model: ``latent_dim``, ``image_shape``, ``kl`` …"""
        if self._facts is None:
            self._facts = json.loads(self._http(""))
        return self._facts

    def decode(self, z: np.ndarray) -> np.ndarray:
        """z (n, d) -> the decoder's mean images, uint8 (n, H, W, C)."""
        answer = np.frombuffer(self._ask("/decode", pack_floats(z)), np.uint8)
        return answer.reshape(-1, *self.facts["image_shape"])

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 images (n, H, W, C) -> posterior mean and log-variance, each (n, d) float32."""
        answer = np.frombuffer(self._ask("/encode", pack_pixels(images)), "<f4")
        pairs = answer.reshape(-1, 2, self.facts["latent_dim"])
        return pairs[:, 0], pairs[:, 1]

    def place(self, z: np.ndarray, map_id: str = "tsne", exact: bool = False) -> np.ndarray:
        """z (n, d) -> x, y and spread on a map, (n, 3) float32; ``exact``: where t-SNE puts it."""
        question = f"/place?{urlencode({'map': map_id, 'exact': int(exact)})}"
        return np.frombuffer(self._ask(question, pack_floats(z)), "<f4").reshape(-1, 3)

    def nearest(self, z: np.ndarray, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """z (n, d) -> the k nearest held-out codes: rows (n, k) int64, distances (n, k) float32."""
        question = f"/nearest?{urlencode({'k': k})}"
        pairs = np.frombuffer(self._ask(question, pack_floats(z)), "<f4").reshape(-1, k, 2)
        return pairs[..., 0].astype(np.int64), pairs[..., 1]

    def images(self, rows: np.ndarray) -> np.ndarray:
        """Rows (n,) of the held-out codes -> the images they encode, uint8 (n, H, W, C)."""
        answer = np.frombuffer(self._ask("/images", pack_rows(rows)), np.uint8)
        return answer.reshape(-1, *self.facts["image_shape"])

    def _ask(self, question: str, payload: bytes) -> bytes:
        if not self._websocket:
            return self._http(question, payload)
        try:
            if question not in self._connections:
                self._connections[question] = self._connect(question)
            connection = self._connections[question]
            connection.send(payload)
            answer = connection.recv(self._timeout)
        except (OSError, ConnectionClosed, InvalidHandshake) as error:
            self.close()
            if isinstance(error, InvalidStatus):
                raise VaeError(_sentence(error.response.body, str(error))) from None
            raise VaeError(f"{self._url} cannot be reached: {error}.") from error
        if isinstance(answer, str):
            raise VaeError(_sentence(answer, answer))
        return answer

    def _connect(self, question: str) -> ClientConnection:
        url = urlsplit(self._url + question)
        scheme = {"http": "ws", "https": "wss"}.get(url.scheme, url.scheme)
        return self._open.enter_context(
            connect(
                url._replace(scheme=scheme).geturl(),
                open_timeout=self._timeout,
                max_size=None,  # 1,024 images in one answer
                compression=None,
            )
        )

    def _http(self, question: str, payload: bytes | None = None) -> bytes:
        request = Request(self._url + question, payload)
        request.add_header("Content-Type", "application/octet-stream")
        try:
            with urlopen(request, timeout=self._timeout) as response:
                return response.read()
        except HTTPError as error:
            raise VaeError(_sentence(error.read(), str(error))) from None
        except (URLError, OSError) as error:
            raise VaeError(f"{self._url} cannot be reached: {error}.") from error


def _sentence(body: bytes | bytearray | str | None, otherwise: str) -> str:
    """The sentence in the server's ``{"error": "…"}``."""
    try:
        return str(json.loads(body or "")["error"])
    except (ValueError, KeyError, TypeError):
        return otherwise
