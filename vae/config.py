"""Everything that reproduces a model, as frozen dataclasses with a checked JSON round trip."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vae.errors import VaeError

Network = Literal["mlp", "conv"]
Likelihood = Literal["bernoulli", "gaussian"]
Init = Literal["default", "normal-0.02"]
Schedule = Literal["constant", "cosine"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["fp32", "bf16"]

# Bounds that keep a typing error, or a hostile file, from asking for terabytes.
_MAX_LATENT = 1024
_MAX_WIDTH = 8192
_MAX_SIDE = 512
_BEYOND = 1e300  # no setting is so large; a larger whole number would not even convert


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the networks.

    Attributes:
        network: ``"mlp"`` (fully connected, ReLU) or ``"conv"`` (strided convolutions, ReLU).
        widths: hidden layer sizes (mlp) or channels of the strided stages (conv), encoder order;
            the decoder mirrors them.
        latent_dim: dimensions of z.
        image_shape: (H, W, C) in pixels; C is 1 (grey) or 3 (colour).
        likelihood: ``"bernoulli"`` (BCE, pixels in 0–1) or ``"gaussian"`` (unit variance, MSE).
        init: PyTorch's default, or weights N(0, 0.02²) with zero biases.
    """

    network: Network
    widths: tuple[int, ...]
    latent_dim: int
    image_shape: tuple[int, int, int]
    likelihood: Likelihood = "bernoulli"
    init: Init = "default"

    def __post_init__(self) -> None:
        _check_choices(self)
        _check(1 <= self.latent_dim <= _MAX_LATENT, "latent_dim", self.latent_dim, "1 to 1024")
        _check(
            1 <= len(self.widths) <= 8 and all(1 <= w <= _MAX_WIDTH for w in self.widths),
            "widths",
            self.widths,
            "1 to 8 layers of 1 to 8192",
        )
        height, width, channels = self.image_shape
        _check(
            1 <= height <= _MAX_SIDE and 1 <= width <= _MAX_SIDE and channels in (1, 3),
            "image_shape",
            self.image_shape,
            "height and width from 1 to 512, and 1 or 3 channels",
        )


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is fitted. ``beta`` weighs the KL term (1 is the ELBO; Higgins et al., 2017)."""

    dataset: str
    epochs: int = 20
    batch_size: int = 128
    lr: float = 1e-3
    lr_schedule: Schedule = "constant"
    beta: float = 1.0
    seed: int = 0
    device: Device = "auto"
    precision: Precision = "fp32"

    def __post_init__(self) -> None:
        _check_choices(self)
        _check(1 <= self.epochs <= 100_000, "epochs", self.epochs, "1 to 100000")
        _check(1 <= self.batch_size <= 65_536, "batch_size", self.batch_size, "1 to 65536")
        _check(0 < self.lr <= 1, "lr", self.lr, "above 0, at most 1")
        _check(0 <= self.beta <= 1000, "beta", self.beta, "0 to 1000")
        _check(0 <= self.seed < 2**31, "seed", self.seed, "0 to 2147483647")


@dataclass(frozen=True)
class Config:
    """A model and its training: the content of a run's ``config.json``."""

    preset: str
    model: ModelConfig
    training: TrainingConfig


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
    if not isinstance(parts["preset"], str):
        raise VaeError(f"{source}: preset must be a string, not {parts['preset']!r}.")
    try:
        return Config(
            preset=parts["preset"],
            model=_build(ModelConfig, parts["model"]),
            training=_build(TrainingConfig, parts["training"]),
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
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint is float and is_number and abs(value) < _BEYOND:
        return float(value)
    is_whole = hint is int and is_number and isinstance(value, int)
    if is_whole or ((hint is str or get_origin(hint) is Literal) and isinstance(value, str)):
        return value
    wanted = {int: "a whole number", float: "a number"}.get(hint, "a string")
    raise VaeError(f"{name} must be {wanted}, not {value!r}.")


def _check_choices(instance: Any) -> None:
    """Every ``Literal`` field holds one of its choices."""
    for name, hint in get_type_hints(type(instance)).items():
        if get_origin(hint) is Literal and getattr(instance, name) not in get_args(hint):
            _check(False, name, getattr(instance, name), ", ".join(map(str, get_args(hint))))


def _check(holds: bool, name: str, value: Any, allowed: str) -> None:
    if not holds:
        raise VaeError(f"{name} is {value}, but allowed is: {allowed}.")
