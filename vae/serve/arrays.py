"""What is read of a model by GET: its facts, and arrays as long as it has held-out images."""

from __future__ import annotations

import math
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vae.latent.binning import Box, Cloud, cloud, density, mean_values, sample
from vae.latent.statistics import summary
from vae.latent.values import values
from vae.map_quality import quality
from vae.maps import load_map
from vae.runs import Run, list_runs
from vae.serve.frames import map_frames
from vae.serve.protocol import (
    ProtocolError,
    pack_floats,
    pack_labels,
    pack_rows,
    pack_values,
    parse_count,
    parse_number,
)
from vae.serve.service import LiveModel

MOST_BINS = 1024  # along each side of a picture of all points
MOST_POINTS = 50_000  # of one answer
_QUALITY_QUERIES = 1000  # as on the page: a second on 10,000 codes

Query = Mapping[str, str]
Reading = Callable[[LiveModel, Query], Awaitable[Response]]


async def model_list(request: Request) -> Response:
    """The models that can be used, bundled ones first."""
    return JSONResponse(await to_thread(_summaries))


async def facts(model: LiveModel, query: Query) -> Response:
    """One model's facts (:func:`vae.latent.statistics.facts`) and the maps it has."""
    return JSONResponse(await model.facts())


async def codes_of(model: LiveModel, query: Query) -> Response:
    """The posterior means of the held-out images, float32 (n, d)."""
    return _bytes(await model.work("read", lambda: pack_floats(model.run.codes().mu)))


async def labels_of(model: LiveModel, query: Query) -> Response:
    """The classes of the held-out images, uint16 (n,)."""
    return _bytes(await model.work("read", lambda: pack_labels(model.run.codes().labels)))


async def map_points(model: LiveModel, query: Query) -> Response:
    """The places of those codes on the map ``?map=``, t-SNE if not given, float32 (n, 2)."""
    found = _map(query)
    places = await model.work("read", lambda: pack_floats(load_map(model.run, found).coords))
    return _bytes(places)


async def values_of(model: LiveModel, query: Query) -> Response:
    """The numbers ``?by=`` of the held-out images, as :func:`pack_values` writes them."""
    numbers = await _values(model, _asked(query, "by"))
    return _bytes(await model.work("read", partial(pack_values, numbers)))


async def map_quality(model: LiveModel, query: Query) -> Response:
    """How far the map ``?map=`` can be believed (:func:`vae.map_quality.quality`), as JSON."""
    found = _map(query)
    measured = partial(_quality, model.run, found)
    return JSONResponse(await model.measured.once(f"quality {found}", measured))


async def map_density(model: LiveModel, query: Query) -> Response:
    """All points in a box of a map, counted in ``?w=`` × ``?h=`` bins, the top row first.

    uint32 counts, then each bin's most frequent label, uint16 (65535: empty), or with ``?by=`` its
    mean number as :func:`pack_values` writes it.
    """
    box = _box(query)
    width, height = (parse_count(_asked(query, side), MOST_BINS, side) for side in "wh")
    points = await _cloud(model, _map(query))
    if "by" not in query:

        def majority() -> bytes:
            counts, labels = density(points, box, width, height)
            return pack_rows(counts) + pack_labels(labels)

        return _bytes(await model.work("count", majority))
    numbers = await _values(model, query["by"])

    def means() -> bytes:
        counts, found = mean_values(points, numbers, box, width, height)
        return pack_rows(counts) + pack_values(found)

    return _bytes(await model.work("count", means))


async def map_sample(model: LiveModel, query: Query) -> Response:
    """The points in a box of a map, at most ``?most=``: how many are there and how many are sent,
    uint32; their rows, uint32; x and y, float32; labels, uint16.
    """
    box, most = _box(query), parse_count(_asked(query, "most"), MOST_POINTS, "most")
    points = await _cloud(model, _map(query))

    def packed() -> bytes:
        total, chosen = sample(points, box, most)
        head = pack_rows(np.array([total, len(chosen)]))
        places = np.stack([points.x[chosen], points.y[chosen]], axis=1)
        return (
            head
            + pack_rows(points.rows[chosen])
            + pack_floats(places)
            + pack_labels(points.labels[chosen])
        )

    return _bytes(await model.work("count", packed))


READINGS: dict[str, Reading] = {
    "": facts,
    "/codes": codes_of,
    "/labels": labels_of,
    "/map": map_points,
    "/frames": map_frames,
    "/values": values_of,
    "/quality": map_quality,
    "/density": map_density,
    "/points": map_sample,
}


async def _values(model: LiveModel, by: str) -> np.ndarray:
    if by.startswith("z:"):  # read off at once: no room among what is kept
        return await model.work("read", partial(values, model.run, by))
    return await model.measured.once(f"values {by}", partial(values, model.run, by))


async def _cloud(model: LiveModel, map_id: str) -> Cloud:
    return await model.measured.once(f"cloud {map_id}", partial(_read_cloud, model.run, map_id))


def _read_cloud(run: Run, map_id: str) -> Cloud:
    return cloud(load_map(run, map_id).coords, run.codes().labels)


def _quality(run: Run, map_id: str) -> dict[str, Any]:
    found, codes = load_map(run, map_id), run.codes()
    measured = found.facts.get("quality")
    if not isinstance(measured, dict):
        n = len(found.coords)
        measured = quality(codes.mu[:n], found.coords, codes.labels[:n], queries=_QUALITY_QUERIES)
    # A stored one is a file that may come from elsewhere: JSON has no NaN.
    return {
        str(name): value
        for name, value in measured.items()
        if value is None or (isinstance(value, int | float) and math.isfinite(value))
    }


def _box(query: Query) -> Box:
    box = Box(*(parse_number(_asked(query, name), name) for name in ("x0", "x1", "y0", "y1")))
    for name, low, high in (("x", box.x0, box.x1), ("y", box.y0, box.y1)):
        if not low < high:
            raise ProtocolError(
                f"A box from {name}0={low:g} to {name}1={high:g} was asked for; {name}0 < {name}1 "
                "is allowed."
            )
    return box


def _map(query: Query) -> str:
    return query.get("map", "tsne")


def _asked(query: Query, name: str) -> str:
    if name not in query:
        raise ProtocolError(f"The question names no {name}; ?{name}=… is needed.")
    return query[name]


def _bytes(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream")


def _summaries() -> list[dict[str, Any]]:
    return [summary(run) for run in list_runs()[0] if run.ready]
