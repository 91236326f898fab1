"""Tiny idx files in torchvision's layout, and a web server for downloads: no real data needed."""

from __future__ import annotations

import gzip
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from vae.datasets import DATASETS, DatasetInfo
from vae.datasets.registry import files_dir


def idx_bytes(array: np.ndarray) -> bytes:
    """The idx format: magic number, sizes, bytes."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def tiny_files(info: DatasetInfo, first_label: int) -> dict[str, bytes]:
    """Random idx files of the sizes that ``info`` promises: name → content."""
    rng = np.random.default_rng(0)
    counts = (info.sizes["train"] + info.sizes["validation"], info.sizes["test"])
    files = {}
    for stem, count in zip(info.file_stems, counts, strict=True):
        images = rng.integers(0, 256, (count, *info.image_shape[:2]), dtype=np.uint8)
        labels = (np.arange(count) % len(info.classes) + first_label).astype(np.uint8)
        files[f"{stem}-images-idx3-ubyte"] = idx_bytes(images)
        files[f"{stem}-labels-idx1-ubyte"] = idx_bytes(labels)
    return files


@pytest.fixture
def shrink(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], tuple[DatasetInfo, dict[str, bytes], Path]]:
    """Make a data set tiny and the data folder empty; gives its entry, files and raw folder."""
    monkeypatch.setenv("VAE_DATA", str(tmp_path))

    def apply(name: str) -> tuple[DatasetInfo, dict[str, bytes], Path]:
        info = replace(DATASETS[name], sizes={"train": 9, "validation": 5, "test": 6})
        monkeypatch.setitem(DATASETS, name, info)
        files = tiny_files(info, first_label=1 if name == "emnist-letters" else 0)
        return info, files, files_dir(info, tmp_path)

    return apply


@pytest.fixture
def gzipped() -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """File names and contents as the mirrors hold them."""
    return lambda files: {f"{name}.gz": gzip.compress(data) for name, data in files.items()}


class Mirror:
    """A loopback web server of given files, which counts what is asked of it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.promise_more = 0  # bytes announced but never sent
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.lstrip("/")
                mirror.asked.append(name)
                body = mirror.files.get(name)
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body) + mirror.promise_more))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("no_proxy", "*")
    mirror = Mirror()
    yield mirror
    mirror.close()
