"""The live channel's routes: the same operations by WebSocket and by POST (see ``vae.serve``)."""

from __future__ import annotations

import math
from asyncio import sleep, to_thread
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from reprlib import repr as shortened

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from vae.errors import VaeError
from vae.serve.arrays import READINGS, Reading, model_list
from vae.serve.assets import NO_SNIFFING, plotly, read_files, static_file
from vae.serve.curves import points_after
from vae.serve.exports import selection
from vae.serve.operations import OF_ANY_NUMBER, OPERATIONS, Operation
from vae.serve.protocol import max_rows, pack_error
from vae.serve.refusals import answering, foreign, guarded, json_error, same_origin, unforeseen
from vae.serve.service import LiveModel, LiveModels
from vae.serve.timeline import places, snapshots
from vae.serve.violations import log_violations_in_a_line


def make_routes(static_dir: Path) -> list[BaseRoute]:
    """The routes to hand to the server's application, with a model cache of their own.

    Also keeps what clients send amiss from filling the log (:mod:`vae.serve.violations`).

    Args:
        static_dir: the folder whose ``.js`` and ``.css`` files ``/live/static/…`` serves.
    """
    log_violations_in_a_line()
    models = LiveModels()
    routes: list[Route | WebSocketRoute] = [
        Route("/live/models", guarded(model_list)),
        Route("/live/runs/{name}/points", guarded(answering(points_after))),
        Route("/live/plotly.min.js", guarded(plotly)),
        Route(
            "/live/static/{version}/{file}", guarded(partial(static_file, read_files(static_dir)))
        ),
        Route(
            "/live/models/{name}/selection", guarded(partial(download, models)), methods=["POST"]
        ),
        Route("/live/runs/{name}/snapshots", guarded(answering(snapshots))),
        Route("/live/runs/{name}/places", guarded(answering(places))),
    ]
    for end, reading in READINGS.items():
        path = f"/live/models/{{name}}{end}"
        routes.append(Route(path, guarded(answering(partial(read, models, reading)))))
    for operation in OPERATIONS:
        path = f"/live/models/{{name}}/{operation.__name__}"
        routes += [
            WebSocketRoute(path, partial(socket, models, operation)),
            Route(path, guarded(partial(post, models, operation)), methods=["POST"]),
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
            answer = pack_error(unforeseen(websocket, error))
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
    if not same_origin(websocket):
        refusal = foreign(websocket)
    else:
        try:
            await models.get(websocket.path_params["name"])
        except VaeError as error:
            refusal = json_error(error, 404)
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

    def most(model: LiveModel) -> tuple[int, int]:
        if operation in OF_ANY_NUMBER:
            return _all_rows(model)
        config = model.run.config.model
        rows = max_rows(config.image_shape)
        return rows, rows * max(4 * config.latent_dim, math.prod(config.image_shape))

    async def answer(model: LiveModel, body: bytes) -> Response:
        content = await operation(model, body, request.query_params)
        return Response(content, media_type="application/octet-stream")

    return await _posted(models, request, most, answer)


async def download(models: LiveModels, request: Request) -> Response:
    """The codes of the rows in the body as a file (:func:`vae.serve.exports.selection`)."""

    async def answer(model: LiveModel, body: bytes) -> Response:
        file = await to_thread(selection, model.run, body, request.query_params)
        return _file(*file)

    return await _posted(models, request, _all_rows, answer)


def _all_rows(model: LiveModel) -> tuple[int, int]:
    n = len(model.run.codes().mu)
    return n, 4 * n


async def _posted(
    models: LiveModels,
    request: Request,
    most: Callable[[LiveModel], tuple[int, int]],
    answer: Callable[[LiveModel, bytes], Awaitable[Response]],
) -> Response:
    """``answer`` to a body of so many rows and bytes at ``most``, or why there is none."""
    try:
        model = await models.get(request.path_params["name"])
    except VaeError as error:
        return json_error(error, 404)
    try:
        rows, limit = await to_thread(most, model)
        body = await _read_body(request, limit)
        if body is None:
            return json_error(f"More than the allowed {limit} bytes ({rows} rows) came.", 413)
        return await answer(model, body)
    except VaeError as error:
        return json_error(error, 400)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    except Exception as error:
        return json_error(unforeseen(request, error), 500)


def _file(name: str, media_type: str, parts: Iterator[bytes]) -> Response:
    async def made() -> AsyncIterator[bytes]:
        while (part := await to_thread(next, parts, None)) is not None:
            yield part

    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(made(), media_type=media_type, headers=headers | NO_SNIFFING)


async def read(models: LiveModels, reading: Reading, request: Request) -> Response:
    """What a GET asks of one model."""
    return await reading(await models.get(request.path_params["name"]), request.query_params)


async def nothing_here(known: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Whatever else is asked of ``/live``, by any method or for a WebSocket: 404."""
    what = f"{scope.get('method', 'WebSocket')} {scope['path']}"
    refusal = json_error(f"There is no {shortened(what)} here; there are: {known}.", 404)
    await refusal(scope, receive, send)


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


def _in_words(route: Route | WebSocketRoute) -> str:
    if isinstance(route, WebSocketRoute):
        return f"WebSocket {route.path}"
    return f"{'POST' if 'POST' in (route.methods or ()) else 'GET'} {route.path}"
