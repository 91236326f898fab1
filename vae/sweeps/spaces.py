"""What a sweep searches: choices or ranges of settings, as one writes them, and what they become.

``latent_dim=2,4,8,16`` are choices, ``depth=1..3`` is a range, ``lr=1e-4..1e-2:log`` one that is
searched on a logarithmic scale.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from vae.config import Config
from vae.errors import VaeError
from vae.presets import make_config

Values = dict[str, Any]  # one value for each searched parameter

_MOST_CHOICES = 64
_MOST_POINTS = 100_000  # of a grid
_LEVELS = 3  # values of a range that a grid tries: its ends and its middle


@dataclass(frozen=True)
class Parameter:
    """A setting that can be searched: its name on screen, its kind, what it may be.

    Attributes:
        usual: the space where nobody says another; none for a width, which goes from half of the
            preset's to twice as much.
    """

    label: str
    whole: bool
    least: float
    most: float
    usual: str = ""


PARAMETERS: dict[str, Parameter] = {
    "latent_dim": Parameter("Latent size", True, 1, 1024, "2,4,8,16,32"),
    "beta": Parameter("β", False, 0, 1000, "0.25..4:log"),
    "lr": Parameter("Learning rate", False, 1e-9, 1, "1e-4..1e-2:log"),
    "width": Parameter("Width", True, 1, 8192),
    "depth": Parameter("Depth", True, 1, 8, "1..3"),
}


@dataclass(frozen=True)
class Space:
    """The values of one parameter that are tried.

    Attributes:
        name: of :data:`PARAMETERS`.
        choices: the values themselves, ascending; empty for a range.
        low, high: ends of the range, both inclusive.
        log: whether the range is searched on a logarithmic scale.
    """

    name: str
    choices: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    def __str__(self) -> str:
        """As it is written on the command line."""
        if self.choices:
            return f"{self.name}={','.join(map(_text, self.choices))}"
        return f"{self.name}={_text(self.low)}..{_text(self.high)}{':log' if self.log else ''}"

    @property
    def levels(self) -> tuple[float, ...]:
        """The values that a grid tries: the choices, or a range's ends and middle."""
        if self.choices:
            return self.choices
        steps = [i / (_LEVELS - 1) for i in range(_LEVELS)]
        if self.log:
            found = [self.low * (self.high / self.low) ** step for step in steps]
        else:
            found = [self.low + (self.high - self.low) * step for step in steps]
        if PARAMETERS[self.name].whole:
            return tuple(sorted({round(value) for value in found}))
        # The ends exactly: a power may miss them by a rounding error, and they bound the space.
        return (self.low, *found[1:-1], self.high)

    def including(self, value: float) -> Space:
        """The same space with this value in it: one choice more, or a range that reaches so far."""
        if self.choices:
            return replace(self, choices=tuple(sorted({*self.choices, value})))
        if self.log and value <= 0:
            raise VaeError(
                f"{self.name} is {value:g} in the preset, which no logarithmic range can hold: "
                "leave out :log."
            )
        return replace(self, low=min(self.low, value), high=max(self.high, value))


def _text(value: float) -> str:
    """A number in few digits, where these are all it has."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def parse(text: str, own: Values) -> Space:
    """A space as one writes it: ``name=2,4,8``, ``name=1..3``, ``name=1e-4..1e-2:log`` or ``name``
    alone for the usual one.

    Args:
        text: what was written.
        own: the preset's own values (see :func:`own_values`).

    Raises:
        VaeError: if it is none, or leaves the parameter's bounds.
    """
    name, _, values = text.replace(" ", "").partition("=")
    if name not in PARAMETERS:
        raise VaeError(
            f"{name!r} cannot be searched; what can is {', '.join(PARAMETERS)}, as in "
            "latent_dim=2,4,8 or lr=1e-4..1e-2:log."
        )
    if name not in own:
        raise VaeError(f"{name} has no meaning for a preset without hidden layers.")
    if not values:
        width = own.get("width", 1)
        values = PARAMETERS[name].usual or f"{max(1, width // 2)}..{min(8192, 2 * width)}:log"
    body, _, scale = values.partition(":")
    if scale not in ("", "log"):
        raise VaeError(f"{text!r} ends in {':' + scale!r}; allowed is :log, after a range.")
    if ".." not in body:
        if scale:
            raise VaeError(f"{text!r}: :log is for a range, such as {name}=1..8:log.")
        found = tuple(sorted({_number(name, part) for part in body.split(",")}))
        if len(found) > _MOST_CHOICES:
            raise VaeError(f"{name} has {len(found)} choices; allowed are {_MOST_CHOICES}.")
        return Space(name, found)
    low, high = (_number(name, part) for part in body.split("..", 1))
    if low >= high or (scale and low <= 0):
        more = "and the first above 0 " if scale else ""
        raise VaeError(
            f"{text!r}: the first number must be smaller than the second {more}.".strip()
        )
    return Space(name, low=low, high=high, log=bool(scale))


def _number(name: str, text: str) -> float:
    parameter = PARAMETERS[name]
    pattern = r"[0-9]{1,9}" if parameter.whole else r"[0-9]{0,9}\.?[0-9]{1,12}(e[+-]?[0-9]{1,2})?"
    kind = "a whole number" if parameter.whole else "a number"
    if not re.fullmatch(pattern, text, re.IGNORECASE):
        raise VaeError(f"{name} must be {kind}, as in 2,4,8 or 1..8, not {text[:40]!r}.")
    value: float = int(text) if parameter.whole else float(text)
    if not parameter.least <= value <= parameter.most:
        raise VaeError(
            f"{name} is {value:g}; allowed is {parameter.least:g} to {parameter.most:g}."
        )
    return value


def own_values(preset: str, dataset: str, image_shape: tuple[int, int, int]) -> Values:
    """What a preset itself has for each parameter; width and depth only where there are layers.

    Raises:
        VaeError: for an unknown preset, and for autoencoders, whose KL there is not.
    """
    config = make_config(preset, dataset, image_shape)
    if config.model.posterior == "point":
        raise VaeError(
            f"{preset!r} is an autoencoder, which has no KL, so no ELBO either: a sweep needs a "
            "variational preset."
        )
    own: Values = {
        "latent_dim": config.model.latent_dim,
        "beta": config.objective.beta,
        "lr": config.training.lr,
    }
    if widths := config.model.widths:
        own |= {"width": widths[0], "depth": len(widths)}
    return own


def grid(spaces: Sequence[Space], seed: int) -> list[Values]:
    """All points of a grid, in an order drawn by ``seed``, so that its beginning is spread over it.

    Raises:
        VaeError: if there are too many.
    """
    count = math.prod(len(space.levels) for space in spaces)
    if count > _MOST_POINTS:
        raise VaeError(f"The grid has {count:,} points; allowed are {_MOST_POINTS:,}.")
    names = [space.name for space in spaces]
    points = [
        dict(zip(names, levels, strict=True))
        for levels in itertools.product(*(space.levels for space in spaces))
    ]
    random.Random(seed).shuffle(points)
    return points


def configured(
    preset: str,
    dataset: str,
    image_shape: tuple[int, int, int],
    values: Values,
    **fixed: Any,
) -> Config:
    """The preset with a trial's values in it.

    Args:
        preset, dataset, image_shape: as in :func:`vae.presets.make_config`.
        values: of the searched parameters.
        fixed: further fields, the same for all trials.

    Raises:
        VaeError: if a value is none that the setting may have.
    """
    model = make_config(preset, dataset, image_shape).model
    chosen: Values = {name: values[name] for name in ("latent_dim", "beta", "lr") if name in values}
    if model.widths and ("width" in values or "depth" in values):
        width = values.get("width", model.widths[0])
        depth = values.get("depth", len(model.widths))
        chosen["widths"] = scaled(model.widths, model.network == "conv", width, depth)
    return make_config(preset, dataset, image_shape, **chosen, **fixed)


def scaled(own: tuple[int, ...], conv: bool, width: int, depth: int) -> tuple[int, ...]:
    """Layers as the preset has them, ``depth`` many, the first ``width`` wide, the others in scale.

    Beyond the preset's own ones each is to the last as that is to the one before it; after a single
    one, half as wide (fully connected) or twice (convolutional channels).
    """
    widths = [float(one) for one in own[:depth]]
    while len(widths) < depth:
        ratio = widths[-1] / widths[-2] if len(widths) > 1 else (2.0 if conv else 0.5)
        widths.append(widths[-1] * ratio)
    most = int(PARAMETERS["width"].most)
    return tuple(min(most, max(1, round(one * width / own[0]))) for one in widths)
