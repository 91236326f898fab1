"""Reconstruct: real images, what the model makes of them, and what that costs in nats."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages import state
from pages.download import download_widget
from pages.linked import open_map
from pages.reconstruct_choice import choose_class, choose_dataset, choose_noise
from pages.reconstruct_figures import FIGURE_COLUMNS, Row, added, figure, rows_html
from pages.reconstruct_rows import Pool, choose, make_rows, pool_of
from pages.reconstruct_step import show_step
from pages.reconstruct_words import beside, explain, means
from vae.datasets import DATASETS
from vae.inference import encode_pixels
from vae.pictures import png_bytes
from vae.runs import Run, list_runs

# On a narrow screen the columns stand one above the other: the controls go before the pictures, two
# abreast, and the numbers stay behind them.
_STYLE = """<style>@media (max-width: 640px) {
  .stColumn:has(> * > .st-key-reconstruct-choice, > * > * > .st-key-reconstruct-choice),
  .stColumn > *:has(> .st-key-reconstruct-choice, > * > .st-key-reconstruct-choice),
  .stColumn > * > *:has(> .st-key-reconstruct-choice) { display: contents; }
  .st-key-reconstruct-choice {
    order: -1; width: 100%; display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem 1rem;
  }
  .st-key-reconstruct-choice > * { min-width: 0; }
}</style>"""
OFFLINE_MODEL = "digits-2d"  # bundled, of images that come with scikit-learn


def page() -> None:
    """Rows of image, reconstruction, error and posterior samples; controls at the right."""
    run = state.current_run()
    point = run.config.model.posterior == "point"
    left, right = st.columns([4, 1], gap="large")
    st.html(_STYLE)
    with right, st.container(key="reconstruct-choice"):
        pool = pool_of(run, choose_dataset(run))
        wanted = choose_class(run, pool)
        n = st.slider("Images", 1, 12, 5)
        k = 0 if point else st.slider("Posterior samples of each", 1, 8, 4)
        noise = choose_noise(run, pool)
        with st.container(horizontal=True, vertical_alignment="center"):
            seed = st.session_state.setdefault("reconstruct set", 0)
            if st.button("Another set", icon=":material/shuffle:"):
                seed = st.session_state["reconstruct set"] = seed + 1
            smooth = st.toggle("Smooth")
    first = state.get_picked(run) if pool.own else None
    chosen = choose(wanted, max(n, FIGURE_COLUMNS), seed, first)
    rows = make_rows(run, pool, chosen, k, seed, noise)
    shown = rows[:n]
    with left:
        if pool.images is None:
            _offer_data(run)
        st.html(rows_html(shown, smooth))
    with right:
        _formula(run, shown, pool)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _send_to_explore(run, pool, chosen[:n], shown)
        _show_on_map(run, pool, chosen[:n])
    if pool.images is not None:
        _figure(run, rows)
    show_step(run, shown)
    with st.expander("What the numbers mean"):
        explain(run, shown)


def _offer_data(run: Run) -> None:
    """What is missing, and the ways on."""
    dataset = run.config.training.dataset
    info = DATASETS.get(dataset)
    title = info.title if info else dataset
    st.info(
        f"Reconstructions (the originals are not on the server): decoded from the stored codes "
        f"of {state.images_of(run)} of **{title}**.",
        icon=":material/hide_image:",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if info and not info.bundled and info.image_shape == run.config.model.image_shape:
            download_widget(dataset)
        offline = any(other.name == OFFLINE_MODEL and other.ready for other in list_runs()[0])
        if offline and st.button(
            f"Open {OFFLINE_MODEL}: its images are here", icon=":material/swap_horiz:"
        ):
            state.choose_model(OFFLINE_MODEL)
            st.rerun()


def _formula(run: Run, rows: list[Row], pool: Pool) -> None:
    """The ELBO of what is shown, with its numbers."""
    nll, kl = means(rows)
    words = "this image" if len(rows) == 1 else f"these {len(rows)} images"
    if pool.own and run.codes().split != "test":  # not those that the model was measured on
        words += f" (drawn from {state.images_of(run)})"
    if nll is None and kl is None:
        st.caption("Codes are points: there is no KL. −log p(x∣z) needs the originals.")
        return
    if nll is None:
        st.latex(rf"\mathrm{{KL}} = {kl:.1f}")
        st.caption(f"Nats, mean of {words}. −log p(x∣z) needs the originals.")
        return
    found = run.evaluation if pool.own and rows[0].seen is None else None
    if kl is None:
        st.latex(rf"-\log p(x \mid z) = \mathbf{{{nll:.1f}}}")
        rest = f" All {found['n']:,} test images: {found['reconstruction']:.1f}." if found else ""
        st.caption(f"Nats, mean of {words}.{rest}{beside(rows)}")
        return
    terms = added(nll, kl)
    st.latex(
        rf"""\begin{{aligned}}
-\log p(x \mid z) &= {terms[0]} \\
+\;\mathrm{{KL}} &= {terms[1]} \\ \hline
-\mathrm{{ELBO}} &= \mathbf{{{terms[2]}}}
\end{{aligned}}"""
    )
    rest = ""
    if found:
        terms = added(found["reconstruction"], found["kl"])
        rest = f" All {found['n']:,} test images: {terms[0]} + {terms[1]} = {terms[2]}."
    st.caption(f"Nats, mean of {words}.{rest}{beside(rows)}")


def _send_to_explore(run: Run, pool: Pool, chosen: np.ndarray, rows: list[Row]) -> None:
    picked = st.pills(
        "Open in Explore",
        range(len(rows)),
        format_func=lambda place: rows[place].name,
        key=f"reconstruct to explore {run.name}",
    )
    if picked is None:
        return
    row, seen = int(chosen[picked]), rows[picked].seen
    own = pool.own and seen is None
    if own:
        z = run.codes().mu[row]
    else:
        assert pool.images is not None
        image = pool.images[row] if seen is None else seen
        z = encode_pixels(state.model_of(run), image[None])[0][0]
    state.set_z(run, z)
    state.set_picked(run, row if own else None)
    st.switch_page(st.session_state["pages"]["explore"])


def _show_on_map(run: Run, pool: Pool, chosen: np.ndarray) -> None:
    if pool.own and st.button(
        "Show these on the map",
        icon=":material/scatter_plot:",
        help="They become what is selected on the Latent map.",
    ):
        state.set_selected(run, chosen)
        open_map(run)


def _figure(run: Run, rows: list[Row]) -> None:
    """The 2 × 8 figure of the papers, as PNG; with noise a third line."""
    title = "Originals above their reconstructions"
    lines = [[row.original for row in rows], [row.reconstruction for row in rows]]
    if rows[0].seen is not None:
        title = "Noisy images, what is restored from them, and the clean ones"
        lines = [[row.seen for row in rows], *reversed(lines)]
    picture = png_bytes(figure(*(np.array(line) for line in lines)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}**", width="content")
        st.download_button(
            "Download figure (PNG)",
            picture,
            f"{run.name}-reconstructions.png",
            "image/png",
            on_click="ignore",
            icon=":material/download:",
        )
    st.image(picture, width="stretch")
