"""How far to believe the Latent map, in words; what takes long to measure comes by itself later."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import numpy as np
import streamlit as st

from pages import state
from pages.background import forget, job
from vae.map_quality import AMONG, NEIGHBOURS, quality
from vae.maps import Map
from vae.runs import Run

WAITING = "being measured …"
QUERIES = 1000  # points of a linear map that are looked at; a fit looks at 5,000 of its own
QUICK = 2000  # codes: 0.2 s on a busy core, so their map is measured at once; 160,000 take 4 s
_POLL_SECONDS = 0.5
_MOST = 1000  # measurements that are kept, a few numbers each

_known: OrderedDict[Hashable, dict[str, Any]] = OrderedDict()


def quality_terms(run: Run, found: Map) -> list[list[str]]:
    """Name, value and explanation of the map's quality, as the panel shows them.

    A value is :data:`WAITING` until it is measured: the rows are there already, so nothing jumps.

    Raises:
        VaeError: if it cannot be measured.
    """
    measured = _measured(run, found) or _expected(run, found)
    if found.facts["method"] == "raw" and run.config.model.latent_dim <= 2:
        measured = {**measured, "trustworthiness": None}  # the map is the codes
    terms = []
    if (trust := measured["trustworthiness"]) is not None:
        about = f"Whether the {measured['k']} nearest on the map are near in the codes as well"
        terms.append(["trustworthiness", _words(trust, "{:.3f} (1 is best)"), about])
    if (recall := measured["knn_recall"]) is not None and trust is not None:
        about = f"Share of a code's {measured['k']} nearest that are among the nearest on the map"
        terms.append(["kNN recall", _percent(recall), about])
    if measured["accuracy"] is not None:
        about = "Share of points whose nearest other point has the same label"
        terms.append(["nearest point has the same label", _percent(measured["accuracy"]), about])
        if trust is not None:
            terms.append(["… in the codes themselves", _percent(measured["accuracy_codes"]), about])
    total = len(run.codes().mu)
    drawn = f"{measured['n']:,} of {total:,} codes" if measured["n"] < total else f"all {total:,}"
    terms.append(["points drawn", drawn, f"Codes of {state.images_of(run)}, a point for each"])
    if measured["queries"] < measured["n"]:
        among = measured.get("among", measured["n"])
        words = f"{measured['queries']:,} of the points"
        words += f", among {among:,}" if among < measured["n"] else ""
        terms.append(["measured on", words, "A random sample, for speed"])
    return terms


def await_quality(run: Run, found: Map, sent: list[list[str]]) -> None:
    """Draw the page again as soon as there is what ``sent`` says is being measured."""
    if any(value == WAITING for _, value, _ in sent):
        st.fragment(_look_again, run_every=_POLL_SECONDS)(run, found)


def _look_again(run: Run, found: Map) -> None:
    if _measured(run, found) is not None:
        st.rerun()


def _measured(run: Run, found: Map) -> dict[str, Any] | None:
    """The quality of a map, once per server; ``None`` while it is being measured."""
    if stored := found.facts.get("quality"):
        return stored
    date = found.facts.get("date", "")
    key = ("quality", str(run.path), state.trained(run), found.id, date)
    if key in _known:
        return _known[key]
    codes, m = run.codes(), len(found.coords)

    def measure() -> dict[str, Any]:
        return quality(codes.mu[:m], found.coords, codes.labels[:m], queries=QUERIES)

    if m <= QUICK:
        result = measure()
    else:
        slow = job(key, lambda report: measure())
        if slow.problem:
            raise slow.problem
        result = slow.result
        if result is None:
            return None
        forget(key)  # its place is for results that are larger
    while len(_known) >= _MOST:
        _known.popitem(last=False)
    _known[key] = result
    return result


def _expected(run: Run, found: Map) -> dict[str, Any]:
    """What a measurement will hold: NaN where it is not known yet."""
    n = len(found.coords)
    several = len(np.unique(run.codes().labels[:n])) > 1
    return {
        "n": n,
        "among": min(AMONG, n),
        "queries": min(QUERIES, n),
        "k": NEIGHBOURS,
        "trustworthiness": math.nan,
        "knn_recall": math.nan,
        "accuracy": math.nan if several else None,
        "accuracy_codes": math.nan if several else None,
    }


def _percent(share: float) -> str:
    return _words(100 * share, "{:.1f} %")


def _words(value: float, form: str) -> str:
    return WAITING if math.isnan(value) else form.format(value)
