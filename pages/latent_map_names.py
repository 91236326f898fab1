"""Maps in words: each by what sets it apart from the other maps of the same model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vae.map_params import LETTERS, MapParams

METHODS = {"tsne": "t-SNE", "umap": "UMAP"}
_METRICS = ("cosine", "manhattan")


def map_names(ids: Sequence[str], available: int) -> dict[str, str]:
    """Names of a model's maps: of fitted ones the parameters in which they differ, or are unusual.

    Args:
        ids: of all the maps that are offered together.
        available: how many codes the model has; the default asks for more than some have.
    """
    names = {name: {"raw": "Two dimensions", "pca": "PCA"}.get(name.split("-")[0]) for name in ids}
    for method, title in METHODS.items():
        found = {name: _details(name, available) for name in ids if name.split("-")[0] == method}
        usual = _details(method, available)
        told = [key for key in usual if {usual[key]} != {facts[key] for facts in found.values()}]
        for name, facts in found.items():
            names[name] = " · ".join([title, *(facts[key] for key in told)])
    return {name: words or name for name, words in names.items()}


def map_name(map_id: str, available: int) -> str:
    """The name of one map, told from the default one."""
    return map_names([map_id], available)[map_id]


def _details(map_id: str, available: int) -> dict[str, str]:
    """Every parameter of a fitted map in words, read from its id (see ``vae.map_params``)."""
    method, *parts = map_id.split("-")
    letters = LETTERS[method]
    values = {name: getattr(MapParams(), name) for name in letters.values()}
    for part in parts:
        if part in _METRICS:
            values["metric"] = part
        elif match := re.fullmatch(r"([a-z])(\d+(?:\.\d+)?)", part):
            values[letters[match[1]]] = float(match[2])
    words = {
        "perplexity": "perplexity {:g}",
        "neighbours": "{:g} neighbours",
        "min_dist": "distance {:g}",
        "points": "{:,.0f} points",
        "early_exaggeration": "exaggeration {:g}",
        "seed": "seed {:,.0f}",
        "metric": "{}",
    }
    values["points"] = min(values["points"], available)
    return {name: words[name].format(value) for name, value in values.items()}
