"""A configuration as JSON and back: names, types and bounds are checked."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vae.config import Config, ModelConfig, ObjectiveConfig, TrainingConfig
from vae.errors import VaeError

_BEYOND = 1e300  # no setting is so large; a larger whole number would not even convert


def config_to_json(config: Config) -> dict[str, Any]:
    """The configuration as plain JSON values."""
    return asdict(config)


def config_from_json(value: Any, source: str = "config.json") -> Config:
    """Build a :class:`Config` from JSON values, checking names, types and bounds.

    Raises:
        VaeError: naming the field, what came and what is allowed.
    """
    if not isinstance(value, dict):
        raise VaeError(f"{source} must hold an object, not {type(value).__name__}.")
    try:
        parts = {name: value[name] for name in ("preset", "model", "training")}
    except KeyError as error:
        raise VaeError(f"{source} lacks the entry {error}.") from None
    if unknown := sorted(set(value) - set(parts) - {"objective"}):
        raise VaeError(f"{source} holds the unknown entry {unknown[0]!r}.")
    parts["objective"] = value.get("objective", {})
    if "objective" not in value and isinstance(parts["training"], dict):
        # As it was written before there was more than one objective.
        training = dict(parts["training"])
        parts["objective"] = {"beta": training.pop("beta")} if "beta" in training else {}
        parts["training"] = training
    if not isinstance(parts["preset"], str):
        raise VaeError(f"{source}: preset must be a string, not {parts['preset']!r}.")
    try:
        return Config(
            preset=parts["preset"],
            model=_build(ModelConfig, parts["model"]),
            training=_build(TrainingConfig, parts["training"]),
            objective=_build(ObjectiveConfig, parts["objective"]),
        )
    except VaeError as error:
        raise VaeError(f"{source}: {error}") from None


def _build(kind: Any, value: Any) -> Any:
    """A dataclass from a JSON object, with unknown, missing and mistyped fields named."""
    if not isinstance(value, dict):
        raise VaeError(f"{kind.__name__} must be an object, not {type(value).__name__}.")
    known = {field.name for field in fields(kind)}
    if unknown := sorted(set(value) - known):
        raise VaeError(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}.")
    hints = get_type_hints(kind)
    cleaned = {name: _convert(name, hints[name], item) for name, item in value.items()}
    try:
        return kind(**cleaned)
    except TypeError as error:
        raise VaeError(f"{kind.__name__} is incomplete: {error}.") from None


def _convert(name: str, hint: Any, value: Any) -> Any:
    """A JSON value as the annotated type, or a sentence that says why not."""
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise VaeError(f"{name} must be a list of whole numbers, not {value!r}.")
        arguments = get_args(hint)
        if Ellipsis not in arguments and len(value) != len(arguments):
            raise VaeError(f"{name} must have {len(arguments)} numbers, not {len(value)}.")
        return tuple(_convert(name, int, item) for item in value)
    if hint is bool and isinstance(value, bool):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint is float and is_number and abs(value) < _BEYOND:
        return float(value)
    is_whole = hint is int and is_number and isinstance(value, int)
    if is_whole or ((hint is str or get_origin(hint) is Literal) and isinstance(value, str)):
        return value
    wanted = {int: "a whole number", float: "a number", bool: "true or false"}.get(hint, "a string")
    raise VaeError(f"{name} must be {wanted}, not {value!r}.")
