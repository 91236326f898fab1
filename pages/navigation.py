"""The app's pages in their order, and the one place where errors become words on screen."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import streamlit as st

from pages import PAGES, state
from pages.look import plain
from vae.errors import VaeError

_ICON = Path(__file__).parent / "icon.svg"
# Streamlit leaves a hand's breadth above the page: enough to push the sliders below the fold.
_STYLE = "<style>.stMainBlockContainer {padding-top: 4.2rem; padding-bottom: 3rem}</style>"
# On a phone the menu is a drawer, and Streamlit leaves it open over the page that was chosen.
_CLOSE_DRAWER = """<script>
window.vaeDrawer ??= document.addEventListener("click", (event) => {
  const chosen = event.target.closest('[data-testid="stSidebar"] a');
  const close = document.querySelector('[data-testid="stSidebarCollapseButton"] button');
  if (chosen && close && innerWidth < 768) setTimeout(() => close.click(), 50);
}) ?? true;
</script>"""


def _page(module: str) -> Callable[[], None]:
    """The page of a module, imported when it is first opened, so that the first page is quick."""

    def show() -> None:
        state.read_url()
        try:
            import_module(f"pages.{module}").page()
            state.keep_url()
        except VaeError as error:
            st.error(plain(str(error)), icon=":material/error:")

    show.__name__ = module
    return show


def main() -> None:
    """Set up and run the chosen page."""
    st.set_page_config("VAE Latent Explorer", page_icon=str(_ICON), layout="wide")
    pages = {
        page.module: st.Page(
            _page(page.module),
            title=page.title,
            icon=page.icon,
            url_path=page.module,
            default=page is PAGES[0],
        )
        for page in PAGES
    }
    st.html(_STYLE)
    st.html(_CLOSE_DRAWER, unsafe_allow_javascript=True)
    st.session_state["pages"] = pages  # for links from one page to another
    st.navigation(list(pages.values()), position="top").run()


main()
