"""What a sweep is: data set, preset, search, objectives, budget; checked, and as JSON and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from vae.config import Config
from vae.datasets.registry import find
from vae.errors import VaeError
from vae.presets import PRESETS, make_config, sensible_epochs
from vae.runs import check_name
from vae.sweeps.spaces import PARAMETERS, Space, Values, configured, grid, own_values, parse

Search = Literal["grid", "tpe", "nsga2"]
Objectives = Literal["elbo", "rate,distortion"]
Prune = Literal["median", "none"]

MOST_TRIALS = 1000  # each has its place in the storage from the beginning

SEARCHES: dict[Search, str] = {
    "grid": "Every combination, in random order; of a range both ends and the middle.",
    "tpe": "Bayesian: tries more where trials like it were good (Bergstra et al., 2011).",
    "nsga2": "Genetic: crosses and mutates the best trials so far (Deb et al., 2002).",
}
# All are smaller where they are better, and none depends on the β of the training.
OBJECTIVES: dict[Objectives, tuple[str, ...]] = {
    "elbo": ("−ELBO",),
    "rate,distortion": ("rate", "distortion"),
}


@dataclass(frozen=True)
class Plan:
    """A sweep as it was asked for. All but the searched parameters is the preset's.

    Attributes:
        study: its name; its runs are called ``STUDY-000``, ``STUDY-001``, …
        dataset: a name of :data:`vae.datasets.DATASETS`.
        preset: a name of :data:`vae.presets.PRESETS`, with a KL.
        spaces: what is searched; the preset's own values are always part of it, the first trial.
        search: how the next trial is chosen.
        objectives: −ELBO of the validation images in nats per image, at β = 1 whatever β the trial
            trains with; or rate (KL) and distortion (reconstruction) as two.
        prune: whether a trial that is worse at an epoch than the median of those before it ends
            there; never with two objectives, where there is no single order of good and bad.
        trials: how many in all; a grid with fewer points has fewer.
        epochs: of each trial.
        seed: of the search. The trainings' own seed is the preset's: trials differ in nothing else.
    """

    study: str
    dataset: str
    preset: str
    spaces: tuple[Space, ...]
    search: Search = "tpe"
    objectives: Objectives = "elbo"
    prune: Prune = "none"
    trials: int = 20
    epochs: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        check_name(self.study)
        check_name(f"{self.study}-0000")  # its runs must have names, too
        for name, kind in (("search", Search), ("objectives", Objectives), ("prune", Prune)):
            if getattr(self, name) not in get_args(kind):
                allowed = " or ".join(get_args(kind))
                raise VaeError(f"{name} is {getattr(self, name)!r}; allowed is {allowed}.")
        for name, least, most in (
            ("trials", 1, MOST_TRIALS),
            ("epochs", 1, 100_000),
            ("seed", 0, 2**31 - 1),
        ):
            if not least <= getattr(self, name) <= most:
                raise VaeError(f"{name} is {getattr(self, name)}; allowed is {least} to {most}.")
        if self.prune != "none" and self.objectives != "elbo":
            raise VaeError("Pruning needs one objective: with two, say --prune none.")
        names = [space.name for space in self.spaces]
        if not names or len(set(names)) < len(names):
            raise VaeError("A sweep needs one parameter to search at least, each named once.")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the data set's images."""
        return find(self.dataset).image_shape

    @property
    def own(self) -> Values:
        """The preset's own values of the searched parameters."""
        own = own_values(self.preset, self.dataset, self.image_shape)
        return {space.name: own[space.name] for space in self.spaces}

    def config(self, values: Values) -> Config:
        """What a trial of these values trains."""
        return configured(self.preset, self.dataset, self.image_shape, values, epochs=self.epochs)

    def slots(self) -> list[Values]:
        """One entry for each trial that there will be: its values, or none where the search chooses
        them when its turn comes. The first is the preset itself.
        """
        own = self.own
        if self.search != "grid":
            return [own] + [{} for _ in range(self.trials - 1)]
        points = [point for point in grid(self.spaces, self.seed) if point != own]
        return [own, *points[: self.trials - 1]]

    def run_name(self, number: int) -> str:
        """The run of a trial."""
        return f"{self.study}-{number:03d}"


def make_plan(
    study: str,
    dataset: str,
    preset: str,
    parameters: list[str] | None = None,
    **chosen: Any,
) -> Plan:
    """A sweep from words, as they come from a command line or a form.

    Args:
        study, dataset, preset: as in :class:`Plan`.
        parameters: spaces as text (see :func:`vae.sweeps.spaces.parse`); the usual ones of all
            parameters by default.
        chosen: further fields of :class:`Plan`; ``None`` means the default.

    Raises:
        VaeError: for what cannot be.
    """
    if preset not in PRESETS:
        raise VaeError(f"Unknown preset {preset!r}; there are: {', '.join(PRESETS)}.")
    chosen = {name: value for name, value in chosen.items() if value is not None}
    shape = find(dataset).image_shape
    own = own_values(preset, dataset, shape)
    texts = parameters or [name for name in PARAMETERS if name in own]
    spaces = tuple(parse(text, own) for text in texts)
    if "epochs" not in chosen:
        batch = make_config(preset, dataset, shape).training.batch_size
        chosen["epochs"] = sensible_epochs(preset, dataset, batch)
    plan = Plan(study, dataset, preset, spaces, **chosen)
    plan.config(plan.own)  # the preset takes so many epochs
    return plan


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The sweep as plain JSON values; its spaces as text."""
    names = ("dataset", "preset", "search", "objectives", "prune", "trials", "epochs", "seed")
    return {name: getattr(plan, name) for name in names} | {"spaces": [*map(str, plan.spaces)]}


def plan_from_json(study: str, value: Any, source: str) -> Plan:
    """A sweep from JSON values, which anybody may have written.

    Raises:
        VaeError: if they are none, saying where they stand.
    """
    whole, words = ("trials", "epochs", "seed"), ("search", "objectives", "prune")
    known = {"dataset", "preset", "spaces", *whole, *words}
    good = (
        isinstance(value, dict)
        and value.keys() == known
        and all(isinstance(value[name], str) for name in ("dataset", "preset", *words))
        and all(type(value[name]) is int for name in whole)
        and isinstance(value["spaces"], list)
        and all(isinstance(text, str) for text in value["spaces"])
    )
    if not good:
        raise VaeError(f"{source} holds no sweep.")
    chosen = {name: value[name] for name in (*whole, *words)}
    try:
        return make_plan(study, value["dataset"], value["preset"], value["spaces"], **chosen)
    except VaeError as error:
        raise VaeError(f"{source}: {error}") from None
