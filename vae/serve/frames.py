"""The frames of a map forming, by GET: of a fit at work as they come, of a stored map as kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

import numpy as np
from starlette.responses import Response

from vae.checks import MAP_ID_PATTERN
from vae.errors import VaeError
from vae.map_frames import FRAMES_FILE, Frames, pack_records, read_frames, record_type
from vae.map_jobs import folder_of
from vae.maps import stored_frames
from vae.runs import Run
from vae.serve.protocol import ProtocolError, pack_rows
from vae.serve.service import LiveModel
from vae.status import is_alive, read_status

MOST_BYTES = 8 << 20  # of one answer; who wants more asks again


async def map_frames(model: LiveModel, query: Mapping[str, str]) -> Response:
    """The frames of the map ``?map=``, from ``?from=`` on (0 if not given).

    uint32 n, the first frame's number, how many follow, and iterations of the whole fit; then of
    each frame its iteration, uint32, KL in nats, float32 (NaN: not known), box, 4 × float32, and n
    places, uint16 pairs from 0 to 65535 across the box. None follow while there is nothing new; n
    is 0 while a fit has not come to its first.
    """
    first = _first(query.get("from", "0"))
    packed = partial(_packed, model.run, query.get("map", "tsne"), first)
    content = await model.work("read", packed)
    return Response(content, media_type="application/octet-stream")


def _first(text: str) -> int:
    if not re.fullmatch("[0-9]{1,6}", text):
        raise ProtocolError(f"from={text[:40]} came; a whole number from 0 to 999999 is allowed.")
    return int(text)


def _packed(run: Run, map_id: str, first: int) -> bytes:
    frames = _growing(run, map_id, first)
    if frames is None and _begins(run, map_id):
        return pack_rows(np.array([0, first, 0, 0]))
    if frames is None:
        stored = stored_frames(run, map_id)
        rows = slice(first, first + _most(stored.coords.shape[1]))
        frames = Frames(
            stored.total,
            stored.iterations[rows],
            stored.kl[rows],
            stored.boxes[rows],
            stored.coords[rows],
        )
    head = np.array([frames.coords.shape[1], first, len(frames), frames.total])
    return pack_rows(head) + pack_records(frames)


def _growing(run: Run, map_id: str, first: int) -> Frames | None:
    """Those of a fit at work, if there is one of this map."""
    if not re.fullmatch(MAP_ID_PATTERN, map_id):  # it becomes a path
        return None
    folder = folder_of(run, map_id)
    path = folder / FRAMES_FILE
    if not path.is_file() or not is_alive(folder):
        return None
    try:
        return read_frames(path, first, _most(read_frames(path, first, 0).coords.shape[1]))
    except VaeError:  # it has ended meanwhile: what it stored counts
        return None


def _begins(run: Run, map_id: str) -> bool:
    """Whether its fit has been started and has no frames as yet: it looks for neighbours."""
    if not re.fullmatch(MAP_ID_PATTERN, map_id):
        return False
    folder = folder_of(run, map_id)
    return (folder / "status.json").is_file() and read_status(folder)["state"] == "running"


def _most(n: int) -> int:
    return max(1, MOST_BYTES // record_type(n).itemsize)
