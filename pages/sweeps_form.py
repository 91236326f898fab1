"""The form of the Sweeps page: what to search, how, how long, and the button that starts it."""

from __future__ import annotations

import shlex
from typing import Any, get_args

import streamlit as st

from pages.download import download_widget
from pages.look import plain
from vae.config import Config
from vae.datasets import DATASETS, is_available
from vae.errors import VaeError
from vae.presets import PRESETS, make_config
from vae.runs import runs_dir
from vae.sweeps.folders import folder_of, start_sweep
from vae.sweeps.plan import MOST_TRIALS, SEARCHES, Objectives, Plan, Search, make_plan
from vae.sweeps.spaces import PARAMETERS, Values, own_values, parse

WATCHED = "sweeps watched"  # the session's key of the sweep that the page shows

_SEARCH_NAMES: dict[Search, str] = {
    "tpe": "Bayesian (TPE)",
    "nsga2": "Genetic (NSGA-II)",
    "grid": "Grid",
}
_JUDGED: dict[Objectives, str] = {
    "elbo": "ELBO at β = 1",
    "rate,distortion": "Rate and distortion",
}
_JUDGED_WORDS: dict[Objectives, str] = {
    "elbo": "−ELBO of the validation images, reconstruction + KL, in nats per image; smaller is "
    "better. At β = 1 whatever β a trial trains with, so that trials can be compared.",
    "rate,distortion": "KL (rate) and reconstruction (distortion) of the validation images, in "
    "nats per image. Those that no other beats in both are the Pareto front.",
}


def form() -> None:
    """Choices and the Start button. A wrong one is answered in one sentence; none is lost."""
    dataset = st.selectbox("Data set", list(DATASETS), format_func=_title, key="sweeps dataset")
    available = is_available(dataset)
    if not available:
        download_widget(dataset)
    preset = st.selectbox("Preset", _presets(dataset), key="sweeps preset")
    search = st.selectbox(
        "Search", list(_SEARCH_NAMES), format_func=_SEARCH_NAMES.__getitem__, key="sweeps search"
    )
    st.caption(SEARCHES[search])
    judged = st.selectbox(
        "Judged by", get_args(Objectives), format_func=_JUDGED.__getitem__, key="sweeps judged"
    )
    st.caption(_JUDGED_WORDS[judged])
    own = own_values(preset, dataset, DATASETS[dataset].image_shape)
    texts = _spaces(preset, own)
    with st.container(horizontal=True):
        trials = st.number_input("Trials", 1, MOST_TRIALS, 20, key="sweeps trials")
        epochs = st.number_input(
            "Epochs each", 1, 100_000, 5, key="sweeps epochs", help="Of every trial, also the best."
        )
    prune = st.toggle(
        "End poor trials early",
        disabled=judged != "elbo",
        key="sweeps prune",
        help="A trial that is worse after an epoch than the median of those before it ends there. "
        "With two objectives there is no single order of good and bad, so no pruning.",
    )
    with st.expander("More choices"):
        seed = st.number_input("Seed of the search", 0, 2**31 - 1, 0, key="sweeps seed")
        url = st.text_input(
            "Storage",
            key="sweeps storage",
            placeholder="an SQLite file in the runs folder",
            help="A database that several machines share, such as postgresql+psycopg://HOST/NAME: "
            "each then works on this sweep by `python -m vae sweep NAME --storage URL`.",
        )
    name = _name(dataset, preset)
    plan = problem = None
    try:
        pruning = "median" if prune and judged == "elbo" else "none"
        chosen = {"search": search, "objectives": judged, "prune": pruning, "seed": seed}
        plan = make_plan(name, dataset, preset, texts, trials=trials, epochs=epochs, **chosen)
        if not texts:
            raise VaeError("Choose one setting to search at least.")
    except VaeError as error:
        plan, problem = None, error
    pressed = st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not available,
        key="sweeps start",
    )
    if pressed and plan:
        try:
            start_sweep(plan, url.strip())
        except VaeError as error:
            problem = error
        else:
            st.session_state[WATCHED] = name
            st.session_state["sweeps suggestions"].add(name)
            st.rerun()  # the next free name is suggested, and the new sweep is watched
    if problem:
        st.error(plain(str(problem)), icon=":material/error:")
    if plan:
        st.caption(_size(plan))
        st.caption("The same from a terminal:")
        st.code(command(plan, url.strip()), language=None, wrap_lines=True)


def _title(dataset: str) -> str:
    return DATASETS[dataset].title


def _config(preset: str, dataset: str) -> Config:
    return make_config(preset, dataset, DATASETS[dataset].image_shape)


def _presets(dataset: str) -> list[str]:
    """Those with a KL, the smallest first to begin with."""
    found = [name for name in PRESETS if _config(name, dataset).model.posterior != "point"]
    return sorted(found, key=lambda name: name != "mlp-2d")


def _spaces(preset: str, own: Values) -> list[str]:
    """What is searched, as text; each setting's values are kept with its preset."""
    names = st.multiselect(
        "Settings to search",
        list(own),
        default=["latent_dim", "beta", "lr"],
        format_func=lambda name: PARAMETERS[name].label,
        key="sweeps parameters",
    )
    texts = []
    for name in names:
        usual = str(parse(name, own)).partition("=")[2]
        label = f"{PARAMETERS[name].label} (the preset's: {own[name]:g})"
        help_ = "Choices such as 2,4,8; or a range such as 1..8; or 1..8:log, searched by factors."
        # Its own key for each preset: what is usual depends on it.
        key = f"sweeps space {name} {preset}"
        texts.append(f"{name}={st.text_input(label, usual, key=key, help=help_)}")
    if names:
        st.caption("The first trial is the preset itself, so its own values are always included.")
    return texts


def _name(dataset: str, preset: str) -> str:
    """The name: a suggestion that follows the other choices until somebody types their own."""
    number = 1
    while _taken(suggestion := f"sweep-{dataset}-{preset}-{number}"):
        number += 1
    suggested = st.session_state.setdefault("sweeps suggestions", {""})
    if st.session_state.get("sweeps name", "") in suggested:
        st.session_state["sweeps name"] = suggestion
    suggested.add(suggestion)
    return st.text_input("Name", key="sweeps name", help="Its models are called NAME-000, …")


def _taken(name: str) -> bool:
    return folder_of(name).exists() or (runs_dir() / f"{name}-000").exists()


def _size(plan: Plan) -> str:
    count = len(plan.slots())
    trials = "1 trial" if count == 1 else f"{count:,} trials"
    epochs = "1 epoch" if plan.epochs == 1 else f"{plan.epochs:,} epochs"
    return (
        f"{trials} of {epochs}, one after another; each takes its turn among the trainings of this "
        "machine."
    )


def command(plan: Plan, url: str) -> str:
    """The same sweep from a terminal; a password in the URL is not shown."""
    from vae.sweeps.storage import hidden

    options: list[Any] = ["--dataset", plan.dataset, "--preset", plan.preset]
    options += ["--search", plan.search, "--trials", plan.trials, "--epochs", plan.epochs]
    for space in plan.spaces:
        options += ["--param", space]
    if plan.objectives != "elbo":
        options += ["--objectives", plan.objectives]
    if plan.prune != "none":
        options += ["--prune", plan.prune]
    if plan.seed:
        options += ["--seed", plan.seed]
    if url:
        options += ["--storage", hidden(url)]
    return shlex.join(["python", "-m", "vae", "sweep", plan.study, *map(str, options)])
