"""Maps of the same codes side by side that differ in perplexity only: what stays can be true."""

from __future__ import annotations

import base64
from typing import Any

import streamlit as st

from pages import state
from pages.components import mount
from pages.look import class_list
from pages.map_fits import start_grid
from vae.map_jobs import GRID, fits
from vae.map_noise import DIMENSIONS, noise_maps
from vae.map_params import GRID_POINTS, MapParams, map_id, perplexity_grid
from vae.map_quality import NEIGHBOURS
from vae.maps import Map, load_map, stored_maps
from vae.originals import has_originals
from vae.runs import Run

KEY = "perplexities"
NOISE = f"{GRID_POINTS:,} draws from N(0, I) in {DIMENSIONS} dimensions"


def show_perplexities(run: Run) -> None:
    """Small maps abreast, the sentence that every class needs, and the same maps of pure noise."""
    grid = perplexity_grid(len(run.codes().mu))
    stored = set(stored_maps(run))
    missing = [params for params in grid if map_id(params) not in stored]
    with st.container(horizontal=True, vertical_alignment="center"):
        noisy = st.toggle(
            "The same with pure noise",
            key="perplexities of noise",
            help=f"{NOISE}: there is nothing in them to be found.",
        )
        if missing and not any(f.map_id == GRID and f.state == "running" for f in fits(run)):
            _offer(run, grid, missing)
    mount_maps(run, [load_map(run, map_id(p)) for p in grid if p not in missing], noisy)
    st.markdown(READ)


def mount_maps(run: Run, maps: list[Map], noisy: bool) -> None:
    """The maps, and what a click on one does."""
    result = mount(
        "perplexities",
        key=KEY,
        data=component_data(run, maps, noisy),
        on_open_change=lambda: None,
    )
    if result.open:
        st.session_state["maps"][run.name] = result.open
        st.rerun()


def component_data(run: Run, maps: list[Map], noisy: bool) -> dict[str, Any]:
    """What the browser needs beside the places and labels, which it fetches itself."""
    return {
        "model": run.name,
        "trained": state.trained(run),
        "shape": list(run.config.model.image_shape),
        "originals": has_originals(run),
        "noise": noisy,
        "empty": "Not fitted yet.",
        "prompt": f"{NOISE}." if noisy else "Move over a map to find one image in all of them.",
        "classes": class_list(run),
        "tiles": _noise_tiles() if noisy else [_tile(found) for found in maps],
    }


def _tile(found: Map) -> dict[str, Any]:
    asked, used = found.facts["perplexity"], found.facts.get("perplexity_used")
    measured = found.facts["quality"]
    terms = [*_neighbours(measured["trustworthiness"], measured["knn_recall"])]
    if (accuracy := measured.get("accuracy")) is not None:
        about = "Share of points whose nearest other point has the same label"
        terms.append(["nearest point has the same label", f"{100 * accuracy:.1f} %", about])
    lowered = f"{asked:g} lowered to {used:.3g}: only {found.facts['n']:,} points" if used else None
    return {
        "map": found.id,
        "stamp": found.facts["date"],
        "title": f"perplexity {asked:g}",
        "cut": None if used == asked else lowered,
        "terms": terms,
    }


def _noise_tiles() -> list[dict[str, Any]]:
    return [
        {
            "map": None,
            "stamp": "noise",
            "title": f"perplexity {found.perplexity:g}",
            "cut": None,
            "terms": _neighbours(found.trustworthiness, found.knn_recall),
            "coords": base64.b64encode(found.coords.astype("<f4").tobytes()).decode(),
        }
        for found in noise_maps()
    ]


def _neighbours(trustworthiness: float | None, recall: float | None) -> list[list[str]]:
    if trustworthiness is None or recall is None:
        return []
    near = f"Whether the {NEIGHBOURS} nearest on the map are near in the codes as well; 1 is best"
    kept = f"Share of a code's {NEIGHBOURS} nearest that are among the {NEIGHBOURS} nearest here"
    return [
        ["trustworthiness", f"{trustworthiness:.3f}", near],
        ["kNN recall", f"{100 * recall:.1f} %", kept],
    ]


def _offer(run: Run, grid: tuple[MapParams, ...], missing: list[MapParams]) -> None:
    n = min(grid[0].points, len(run.codes().mu))
    words = {5: "five", 4: "four", 3: "three", 2: "two", 1: "one"}[len(missing)]
    what = f"these {words} maps" if len(missing) == len(grid) else f"the {words} not fitted yet"
    if st.button(f"Fit {what}", type="primary", icon=":material/play_arrow:"):
        start_grid(run, grid)
    st.caption(f"{n:,} points each, one after another.", width="content")


READ = """
**How to read a t-SNE map: look at several.** All of these show the *same codes*; only the
perplexity differs, about how many neighbours each point looks at.

- **Sizes of clusters mean little.** t-SNE makes dense groups wider and sparse ones tighter.
- **Distances between clusters mean little.** Which cluster stands beside which changes from map to
  map; only who is *near whom* is kept.
- **A low perplexity makes clumps out of nothing.** Turn on *the same with pure noise*: at
  perplexity 5 it falls into small groups that are not there.
- **Believe what stays** while the perplexity changes, and check it by the numbers below each map.

Move over a point to see the same image in every map; a click on a map's name opens it large.
(After Wattenberg, Viégas & Johnson, 2016: “How to Use t-SNE Effectively”.)
"""
