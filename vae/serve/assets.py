"""The files that the browser parts are made of, served by this server and nobody else's."""

from __future__ import annotations

import asyncio
import gzip
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from reprlib import repr as shortened

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_FILE = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.(js|css)")
_MEDIA_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
# The address holds the content's hash or version, so what it names never changes.
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}


def read_files(folder: Path) -> dict[str, bytes]:
    """The ``.js`` and ``.css`` files of ``folder``, as they are when the server starts.

    Their address holds a hash that was also taken then: an update under a running server must not
    be cached under it.
    """
    return {path.name: path.read_bytes() for path in folder.iterdir() if _FILE.fullmatch(path.name)}


async def static_file(files: dict[str, bytes], request: Request) -> Response:
    """One of ``files``; anything else is 404."""
    name = request.path_params["file"]
    if name not in files:
        sentence = f"There is no file {shortened(name)} here; only the pages' .js and .css are."
        return JSONResponse({"error": sentence}, 404)
    kind = name.rpartition(".")[2]
    return Response(files[name], media_type=_MEDIA_TYPES[kind], headers=_FOREVER | NO_SNIFFING)


async def plotly(request: Request) -> Response:
    """Plotly.js out of the installed ``plotly`` package, compressed once."""
    packed = "gzip" in request.headers.get("accept-encoding", "")
    content = await asyncio.to_thread(_plotly, packed)
    headers = NO_SNIFFING | {"Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    if request.query_params.get("v"):
        headers |= _FOREVER
    return Response(content, media_type=_MEDIA_TYPES["js"], headers=headers)


@lru_cache
def _plotly(packed: bool) -> bytes:
    # find_spec, because importing plotly takes a second and this needs one file of it
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package plotly is not installed.")
    content = (Path(spec.origin).parent / "package_data" / "plotly.min.js").read_bytes()
    return gzip.compress(content, 6) if packed else content
