"""The live channel's routes: the same operations by WebSocket and by POST (see ``vae.serve``)."""

from __future__ import annotations

import logging
from asyncio import sleep, to_thread
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from vae.errors import VaeError
from vae.latent.statistics import summary
from vae.maps import load_map
from vae.runs import list_runs
from vae.serve.assets import plotly, read_files, static_file
from vae.serve.operations import OPERATIONS, Operation
from vae.serve.protocol import max_rows, origin_allowed, pack_error, pack_floats, pack_labels
from vae.serve.service import LiveModel, LiveModels
from vae.serve.violations import log_violations_in_a_line

log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


def make_routes(static_dir: Path) -> list[BaseRoute]:
    """The routes to hand to the server's application, with a model cache of their own.

    Also keeps what clients send amiss from filling the log (:mod:`vae.serve.violations`).

    Args:
        static_dir: the folder whose ``.js`` and ``.css`` files ``/live/static/…`` serves.
    """
    log_violations_in_a_line()
    models = LiveModels()
    routes: list[Route | WebSocketRoute] = [
        Route("/live/models", _guarded(model_list)),
        Route("/live/models/{name}", _guarded(partial(model_facts, models))),
        Route("/live/models/{name}/codes", _guarded(partial(codes, models))),
        Route("/live/models/{name}/labels", _guarded(partial(labels, models))),
        Route("/live/models/{name}/map", _guarded(partial(map_points, models))),
        Route("/live/plotly.min.js", _guarded(plotly)),
        Route(
            "/live/static/{version}/{file}", _guarded(partial(static_file, read_files(static_dir)))
        ),
    ]
    for operation in OPERATIONS:
        path = f"/live/models/{{name}}/{operation.__name__}"
        routes += [
            WebSocketRoute(path, partial(socket, models, operation)),
            Route(path, _guarded(partial(post, models, operation)), methods=["POST"]),
        ]
    return [*routes, Mount("/live", partial(nothing_here, ", ".join(map(_in_words, routes))))]


async def socket(models: LiveModels, operation: Operation, websocket: WebSocket) -> None:
    """One client's connection: each frame answered in turn, until the client goes."""
    if not await _admitted(models, websocket):
        return
    name, query = websocket.path_params["name"], websocket.query_params
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        payload = message["bytes"] if text is None else text
        answer: bytes | str
        try:
            answer = await operation(await models.get(name), payload, query)
        except VaeError as error:
            answer = pack_error(error)
            await sleep(0)  # a refusal has waited for nothing: the others' turn
        except Exception as error:
            # A bug: the client is told, and does not ask the same for ever.
            answer = pack_error(_unforeseen(websocket, error))
        if not await _sent(websocket, answer):
            return


async def _sent(websocket: WebSocket, answer: bytes | str) -> bool:
    """Send a binary or a text frame; False if the client went while it was being answered."""
    try:
        if isinstance(answer, bytes):
            await websocket.send_bytes(answer)
        else:
            await websocket.send_text(answer)
    # uvicorn raises a RuntimeError while it hangs up on a client that broke the protocol
    except (WebSocketDisconnect, RuntimeError):
        return False
    return True


async def _admitted(models: LiveModels, websocket: WebSocket) -> bool:
    """Accept the connection, or refuse it by an HTTP answer: 403 or 404."""
    refusal: Response | None = None
    if not _same_origin(websocket):
        refusal = _foreign(websocket)
    else:
        try:
            await models.get(websocket.path_params["name"])
        except VaeError as error:
            refusal = _json_error(error, 404)
    try:
        if refusal is None:
            await websocket.accept()
        elif "websocket.http.response" in websocket.scope.get("extensions", {}):
            await websocket.send_denial_response(refusal)
        else:
            await websocket.close()  # a server without that extension answers 403
    except OSError:
        return False  # it went before it was answered: ASGI servers say so by an OSError
    return refusal is None


async def post(models: LiveModels, operation: Operation, request: Request) -> Response:
    """One frame in the body of a POST, for networks that block WebSockets."""
    try:
        model = await models.get(request.path_params["name"])
    except VaeError as error:
        return _json_error(error, 404)
    config = model.run.config.model
    rows = max_rows(config.image_shape)
    height, width, channels = config.image_shape
    limit = rows * max(4 * config.latent_dim, height * width * channels)
    try:
        body = await _read_body(request, limit)
        if body is None:
            return _json_error(f"More than the allowed {limit} bytes ({rows} rows) came.", 413)
        answer = await operation(model, body, request.query_params)
    except VaeError as error:
        return _json_error(error, 400)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    except Exception as error:
        return _json_error(_unforeseen(request, error), 500)
    return Response(answer, media_type="application/octet-stream")


async def model_list(request: Request) -> Response:
    """The models that can be used, bundled ones first."""
    return JSONResponse(await to_thread(_summaries))


async def model_facts(models: LiveModels, request: Request) -> Response:
    """One model's facts (:func:`vae.latent.statistics.facts`) and the maps it has."""
    try:
        model = await models.get(request.path_params["name"])
        return JSONResponse(await model.facts())
    except VaeError as error:
        return _json_error(error, 404)


async def codes(models: LiveModels, request: Request) -> Response:
    """The posterior means of the held-out images, float32 (n, d)."""
    return await _array(models, request, lambda model: model.run.codes().mu)


async def labels(models: LiveModels, request: Request) -> Response:
    """The classes of the held-out images, uint16 (n,)."""
    return await _array(models, request, lambda model: model.run.codes().labels, pack_labels)


async def map_points(models: LiveModels, request: Request) -> Response:
    """The places of those codes on the map ``?map=``, t-SNE if not given, float32 (n, 2)."""
    map_id = request.query_params.get("map", "tsne")
    return await _array(models, request, lambda model: load_map(model.run, map_id).coords)


async def nothing_here(known: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Whatever else is asked of ``/live``, by any method or for a WebSocket: 404."""
    what = f"{scope.get('method', 'WebSocket')} {scope['path']}"
    refusal = _json_error(f"There is no {shortened(what)} here; there are: {known}.", 404)
    await refusal(scope, receive, send)


async def _array(
    models: LiveModels,
    request: Request,
    read: Callable[[LiveModel], Any],
    pack: Callable[[Any], bytes] = pack_floats,
) -> Response:
    try:
        model = await models.get(request.path_params["name"])
        content = await to_thread(lambda: pack(read(model)))
    except VaeError as error:
        return _json_error(error, 404)
    return Response(content, media_type="application/octet-stream")


def _summaries() -> list[dict[str, Any]]:
    return [summary(run) for run in list_runs()[0] if run.ready]


async def _read_body(request: Request, limit: int) -> bytes | None:
    """The body, or None as soon as it is longer than ``limit``: never more than that is held."""
    if int(request.headers.get("content-length", 0)) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


def _guarded(endpoint: Endpoint) -> Endpoint:
    """``endpoint``, for our own pages and for programs, not for other sites' pages."""

    async def guarded(request: Request) -> Response:
        return await endpoint(request) if _same_origin(request) else _foreign(request)

    return guarded


def _unforeseen(connection: HTTPConnection, error: Exception) -> VaeError:
    sentence = f"The server failed on {connection.url.path}: {type(error).__name__}: {error}"
    log.error("%s", sentence)
    return VaeError(sentence)


def _in_words(route: Route | WebSocketRoute) -> str:
    if isinstance(route, WebSocketRoute):
        return f"WebSocket {route.path}"
    return f"{'POST' if 'POST' in (route.methods or ()) else 'GET'} {route.path}"


def _same_origin(connection: HTTPConnection) -> bool:
    headers = connection.headers
    return origin_allowed(
        headers.get("origin"), headers.get("host"), headers.get("x-forwarded-host")
    )


def _foreign(connection: HTTPConnection) -> Response:
    return _json_error(
        f"The origin {shortened(connection.headers['origin'])} is not this server "
        f"({shortened(connection.headers.get('host'))}); "
        "only its own pages may use the live channel.",
        403,
    )


def _json_error(error: Exception | str, status: int) -> Response:
    return JSONResponse({"error": str(error)}, status)
