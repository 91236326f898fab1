"""What the Latent map hands to the browser: classes, axes, the picked image, the ends."""

from __future__ import annotations

import contextlib
from importlib.metadata import version
from typing import Any

import numpy as np

from pages import state
from pages.dimensions import decimals
from pages.explore import starting_code, usual_distance
from pages.interpolate import begun_journey
from pages.latent_map_names import METHODS
from pages.latent_map_quality import quality_terms
from pages.look import PALETTE, class_list
from pages.map_fits import own_fits
from pages.row_masks import pack_rows
from vae.datasets import DATASETS, is_available
from vae.inference import image_terms
from vae.latent.values import colourings
from vae.lift import lift
from vae.map_frames import FRAMES_SUFFIX
from vae.map_jobs import GRID, fits
from vae.maps import Map, linear_map, map_path
from vae.originals import OriginalsMissing, check_originals, originals
from vae.runs import Run

SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up")  # a new one every ten classes
FAR_POINTS = 150_000  # more are not sent: the server bins them into an image of the part in view
FAR_NOTE = (
    " So many points are drawn as an image: the more opaque, the more of them; coloured by their "
    "most frequent class or their mean. Zoom in to see them one by one."
)
CLICKS = "A click keeps the place; with Points alone, a click on a point picks its image."
NO_INVERSE = (
    "{} has no inverse: a place between the points stands for no code, so the lens shows the "
    "image nearest to the pointer. Who is near whom means something; the sizes of clusters and "
    "the distances between them mean little."
)


def component_data(run: Run, found: Map) -> dict[str, Any]:
    """All that the browser needs beside the codes and the places, which it fetches itself."""
    codes = run.codes()
    d = codes.mu.shape[1]
    z, picked = starting_code(run)
    method = found.facts["method"]
    linear = method in ("raw", "pca")
    return {
        "model": run.name,
        "trained": state.trained(run),
        "shape": list(run.config.model.image_shape),
        "dims": d,
        "posterior": run.config.model.posterior,
        "decimals": decimals(state.model_facts(run)),
        "map": found.id,
        "stamp": found.facts.get("date", ""),
        "n": len(codes.mu),
        "plotly": version("plotly"),
        "exact": linear,
        "whole": linear and d <= 2,
        "far": _box(found) if len(found.coords) > FAR_POINTS else None,
        "lift": _lift(run, found.id, z),
        "usual": usual_distance(state.model_facts(run)),
        "axes": _axes(run, found),
        "classes": [
            entry | {"symbol": SYMBOLS[entry["label"] // 10 % len(SYMBOLS)]}
            for entry in class_list(run)
        ],
        "colourings": [one._asdict() for one in colourings(run)],
        "palette": PALETTE,
        "frames": map_path(run, found.id).with_suffix(FRAMES_SUFFIX).is_file(),
        "forming": _forming(run),
        "ends": _ends(run),
        "selected": pack_rows(state.get_selected(run), len(codes.mu)),
        "absence": _absence(run),
        "picked": None if picked is None else _image_facts(run, picked),
        "z": None if picked is not None else [round(float(v), 4) for v in z],
        "quality": quality_terms(run, found),
        "note": _note(run, method, picked) + (FAR_NOTE if len(found.coords) > FAR_POINTS else ""),
    }


def _lift(run: Run, map_id: str, z: np.ndarray) -> dict[str, Any] | None:
    """The plane of codes that a linear map's places stand for; a map of another kind has none.

    PCA: through the mean. Two dimensions: through the chosen code ``z`` (d,).
    """
    projection = linear_map(run, map_id)
    if projection is None:
        return None
    plane = lift(projection, None if map_id == "pca" else z)
    return {"origin": plane.origin.round(6).tolist(), "axes": plane.axes.T.round(9).tolist()}


def _box(found: Map) -> dict[str, list[float]]:
    """What the places of a map span, along both axes."""
    low, high = found.coords.min(axis=0).tolist(), found.coords.max(axis=0).tolist()
    return {axis: [low[i], high[i]] for i, axis in enumerate("xy")}


def _forming(run: Run) -> str | None:
    """The map that this session had fitted, if that is at work: it can be watched."""
    at_work = {fit.map_id for fit in fits(run) if fit.state == "running"}
    return next(iter((at_work & own_fits(run)) - {GRID}), None)


def _ends(run: Run) -> list[dict[str, Any]]:
    """The ends A and B of the interpolation, if one was begun with this model."""
    journey = begun_journey(run)
    if journey is None:
        return []
    return [{"index": journey[end].get("index"), "z": journey[end]["z"]} for end in "ab"]


def _note(run: Run, method: str, picked: int | None) -> str:
    """What a place of this map stands for, as the sentences below it."""
    d = run.config.model.latent_dim
    if method not in ("raw", "pca"):
        return NO_INVERSE.format(METHODS.get(method, method))
    if d == 1:
        return (
            "The whole latent space of this model is one line: across is its only coordinate, up "
            "means nothing. The lens decodes the place across. Click to keep its code."
        )
    if d == 2:
        turned = ", turned so that the codes vary most across" if method == "pca" else ""
        return (
            f"The whole latent space of this model, in true scale{turned}: every place is a code, "
            "and the lens decodes it. Click a place to keep its code, a point to pick its image."
        )
    others = "1 other" if d == 3 else f"{d - 2} others"
    if method == "pca":
        return (
            "The two directions along which the codes vary most, in true scale. The lens decodes "
            f"the plane of these two, with the {others} at their mean; the points' own codes lie "
            f"off it. {CLICKS}"
        )
    chosen = "the chosen code" if picked is None else f"the picked image, {picked}"
    return (
        "Two coordinates of z, in true scale. The lens decodes the slice where these two vary and "
        f"the {others} stay those of {chosen}; the points' own codes lie off it. {CLICKS}"
    )


def can_fetch(run: Run) -> bool:
    """Whether the model's images are not at hand, but would fit it if they were downloaded."""
    dataset = run.config.training.dataset
    info = DATASETS.get(dataset)
    return (
        info is not None
        and not is_available(dataset)
        and info.image_shape == run.config.model.image_shape
    )


def _absence(run: Run) -> str | None:
    """Why no original can be shown, if so."""
    try:
        check_originals(run)
    except OriginalsMissing:
        dataset = run.config.training.dataset
        if dataset not in DATASETS:
            return "Its data set is not known here; the map works without."
        if is_available(dataset):
            return "The data set on the server is not the one of these codes."
        way_out = " The button above fetches it." if can_fetch(run) else ""
        return f"Its data set is not on the server; the map works without.{way_out}"
    return None


def _axes(run: Run, found: Map) -> list[str]:
    """Titles of the axes; none on a t-SNE map, whose axes mean nothing."""
    if found.facts["method"] == "pca":
        return [
            f"PC {i} ({share:.0%} of the variance)"
            for i, share in enumerate(found.facts["explained"], start=1)
        ]
    if found.facts["method"] == "raw":
        dims = [int(part) for part in found.id.split("-")[1:]] or [0, 1]
        return [f"z<sub>{j + 1}</sub>" for j in dims[: run.config.model.latent_dim]]
    return []


def _image_facts(run: Run, row: int) -> dict[str, Any]:
    """An image and its terms of the ELBO; without its data set only what its code tells.

    A code that is a point has no KL.
    """
    codes, kl = run.codes(), None
    if run.config.model.posterior != "point":
        mu, logvar = codes.mu[row].astype(np.float64), codes.logvar[row].astype(np.float64)
        kl = float(0.5 * (mu**2 + np.exp(logvar) - 1 - logvar).sum())
    facts: dict[str, Any] = {"index": row, "kl": kl, "reconstruction": None}
    with contextlib.suppress(OriginalsMissing):
        terms = image_terms(state.model_of(run), originals(run)[row : row + 1])
        facts["reconstruction"] = float(terms["reconstruction"][0])
    return facts
