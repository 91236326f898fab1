"""Pages opened by their own URL, without the error that Streamlit's first guess leaves behind.

Opened at ``/train``, Streamlit's browser part takes ``/train`` for the folder that the app is
mounted under, asks for ``/train/_stcore/health``, gets a 404 (an error on the browser's console)
and only then asks at the root. It does not guess where the page says what the root is.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import BaseRoute, Route

_ROOT = "<script>window.__streamlit = {BACKEND_BASE_URL: window.location.origin}</script>"


def page_routes(first: str, *others: str) -> list[BaseRoute]:
    """A route for each page's URL, which answers Streamlit's own start page, told its root.

    The ``first`` page has the URL ``/``; its own name leads there, with its parameters.
    """
    spec = find_spec("streamlit")
    assert spec is not None
    assert spec.origin is not None
    start_page = Path(spec.origin).parent / "static" / "index.html"
    html = start_page.read_text(encoding="utf-8").replace("<head>", f"<head>{_ROOT}", 1)

    async def answer(_: Request) -> HTMLResponse:
        # As Streamlit serves it: never from a cache, since its scripts change with its version.
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

    async def home(request: Request) -> RedirectResponse:
        return RedirectResponse(str(request.url.replace(path="/", scheme="", netloc="")))

    return [Route(f"/{first}", home), *(Route(f"/{name}", answer) for name in others)]
