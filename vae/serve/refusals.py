"""How a question is refused: one JSON sentence with its status, before or after it was read."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from reprlib import repr as shortened

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from vae.errors import VaeError
from vae.serve.protocol import ProtocolError, origin_allowed

log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


def guarded(endpoint: Endpoint) -> Endpoint:
    """``endpoint``, for our own pages and for programs, not for other sites' pages."""

    async def guarded_endpoint(request: Request) -> Response:
        return await endpoint(request) if same_origin(request) else foreign(request)

    return guarded_endpoint


def answering(endpoint: Endpoint) -> Endpoint:
    """``endpoint`` that may raise: a question it cannot read is 400, what is not there 404."""

    async def answering_endpoint(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ProtocolError as error:
            return json_error(error, 400)
        except VaeError as error:
            return json_error(error, 404)
        except Exception as error:
            return json_error(unforeseen(request, error), 500)

    return answering_endpoint


def same_origin(connection: HTTPConnection) -> bool:
    """Whether it is asked by a program or by a page of this server."""
    headers = connection.headers
    names = ("origin", "host", "x-forwarded-host", "sec-fetch-site")
    return origin_allowed(*(headers.get(name) for name in names))


def foreign(connection: HTTPConnection) -> Response:
    """The answer to another site's page."""
    headers = connection.headers
    origin = shortened(headers["origin"]) if "origin" in headers else "of the page that asks"
    return json_error(
        f"The origin {origin} is not this server ({shortened(headers.get('host'))}); "
        "only its own pages may use the live channel.",
        403,
    )


def unforeseen(connection: HTTPConnection, error: Exception) -> VaeError:
    """A bug, logged, as a sentence for who asked."""
    sentence = f"The server failed on {connection.url.path}: {type(error).__name__}: {error}"
    log.error("%s", sentence)
    return VaeError(sentence)


def json_error(error: Exception | str, status: int) -> Response:
    """The sentence of ``error`` as ``{"error": "…"}``."""
    return JSONResponse({"error": str(error)}, status)
