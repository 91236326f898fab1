"""How the tests of the pages open one."""

from __future__ import annotations

import time

from streamlit.testing.v1 import AppTest


def script_of(module: str) -> AppTest:
    """The page ``pages.MODULE``, not yet run."""
    return AppTest.from_string(f"from pages.{module} import page; page()", default_timeout=60)


def run_with(app: AppTest, **query: str) -> AppTest:
    """Run an app with these parameters in its URL."""
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def run_page(module: str, **query: str) -> AppTest:
    """Open the page ``pages.MODULE``."""
    return run_with(script_of(module), **query)


def settled(app: AppTest) -> AppTest:
    """Run until the results that are computed in the background have come."""
    until = time.monotonic() + 60
    while any(button.label == "Stop" for button in app.button) and time.monotonic() < until:
        time.sleep(0.05)
        app.run()
    return app


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption])
