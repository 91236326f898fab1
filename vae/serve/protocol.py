"""The bytes of the live channel: pure functions that read, check and write frames."""

from __future__ import annotations

import json
import math
import re
from urllib.parse import urlsplit

import numpy as np

from vae.errors import VaeError

MAX_ROWS = 1024
# Rows of large images are held to this too; 1,024 of 64 × 64 × 3 are below it. An answer of 8 MiB
# keeps the server, and with it all others, from anything else for about 20 ms while it is packed
# and handed over; one of 64 MiB for 300 ms.
MAX_BYTES = 16 * 2**20
FARTHEST_PLACE = 1e9  # on a map; codes reach 1e6
NO_VALUE = 65535

Shape = tuple[int, int, int]

_FLOAT = np.dtype("<f4")
_INDEX = np.dtype("<u4")
_NUMBER = re.compile(r"[+-]?(\d{1,30}\.?\d{0,30}|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:/@\s]+)(?::(?P<port>\d{1,5}))?")


class ProtocolError(VaeError):
    """A frame that cannot be used: what came, and what is allowed."""


def max_rows(image_shape: Shape) -> int:
    """How many rows one request may have: 1,024, fewer where the images are very large."""
    return max(1, min(MAX_ROWS, MAX_BYTES // math.prod(image_shape)))


def parse_latents(payload: bytes | str, latent_dim: int, limit: int = MAX_ROWS) -> np.ndarray:
    """Codes from a frame: float32 (n, latent_dim), all finite, 1 ≤ n ≤ ``limit``.

    Raises:
        ProtocolError: on text, a wrong length, too many rows, NaN or infinity.
    """
    what = f"codes of {latent_dim} float32 numbers"
    rows = _check_rows(payload, latent_dim * _FLOAT.itemsize, what, limit)
    z = np.frombuffer(rows, _FLOAT).reshape(-1, latent_dim)
    # Of finite numbers the sum of squares is finite, unless it overflows: then look at each.
    if not math.isfinite(np.vdot(z, z)) and not np.isfinite(z).all():
        row, column = np.argwhere(~np.isfinite(z))[0]
        raise ProtocolError(
            f"The number at row {row}, dimension {column} is {z[row, column]}; "
            "only finite numbers are allowed."
        )
    return z.astype(np.float32, copy=False)


def parse_pixels(payload: bytes | str, image_shape: Shape, limit: int = MAX_ROWS) -> np.ndarray:
    """Images from a frame: uint8 (n, H, W, C), 1 ≤ n ≤ ``limit``.

    Raises:
        ProtocolError: on text, a wrong length or too many images.
    """
    what = f"images of {' × '.join(map(str, image_shape))} uint8 pixels"
    rows = _check_rows(payload, math.prod(image_shape), what, limit)
    return np.frombuffer(rows, np.uint8).reshape(-1, *image_shape)


def parse_rows(payload: bytes | str, limit: int = MAX_ROWS) -> np.ndarray:
    """Row numbers from a frame: uint32 (n,), 1 ≤ n ≤ ``limit``.

    Raises:
        ProtocolError: on text, a wrong length or too many rows.
    """
    rows = _check_rows(payload, _INDEX.itemsize, "row numbers of one uint32", limit)
    return np.frombuffer(rows, _INDEX).astype(np.uint32, copy=False)


def check_rows(rows: np.ndarray, n: int) -> None:
    """Refuse row numbers beyond those of ``n`` codes.

    Raises:
        ProtocolError: if one is.
    """
    if (largest := rows.max()) >= n:
        raise ProtocolError(f"Row {largest} was asked for; rows 0 to {n - 1} are allowed.")


def parse_count(text: str, most: int, name: str = "k") -> int:
    """A whole number from a query, where it is called ``name``: 1 to ``most``.

    Raises:
        ProtocolError: if it is anything else.
    """
    # isdecimal alone also takes other scripts' digits; the length keeps int() quick
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise ProtocolError(f"{name}={text[:40]} came; a whole number from 1 to {most} is allowed.")
    return int(text)


def parse_number(text: str, name: str) -> float:
    """A number from a query, where it is called ``name``: its size at most :data:`FARTHEST_PLACE`.

    Raises:
        ProtocolError: if it is anything else.
    """
    # What float() takes and nobody means: nan, inf, 1_000, other scripts' digits, spaces.
    if _NUMBER.fullmatch(text) and abs(number := float(text)) <= FARTHEST_PLACE:
        return number
    raise ProtocolError(
        f"{name}={text[:40]} came; a number from {-FARTHEST_PLACE:g} to {FARTHEST_PLACE:g} is "
        "allowed."
    )


def parse_choice(text: str, name: str, choices: tuple[str, ...]) -> str:
    """One of ``choices`` from a query, where it is called ``name``.

    Raises:
        ProtocolError: if it is none of them.
    """
    if text not in choices:
        raise ProtocolError(f"{name}={text[:40]} came; {' or '.join(choices)} is allowed.")
    return text


def pack_floats(values: np.ndarray) -> bytes:
    """Numbers as little-endian float32, in C order."""
    return np.ascontiguousarray(values, _FLOAT).tobytes()


def pack_rows(rows: np.ndarray) -> bytes:
    """Row numbers as little-endian uint32."""
    return np.ascontiguousarray(rows, _INDEX).tobytes()


def pack_labels(labels: np.ndarray) -> bytes:
    """Class numbers as little-endian uint16."""
    return np.ascontiguousarray(labels, "<u2").tobytes()


def pack_values(values: np.ndarray) -> bytes:
    """Numbers to colour by, short: float32 low and high, then a uint16 each.

    0 to 65534 go evenly from low to high; 65535 stands for what is no finite number.
    """
    known = np.isfinite(values)
    low, high = (values[known].min(), values[known].max()) if known.any() else (0.0, 0.0)
    ends = np.array([low, high], _FLOAT).astype(np.float64)
    steps = np.full(values.shape, NO_VALUE)
    if (span := ends[1] - ends[0]) > 0:
        shares = (values[known].astype(np.float64) - ends[0]) / span
        steps[known] = np.rint((NO_VALUE - 1) * shares.clip(0, 1))
    else:
        steps[known] = 0
    return ends.astype(_FLOAT).tobytes() + steps.astype("<u2").tobytes()


def pack_pixels(images: np.ndarray) -> bytes:
    """uint8 pixels in C order."""
    return np.ascontiguousarray(images, np.uint8).tobytes()


def pack_error(error: Exception) -> str:
    """The text frame (or JSON body) that answers a request which could not be served."""
    return json.dumps({"error": str(error)}, ensure_ascii=False)


def origin_allowed(
    origin: str | None,
    host: str | None,
    forwarded: str | None = None,
    site: str | None = None,
) -> bool:
    """Whether a request with this ``Origin`` header may use the live channel.

    Programs send no Origin and are let in. A browser always sends it with a WebSocket or a
    ``POST``; it must then name the server's own address, the ``Host`` header, or the one a reverse
    proxy was reached by, ``X-Forwarded-Host`` (which a foreign page cannot set on a WebSocket, nor
    on a request without a preflight, which is never answered). Otherwise any page on the web could
    talk to a server on its visitor's machine.

    With a ``GET`` whose answer the page is not to read, an image's say, a browser sends no Origin
    but ``Sec-Fetch-Site`` (``site``; to https and localhost only). That must not be ``cross-site``
    or ``same-site``, another port or subdomain: the question alone can cost seconds of work.
    """
    if site in ("cross-site", "same-site"):
        return False
    if origin is None:
        return True
    try:
        source = urlsplit(origin)
        port = source.port or _DEFAULT_PORTS[source.scheme]
    except (KeyError, ValueError):  # "null", "file://", a port that is no number
        return False
    # A proxy in front of a proxy appends to the list: the first is the one the browser spoke to.
    ours = (host, forwarded.split(",")[0].strip() if forwarded else None)
    return any(_address(own, source.scheme) == (source.hostname, port) for own in ours if own)


def _address(host: str, scheme: str) -> tuple[str, int] | None:
    """Host and port of a ``Host`` header; the scheme's own port where it names none."""
    if not (match := _HOST.fullmatch(host)):
        return None
    name = match["name"].strip("[]").lower()
    return name, int(match["port"] or _DEFAULT_PORTS[scheme])


def _check_rows(payload: bytes | str, row_bytes: int, what: str, limit: int) -> bytes:
    """The payload, if it is binary and holds 1 to ``limit`` whole rows."""
    allowed = f"a binary frame of 1 to {limit} {what} ({row_bytes} bytes each) is allowed"
    if isinstance(payload, str):
        raise ProtocolError(f"A text frame came; {allowed}.")
    if not payload:
        raise ProtocolError(f"An empty frame came; {allowed}.")
    rows, rest = divmod(len(payload), row_bytes)
    if rest:
        raise ProtocolError(f"{len(payload)} bytes came, not a whole number of rows; {allowed}.")
    if rows > limit:
        raise ProtocolError(f"{rows} rows came; {allowed}.")
    return payload
