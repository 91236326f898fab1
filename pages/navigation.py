"""The app's pages in their order, and the one place where errors become words on screen."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import streamlit as st

from vae.errors import VaeError

# Module, title, icon: the order follows a lesson, from dragging to training.
PAGES = (
    ("explore", "Explore", ":material/tune:"),
    ("reconstruct", "Reconstruct", ":material/compare:"),
    ("latent_map", "Latent map", ":material/scatter_plot:"),
    ("interpolate", "Interpolate", ":material/linear_scale:"),
    ("train", "Train", ":material/model_training:"),
    ("models", "Models", ":material/inventory_2:"),
)


def _page(module: str) -> Callable[[], None]:
    """The page of a module, imported when it is first opened, so that the first page is quick."""

    def show() -> None:
        try:
            import_module(f"pages.{module}").page()
        except VaeError as error:
            st.error(str(error), icon=":material/error:")

    show.__name__ = module
    return show


def main() -> None:
    """Set up and run the chosen page."""
    st.set_page_config("VAE Latent Explorer", page_icon=":material/blur_on:", layout="wide")
    pages = {
        module: st.Page(
            _page(module), title=title, icon=icon, url_path=module, default=module == "explore"
        )
        for module, title, icon in PAGES
    }
    st.session_state["pages"] = pages  # for links from one page to another
    st.navigation(list(pages.values()), position="top").run()


main()
