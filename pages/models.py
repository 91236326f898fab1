"""Models: what there is, one card at a time; export, import, resume and delete."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages import state
from pages.dimensions import is_point
from pages.models_buttons import NEWS, PROBLEM, buttons, delete_button
from pages.models_figures import curve, dimension_bars
from pages.train_figures import charted
from pages.train_pca import beside_pca
from pages.train_words import queue_words, state_words
from vae.archive import import_archive
from vae.card import command, model_card
from vae.errors import VaeError
from vae.queue import before
from vae.runs import Broken, Run, list_runs

LIST = "models list"
_UPLOADS = "models uploads"  # how many were imported: a new key empties the uploader
_IMPORT_PROBLEM = "models import problem"


def page() -> None:
    """The list at the left, the chosen model's card at the right."""
    state.read_url()
    if news := st.session_state.pop(NEWS, None):
        st.toast(news, icon=":material/check_circle:")
    runs, broken = list_runs()
    left, right = st.columns([3, 8], gap="large")
    with left:
        chosen = _list(runs, broken)
        _import_form()
    _choose(chosen)
    with right:
        if problem := st.session_state.pop(PROBLEM, None):
            st.error(problem, icon=":material/error:")
        if chosen is None:
            st.info("There is no model yet: train one on the Train page, or import one.")
        elif isinstance(chosen, Broken):
            _broken(chosen)
        else:
            _card(chosen)


def _choose(shown: Run | Broken | None) -> None:
    """What is shown is the chosen one, in the URL too: a reload shows it again.

    Also where it cannot be opened yet: the other pages say so.
    """
    if shown is None:
        st.query_params.clear()
        return
    state.choose_model(shown.name)
    if isinstance(shown, Run):
        state.sync_url(shown)
    else:
        st.query_params.from_dict({"model": shown.name})


def describe(entry: Run | Broken) -> str:
    """One line about a model: where it comes from, or what is wrong with it."""
    if isinstance(entry, Broken):
        return "cannot be read"
    model, status = entry.config.model, entry.status
    kind = "bundled" if entry.bundled else state_words(status)
    if kind == "running" and isinstance(share := status.get("progress"), float):
        kind += f", {share:.0%}"
    return f"{entry.config.training.dataset} · {model.latent_dim}-d · {kind}"


def _list(runs: list[Run], broken: list[Broken]) -> Run | Broken | None:
    """All models; the one that the other pages show is the chosen one, until another is taken."""
    everything: list[Run | Broken] = [*runs, *broken]
    # A folder with the name of a bundled model is hidden behind it.
    entries = {entry.name: entry for entry in reversed(everything)}
    names = list(dict.fromkeys(entry.name for entry in everything))
    if not names:
        return None
    if st.session_state.get(LIST) not in names:
        wanted = st.session_state.get("model", state.DEFAULT_MODEL)
        st.session_state[LIST] = wanted if wanted in names else names[0]
    name = st.radio(
        "Models",
        names,
        captions=[describe(entries[name]) for name in names],
        key=LIST,
    )
    return entries[name]


def _card(run: Run) -> None:
    current = run.status["state"]
    buttons(run, current)
    if not run.ready:
        st.markdown(_unfinished(run, current))
        st.code(command(run.name, run.config), language=None)
        _curves(run)
        return
    figures, card = st.columns(2, gap="medium")
    with figures:
        _bars(state.model_facts(run))
        _curves(run)
    with card:
        _card_text(model_card(run))
    found = run.evaluation
    if found and "pca" in found:
        beside_pca(found)


def _bars(known: dict[str, Any]) -> None:
    """What each dimension tells: its KL, or its variance where codes are points."""
    point, words = is_point(known), f"{sum(known['active'])} of {known['latent_dim']} active"
    if not point:
        words += f", {sum(known['kl']):.1f} nats in all"
    what = "Variance of each number of the code" if point else "KL of each latent dimension"
    st.markdown(f"**{what}**: {words}")
    values = known["variances" if point else "kl"]
    _chart(dimension_bars(values, known["active"], "" if point else "nats"), "models kl")


def _card_text(card: str) -> None:
    """The card below its title, its command on one line that scrolls: none is broken apart."""
    before, words, after = card.split("```")
    st.markdown(before.partition("\n")[2])
    st.code(words.strip(), language=None)
    st.markdown(after)


def _unfinished(run: Run, current: str) -> str:
    status = run.status
    epoch, epochs = status.get("epoch", 0.0), run.config.training.epochs
    words = f"**{state_words(status)}**, after epoch {epoch:.1f} of {epochs}"
    words += f" ({queue_words(before(run.path))})." if current == "queued" else "."
    if error := status.get("error"):
        words += f" {error}"
    return words + " It opens on the other pages once it has weights and codes."


def _broken(folder: Broken) -> None:
    st.markdown(f"### {folder.name}")
    st.error(folder.reason, icon=":material/error:")
    st.markdown("The other models are not affected. Mend the file, or delete the folder.")
    delete_button(folder.name)


def _chart(figure: Any, key: str) -> None:
    st.plotly_chart(figure, key=key, config={"displayModeBar": False})


def _curves(run: Run) -> None:
    """How it learned, if the run kept that."""
    if not (rows := run.metrics()):
        return
    st.markdown("**Training curves**")
    titles = charted(run.config.objective)
    for tab, term in zip(st.tabs(list(titles.values())), titles, strict=True):
        with tab:
            _chart(curve(rows, term), f"models curve {term}")


def _import_form() -> None:
    with st.expander("Import a model", icon=":material/upload:"):
        uploads = st.session_state.setdefault(_UPLOADS, 0)
        file = st.file_uploader(
            "A zip made by Export",
            type="zip",
            key=f"models upload {uploads}",
        )
        st.text_input("Name", placeholder="as it was exported", key=f"models name {uploads}")
        st.button("Import", disabled=file is None, on_click=_import, args=(uploads,))
        if problem := st.session_state.pop(_IMPORT_PROBLEM, None):
            st.error(problem, icon=":material/error:")


def _import(uploads: int) -> None:
    """Before the page is drawn again, so that the new model is in its list at once."""
    file = st.session_state[f"models upload {uploads}"]
    name = st.session_state[f"models name {uploads}"].strip() or None
    try:
        run = import_archive(file.getvalue(), name)
    except VaeError as error:
        st.session_state[_IMPORT_PROBLEM] = str(error)
        return
    st.session_state[_UPLOADS] += 1
    st.session_state[LIST] = run.name
    state.choose_model(run.name)
    st.session_state[NEWS] = f"{run.name} is imported; it opens on every page."
