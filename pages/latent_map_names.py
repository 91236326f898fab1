"""Maps in words: each by what sets it apart from the other maps of the same model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vae.maps import MapParams

_LETTERS = {"p": "perplexity", "n": "points", "e": "early_exaggeration", "s": "seed"}
_METRICS = ("cosine", "manhattan")


def map_names(ids: Sequence[str], available: int) -> dict[str, str]:
    """Names of a model's maps: of t-SNE maps the parameters in which they differ, or are unusual.

    Args:
        ids: of all the maps that are offered together.
        available: how many codes the model has; the default asks for more than some have.
    """
    found = {name: _details(name, available) for name in ids if name.startswith("tsne")}
    usual = _details("tsne", available)
    told = [key for key in usual if {usual[key]} != {facts[key] for facts in found.values()}]
    names = {"raw": "Two dimensions", "pca": "PCA"}
    return {
        name: " · ".join(["t-SNE", *(found[name][key] for key in told)])
        if name in found
        else names[name.split("-")[0]]
        for name in ids
    }


def map_name(map_id: str, available: int) -> str:
    """The name of one map, told from the default one."""
    return map_names([map_id], available)[map_id]


def _details(map_id: str, available: int) -> dict[str, str]:
    """Every parameter of a t-SNE map in words, read from its id (see ``vae.maps.map_id``)."""
    default = MapParams()
    values: dict[str, float] = {key: getattr(default, key) for key in _LETTERS.values()}
    metric: str = default.metric
    for part in map_id.split("-")[1:]:
        if part in _METRICS:
            metric = part
        elif match := re.fullmatch(r"([pnes])(\d+(?:\.\d+)?)", part):
            values[_LETTERS[match[1]]] = float(match[2])
    return {
        "perplexity": f"perplexity {values['perplexity']:g}",
        "points": f"{min(values['points'], available):,.0f} points",
        "early_exaggeration": f"exaggeration {values['early_exaggeration']:g}",
        "seed": f"seed {values['seed']:,.0f}",
        "metric": metric,
    }
