"""The points of a training's curves by GET: those after a place in the file, a bounded part."""

from __future__ import annotations

import hashlib
import json
from asyncio import to_thread
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vae.checks import check_points
from vae.errors import VaeError
from vae.files import why
from vae.runs import find_run
from vae.serve.protocol import ProtocolError

MOST_BYTES = 256 * 1024  # of the file in one answer, or its next line; who wants more asks again
_LONGEST = 1 << 20  # of a line: a thousand dimensions take 10 kB


async def points_after(request: Request) -> Response:
    """The points of the run ``NAME`` that stand after byte ``?after=`` of its ``metrics.jsonl``.

    JSON: ``points``; ``after``, where they begin; ``next``, what to ask after the next time;
    ``more``, whether there are more already; ``first``, which the first line of the file decides.
    With ``?first=``, and where that is another by now or the file is shorter, they begin at 0:
    the run was trained anew.
    """
    query = request.query_params
    after = _position(query.get("after", "0"))
    name, first = request.path_params["name"], query.get("first", "")
    return JSONResponse(await to_thread(read_points, name, after, first))


def read_points(name: str, after: int, first: str = "") -> dict[str, Any]:
    """What :func:`points_after` answers. It reads no more of the file than it answers.

    Raises:
        VaeError: if there is no such run, or a line is no point of a training curve.
    """
    path = find_run(name).path / "metrics.jsonl"
    try:
        start, raw, kind, size = _read(path, after, first)
    except FileNotFoundError:
        return {"points": [], "after": 0, "next": 0, "more": False, "first": ""}
    except OSError as error:
        raise VaeError(f"Could not read {path}: {why(error)}.") from error
    whole = raw[: raw.rfind(b"\n") + 1]  # a line may be just being written
    label = f"{path}, from byte {start}"
    try:
        rows = [json.loads(line) for line in whole.splitlines()]
    except (ValueError, RecursionError) as error:
        raise VaeError(f"{label}, holds a line that is not valid JSON: {error}.") from None
    end = start + len(whole)
    more = end < size and bool(whole)
    points = check_points(rows, label)
    return {"points": points, "after": start, "next": end, "more": more, "first": kind}


def _read(path: Path, after: int, first: str) -> tuple[int, bytes, str, int]:
    """Where it begins, the bytes from there, which file it is, and how long that is."""
    with path.open("rb") as file:
        line = file.readline(_LONGEST)
        kind = hashlib.blake2b(line, digest_size=8).hexdigest() if line.endswith(b"\n") else ""
        size = file.seek(0, 2)
        if after > size or (first and first != kind):
            after = 0
        file.seek(max(0, after - 1))
        if after and file.read(1) != b"\n":  # not where a line begins
            after = 0
            file.seek(0)
        raw = file.read(MOST_BYTES)
        if b"\n" not in raw:
            raw += file.readline(_LONGEST)
        return after, raw, kind, size


def _position(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise ProtocolError(f"after={text[:40]} came; a whole number below 10^12 is allowed.")
    return int(text)
