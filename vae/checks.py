"""What the JSON of a run folder must look like before a page or the command line trusts it."""

from __future__ import annotations

from typing import Any

from vae.config import ModelConfig
from vae.errors import VaeError

STATES = ("queued", "running", "paused", "done", "failed", "cancelled")
GONE = "Its process is gone: it was killed, or the computer was switched off."
_FIGURES = ("reconstruction", "standard_error")
_OF_POSTERIORS = ("elbo", "kl", "bits_per_dimension")  # none where codes are points
_COUNTS = ("n", "active_units")
_TERMS = ("epoch", "images", "reconstruction", "loss")
# A training that runs away passes through all numbers of single precision.
_RUNAWAY, _MOST_DIMENSIONS = 1e39, 1024
_POINTS, _SEED_METRIC = r"(-n[0-9]{1,7})?", r"(-s[0-9]{1,10})?(-(cosine|manhattan))?"
_NUMBER = r"[0-9]{1,4}(\.[0-9]{1,4})?"
# Of fitted maps, as vae.map_params.map_id makes them.
MAP_ID_PATTERN = (
    rf"(tsne(-p{_NUMBER})?{_POINTS}(-e{_NUMBER})?{_SEED_METRIC}"
    rf"|umap(-k[0-9]{{1,3}})?(-d{_NUMBER})?{_POINTS}{_SEED_METRIC})"
)
_MAP_NUMBERS = {
    "tsne": ("points", "perplexity", "seed"),
    "umap": ("points", "neighbours", "min_dist", "seed"),
}


def is_number(value: Any, below: float = 1e15) -> bool:
    """Whether it is a number of a size that figures have: not NaN or infinite, nor too large."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < below


def check_status(status: Any, label: str) -> dict[str, Any]:
    """``status.json``, if its state is one and its facts have their types.

    Raises:
        VaeError: if it does not.
    """
    if isinstance(status, dict) and status.get("state") == "interrupted":  # of earlier versions
        status = {**status, "state": "failed", "error": status.get("error") or GONE}
    if not isinstance(status, dict) or status.get("state") not in STATES:
        raise VaeError(f"{label} must hold an object with a state: {', '.join(STATES)}.")
    for key, value in status.items():
        words = key in ("started", "updated", "finished", "error", "stage", "device", "copy_of")
        numbers = key in ("epoch", "epochs", "progress", "seconds", "seconds_left", "waiting")
        numbers = numbers or key == "images_per_second"
        if value is not None and (
            (words and not isinstance(value, str))
            or (numbers and not is_number(value))
            or (key == "versions" and not isinstance(value, dict))
        ):
            raise VaeError(f"{label} holds {key} as {str(value)[:40]!r}, which it cannot be.")
    return status


def check_evaluation(found: Any, model: ModelConfig, label: str) -> dict[str, Any]:
    """``evaluation.json``, if it holds the figures of such a model.

    Raises:
        VaeError: if it does not.
    """
    if not (
        isinstance(found, dict)
        and all(is_number(found.get(key)) for key in _FIGURES)
        and all(isinstance(found.get(key), int) for key in _COUNTS)
        and found.get("latent_dim") == model.latent_dim
        and (_without_posterior(found) if model.posterior == "point" else _with_posterior(found))
        and ("pca" not in found or _beside_pca(found["pca"], model.latent_dim))
    ):
        kind = "an autoencoder" if model.posterior == "point" else "a model"
        raise VaeError(
            f"{label} does not hold the figures of {kind} of {model.latent_dim} dimensions."
        )
    return found


def _with_posterior(found: dict[str, Any]) -> bool:
    per_dimension = found.get("kl_per_dimension")
    return (
        all(is_number(found.get(key)) for key in _OF_POSTERIORS)
        and isinstance(per_dimension, list)
        and len(per_dimension) == found["latent_dim"]
        and all(is_number(value) for value in per_dimension)
    )


def _without_posterior(found: dict[str, Any]) -> bool:
    return all(found.get(key) is None for key in (*_OF_POSTERIORS, "kl_per_dimension"))


def _beside_pca(pca: Any, latent_dim: int) -> bool:
    """Whether it is what :func:`vae.evaluation.principal_angles.compare_with_pca` says."""
    return (
        isinstance(pca, dict)
        and is_number(pca.get("pca_reconstruction"))
        and isinstance(pca.get("n"), int)
        and isinstance(degrees := pca.get("degrees"), list)
        and 1 <= len(degrees) <= latent_dim
        and all(is_number(value) and 0 <= value <= 90.001 for value in degrees)
    )


def check_points(points: list[Any], label: str) -> list[dict[str, Any]]:
    """The lines of ``metrics.jsonl``, if each is a point of a training curve.

    Raises:
        VaeError: naming the first line that is none.
    """
    for number, point in enumerate(points, start=1):
        if not (
            isinstance(point, dict)
            and point.get("split") in ("train", "validation")
            and all(term in point for term in _TERMS)
            and all(
                _are_kl(value) if term == "kl_dims" else is_number(value, _RUNAWAY)
                for term, value in point.items()
                if term != "split"
            )
        ):
            raise VaeError(f"{label}, line {number}, is not a point of a training curve.")
    return points


def _are_kl(values: Any) -> bool:
    """Whether it is the KL of each dimension, as many as a model may have."""
    return (
        isinstance(values, list)
        and len(values) <= _MOST_DIMENSIONS
        and all(is_number(value, _RUNAWAY) for value in values)
    )


def check_map_facts(facts: Any, rows: int, label: str) -> dict[str, Any]:
    """The JSON beside a stored map of ``rows`` points.

    Raises:
        VaeError: if it is not the record of a fitted map of that size.
    """
    if not (
        isinstance(facts, dict)
        and facts.get("method") in ("tsne", "umap")
        and facts.get("n") == rows
        and all(is_number(facts.get(key)) for key in _MAP_NUMBERS[facts["method"]])
        and all(isinstance(facts.get(key), str) for key in ("fingerprint", "date"))
        and isinstance(quality := facts.get("quality"), dict)
        and all(value is None or is_number(value) for value in quality.values())
    ):
        raise VaeError(f"{label} is not the record of a t-SNE or UMAP map of {rows} points.")
    return facts
