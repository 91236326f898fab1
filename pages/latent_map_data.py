"""What the Latent map hands to the browser: classes, axes, the picked image, the quality."""

from __future__ import annotations

import base64
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

from pages import state
from pages.explore import starting_code
from pages.look import class_colour, class_name
from vae.datasets import DATASETS, is_available, load
from vae.inference import image_terms
from vae.map_quality import quality
from vae.maps import Map, load_map
from vae.runs import Run

SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up")  # a new one every ten classes
NOTES = {
    "tsne": (
        "t-SNE keeps neighbours together and little else: how large a cluster is, and how far it "
        "lies from another, mean little. It has no inverse, so a code that is not one of these "
        "points (◆) is placed between its nearest codes, with a circle of doubt."
    ),
    "pca": (
        "PCA shows the two directions along which the codes vary most, in true scale; what "
        "differs in the other directions falls on the same spot."
    ),
    "raw": "Two coordinates of z as they are, in true scale.",
    "plane": (
        "The whole latent space of this model, in true scale: every place is a code. Move over it "
        "and the code under the pointer is decoded; a click keeps it."
    ),
}


def component_data(run: Run, found: Map) -> dict[str, Any]:
    """All that the browser needs beside the codes and the places, which it fetches itself."""
    codes = run.codes()
    d = codes.mu.shape[1]
    labels = np.unique(codes.labels)
    z, picked = starting_code(run)
    method = found.facts["method"]
    return {
        "model": run.name,
        "trained": state.trained(run),
        "shape": list(run.config.model.image_shape),
        "dims": d,
        "map": found.id,
        "stamp": found.facts.get("date", ""),
        "plotly": version("plotly"),
        "exact": method != "tsne",
        "freely": method == "raw" and d == 2,
        "axes": _axes(run, found),
        "labels": base64.b64encode(codes.labels.astype("<u2").tobytes()).decode(),
        "classes": [
            {
                "label": int(label),
                "name": class_name(run, int(label)),
                "colour": class_colour(int(label)),
                "symbol": SYMBOLS[int(label) // 10 % len(SYMBOLS)],
            }
            for label in labels
        ],
        "absence": _absence(run),
        "picked": None if picked is None else _image_facts(run, picked),
        "z": None if picked is not None else [round(float(v), 4) for v in z],
        "quality": _quality_terms(run, found),
        "note": NOTES["plane" if method == "raw" and d == 2 else method],
    }


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
    if is_available(run.config.training.dataset):
        return None
    way_out = " The button above fetches it." if can_fetch(run) else ""
    return f"Its data set is not on this computer; the map works without.{way_out}"


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


def _quality_terms(run: Run, found: Map) -> list[list[str]]:
    """Name, value and explanation of the map's quality, as the panel shows them."""
    if found.facts["method"] == "raw" and run.config.model.latent_dim <= 2:
        measured: dict[str, Any] = {**_linear_quality(run, found.id), "trustworthiness": None}
    else:
        measured = found.facts.get("quality") or _linear_quality(run, found.id)
    terms = []
    if (trust := measured["trustworthiness"]) is not None:
        about = f"Whether the {measured['k']} nearest on the map are near in the codes as well"
        terms.append(["trustworthiness", f"{trust:.3f} (1 is best)", about])
    if measured["accuracy"] is not None:
        about = "Share of points whose nearest other point has the same label"
        terms.append(["nearest point has the same label", _percent(measured["accuracy"]), about])
        if trust is not None:  # else the map is the codes
            terms.append(["… in the codes themselves", _percent(measured["accuracy_codes"]), about])
    total = len(run.codes().mu)
    drawn = f"{measured['n']:,} of {total:,} codes" if measured["n"] < total else f"all {total:,}"
    terms.append(["points drawn", drawn, "Each point is the code of one held-out image"])
    if measured["queries"] < measured["n"]:
        words = f"{measured['queries']:,} of the points"
        terms.append(["measured on", words, "A random sample, for speed"])
    return terms


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _linear_quality(run: Run, map_id: str) -> dict[str, Any]:
    return _measure(run, map_id, (run.path / "codes.npz").stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _measure(run: Run, map_id: str, _changed: int) -> dict[str, Any]:
    codes = run.codes()
    return quality(codes.mu, load_map(run, map_id).coords, codes.labels, queries=1000)


def _image_facts(run: Run, row: int) -> dict[str, Any]:
    """A held-out image and its terms of the ELBO; without its data set only what its code tells."""
    codes = run.codes()
    mu, logvar = codes.mu[row].astype(np.float64), codes.logvar[row].astype(np.float64)
    facts: dict[str, Any] = {
        "index": row,
        "kl": float(0.5 * (mu**2 + np.exp(logvar) - 1 - logvar).sum()),
        "reconstruction": None,
        "original": None,
    }
    image = _original(run, int(codes.indices[row]))
    if image is not None:
        terms = image_terms(state.model_of(run), image[None])
        facts["reconstruction"] = float(terms["reconstruction"][0])
        facts["original"] = base64.b64encode(image.tobytes()).decode()
    return facts


def _original(run: Run, index: int) -> np.ndarray | None:
    dataset = run.config.training.dataset
    if not is_available(dataset):
        return None
    images = load(dataset, "test").images
    fits = index < len(images) and images.shape[1:] == run.config.model.image_shape
    return images[index] if fits else None
