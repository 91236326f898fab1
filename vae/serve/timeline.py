"""The snapshots of a training by GET, while it runs and afterwards: a run needs no weights yet."""

from __future__ import annotations

import bisect
import math
import re
from asyncio import to_thread
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from vae.latent.alignment import aligned_planes
from vae.runs import Run, find_run
from vae.serve.protocol import ProtocolError, pack_floats, pack_labels, pack_rows
from vae.status import ACTIVE
from vae.timeline import (
    Shown,
    has_timeline,
    moment_path,
    moments,
    read_moment,
    read_shown,
    weights_path,
)

MOST_BYTES = 8 << 20  # of one answer; who wants more asks again
_LARGEST = 3e38  # in single precision; the curves of a training that runs away go beyond


async def snapshots(request: Request) -> Response:
    """The snapshots of a run from number ``?from=`` on (0 if not given).

    Ten uint32: codes n, originals k, samples s, H, W, C, the first snapshot's number, how many
    follow, how many there are, whether more may come (1: the run is at work). With ``from=0``,
    where there are any: n classes, uint16, then the originals, uint8 k × H × W × C. Then of each
    snapshot two uint32: images seen, and whether its weights are kept; six float32: epoch,
    reconstruction and KL of the originals, loss, reconstruction and KL of the training images
    around then (nats, NaN: not known); its reconstructions, uint8 k × H × W × C, and its samples,
    uint8 s × H × W × C.
    """
    name, first = request.path_params["name"], _first(request.query_params)
    return _bytes(await to_thread(_packed, name, first))


async def places(request: Request) -> Response:
    """The codes of all snapshots on one plane, aligned (:mod:`vae.latent.alignment`).

    uint32 how many snapshots, and codes n; then for each n × 2 float32. The last one decides how
    all are turned.
    """
    return _bytes(await to_thread(_places, request.path_params["name"]))


def _first(query: Mapping[str, str]) -> int:
    text = query.get("from", "0")
    if not re.fullmatch("[0-9]{1,4}", text):
        raise ProtocolError(f"from={text[:40]} came; a whole number from 0 to 9999 is allowed.")
    return int(text)


def _packed(name: str, first: int) -> bytes:
    run = find_run(name)
    # Before the snapshots: what came before the end of the run is then seen to be all.
    more = not run.bundled and run.status["state"] in ACTIVE
    if more and not has_timeline(run):  # about to begin
        return pack_rows(np.array([0, 0, 0, *run.config.model.image_shape, first, 0, 0, 1]))
    shown, times = read_shown(run), moments(run)
    begin = pack_labels(shown.labels) + shown.originals.tobytes() if first == 0 and times else b""
    rows, records, samples = _train_rows(run), list[bytes](), 0
    size = len(begin)
    for images in times[first:]:
        moment = read_moment(run, images)
        samples = len(moment.samples)
        numbers = np.clip(_numbers(images, moment.terms, shown, rows), -_LARGEST, _LARGEST)
        record = b"".join(
            (
                pack_rows(np.array([images, weights_path(run, images).is_file()])),
                pack_floats(numbers),
                moment.reconstructions.tobytes(),
                moment.samples.tobytes(),
            )
        )
        size += len(record)
        if records and size > MOST_BYTES:
            break
        records.append(record)
    head = [len(shown.labels), len(shown.originals), samples, *run.config.model.image_shape]
    head += [first, len(records), len(times), int(more)]
    return pack_rows(np.array(head)) + begin + b"".join(records)


def _train_rows(run: Run) -> list[dict[str, Any]]:
    return [row for row in run.metrics() if row["split"] == "train"]


def _numbers(
    images: int, terms: np.ndarray, shown: Shown, rows: list[dict[str, Any]]
) -> tuple[float, ...]:
    """Epoch, the terms of the originals, and those of the point of the curves that covers it: a
    point is the mean of the images since the one before.
    """
    at = bisect.bisect_left(rows, max(1, images), key=lambda row: row["images"])
    row = rows[at] if at < len(rows) else {}
    named = (row.get(key, math.nan) for key in ("loss", "reconstruction", "kl"))
    return (images / shown.count, *map(float, terms), *named)


def _places(name: str) -> bytes:
    run = find_run(name)
    read_shown(run)  # says so where there are none
    stamp = tuple((images, moment_path(run, images).stat().st_mtime_ns) for images in moments(run))
    film = _film(run, stamp)
    return pack_rows(np.array(film.shape[:2])) + pack_floats(film)


@lru_cache(maxsize=8)
def _film(run: Run, stamp: tuple[tuple[int, int], ...]) -> np.ndarray:
    return aligned_planes([read_moment(run, images).codes for images, _ in stamp])


def _bytes(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream")
