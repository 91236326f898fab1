from __future__ import annotations

import gzip
from pathlib import Path

from starlette.testclient import TestClient


def test_static_files_are_scripts_and_styles_only(client: TestClient, static_dir: Path) -> None:
    answer = client.get("/live/static/v1/wire.js")
    assert answer.text == "export const answer = 42;\n"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    (static_dir.parent / "outside.js").write_text("no")
    for name in [
        "secret.txt",
        "none.js",
        "..%2Foutside.js",
        "%2e%2e%2foutside.js",
        ".js",
        "a%00.js",
    ]:
        assert client.get(f"/live/static/v1/{name}").status_code == 404


def test_plotly_is_the_installed_one(client: TestClient) -> None:
    answer = client.get("/live/plotly.min.js?v=1")
    assert b"plotly.js v" in answer.content[:500]
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    plain = client.get("/live/plotly.min.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content
    assert "content-encoding" not in plain.headers
    assert len(gzip.compress(plain.content, 1)) < len(plain.content)
