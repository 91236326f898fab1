"""The screens: Streamlit only, one visible function a page. What they compute lives in ``vae``."""

from __future__ import annotations

from typing import NamedTuple


class PageInfo(NamedTuple):
    """A page: its module here, which is also its URL, and how the menu shows it."""

    module: str
    title: str
    icon: str


# The order follows a lesson, from dragging to training.
PAGES = (
    PageInfo("explore", "Explore", ":material/tune:"),
    PageInfo("reconstruct", "Reconstruct", ":material/compare:"),
    PageInfo("draw", "Draw", ":material/draw:"),
    PageInfo("latent_map", "Latent map", ":material/scatter_plot:"),
    PageInfo("distributions", "q(z) vs p(z)", ":material/area_chart:"),
    PageInfo("interpolate", "Interpolate", ":material/linear_scale:"),
    PageInfo("train", "Train", ":material/model_training:"),
    PageInfo("time_machine", "Time machine", ":material/history:"),
    PageInfo("sweeps", "Sweeps", ":material/query_stats:"),
    PageInfo("models", "Models", ":material/inventory_2:"),
)
