"""The app: Streamlit's pages and the live channel on one server. Start: `streamlit run app.py`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages import PAGES
from vae.serve.at_once import ANSWERS_AT_ONCE
from vae.serve.bounds import BOUNDED
from vae.serve.deep_links import page_routes
from vae.serve.routes import make_routes

HERE = Path(__file__).resolve().parent

app = st.App(
    HERE / "pages" / "navigation.py",
    routes=[
        *make_routes(static_dir=HERE / "pages" / "components"),
        *page_routes(*(page.module for page in PAGES)),
    ],
    middleware=[ANSWERS_AT_ONCE, BOUNDED],
)
