"""A page's own URL answers the start page, told where the root is."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.testclient import TestClient

from vae.serve.deep_links import page_routes

CLIENT = TestClient(Starlette(routes=page_routes("first", "second")), follow_redirects=False)


def test_the_first_page_is_the_root() -> None:
    answer = CLIENT.get("/first?model=a&z=1.0,2.0")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/?model=a&z=1.0,2.0"


def test_other_pages_say_what_the_root_is() -> None:
    html = CLIENT.get("/second?model=a").text
    script = "BACKEND_BASE_URL: window.location.origin"
    assert html.count(script) == 1
    # before Streamlit's own script reads it
    assert html.index(script) < html.index('type="module"')


def test_no_other_address_is_taken() -> None:
    assert CLIENT.get("/third").status_code == 404
