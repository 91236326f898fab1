"""Reconstruct: real images, what the model makes of them, and what that costs in nats."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from pages import state
from pages.download import download_widget
from pages.linked import open_map
from pages.look import png_bytes
from pages.reconstruct_figures import FIGURE_COLUMNS, Row, added, figure, rows_html
from pages.reconstruct_rows import Pool, choose, make_rows, members, pool_of
from vae.datasets import DATASETS, is_available
from vae.inference import encode_pixels
from vae.runs import Run, list_runs

# What may be chosen beside a class. (Not None: a select box takes that for its default.)
EVERY, SELECTED = "all classes", "selection"
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
    left, right = st.columns([4, 1], gap="large")
    st.html(_STYLE)
    with right, st.container(key="reconstruct-choice"):
        pool = pool_of(run, _choose_dataset(run))
        wanted = _choose_class(run, pool)
        n = st.slider("Images", 1, 12, 5)
        k = st.slider("Posterior samples of each", 1, 8, 4)
        with st.container(horizontal=True, vertical_alignment="center"):
            seed = st.session_state.setdefault("reconstruct set", 0)
            if st.button("Another set", icon=":material/shuffle:"):
                seed = st.session_state["reconstruct set"] = seed + 1
            smooth = st.toggle("Smooth")
    first = state.get_picked(run) if pool.own else None
    chosen = choose(wanted, max(n, FIGURE_COLUMNS), seed, first)
    rows = make_rows(run, pool, chosen, k, seed)
    shown = rows[:n]
    with left:
        if pool.images is None:
            _offer_data(run)
        st.html(rows_html(shown, smooth))
    with right:
        _formula(run, shown, pool)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _send_to_explore(run, pool, chosen[:n], [row.name for row in shown])
        _show_on_map(run, pool, chosen[:n])
    if pool.images is not None:
        _figure(run, pool.images[chosen], rows)
    with st.expander("What the numbers mean"):
        _explain(run, shown)


def _choose_dataset(run: Run) -> str:
    """The model's own data set, or another one at hand whose images have the same size."""
    own, shape = run.config.training.dataset, run.config.model.image_shape
    others = [
        info.name
        for info in DATASETS.values()
        if info.name != own and info.image_shape == shape and is_available(info.name)
    ]
    if not others:
        return own
    return st.selectbox(
        "Images of",
        [own, *others],
        key=f"reconstruct images of {run.name}",
        help="Images of another kind show what the model can and cannot draw.",
    )


def _choose_class(run: Run, pool: Pool) -> np.ndarray:
    """Rows of the pool: of one class, of all, or those selected on the map, if there are any."""
    present = np.unique(pool.labels).tolist()
    selected = state.get_selected(run) if pool.own else np.zeros(0, np.int64)
    options = [*([SELECTED] if len(selected) else []), EVERY, *present]

    def name(option: int | str) -> str:
        if isinstance(option, int):
            return pool.class_name(option)
        return f"{SELECTED} ({len(selected):,})" if option == SELECTED else option

    key = f"reconstruct class of {run.name}{'' if pool.own else ', foreign'}"
    wanted = st.selectbox("Class", options, format_func=name, key=key)
    if wanted == SELECTED:
        st.caption("Showing your selection of the Latent map.")
        st.button("Show all", on_click=st.session_state.update, args=({key: EVERY},))
        return selected
    return members(pool.labels, wanted if isinstance(wanted, int) else None)


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
    nll, kl = _means(rows)
    words = "this image" if len(rows) == 1 else f"these {len(rows)} images"
    if pool.own and run.codes().split != "test":  # not those that the model was measured on
        words += f" (drawn from {state.images_of(run)})"
    if nll is None:
        st.latex(rf"\mathrm{{KL}} = {kl:.1f}")
        st.caption(f"Nats, mean of {words}. −log p(x∣z) needs the originals.")
        return
    terms = added(nll, kl)
    st.latex(
        rf"""\begin{{aligned}}
-\log p(x \mid z) &= {terms[0]} \\
+\;\mathrm{{KL}} &= {terms[1]} \\ \hline
-\mathrm{{ELBO}} &= \mathbf{{{terms[2]}}}
\end{{aligned}}"""
    )
    found = run.evaluation
    rest = ""
    if found and pool.own:
        terms = added(found["reconstruction"], found["kl"])
        rest = f" All {found['n']:,} test images: {terms[0]} + {terms[1]} = {terms[2]}."
    st.caption(f"Nats, mean of {words}.{rest}")


def _means(rows: list[Row]) -> tuple[float | None, float]:
    """-log p(x|z), if the originals are known, and KL: means over the rows, in nats."""
    values = [row.nll for row in rows if row.nll is not None]
    nll = math.fsum(values) / len(values) if values else None
    return nll, math.fsum(row.kl for row in rows) / len(rows)


def _send_to_explore(run: Run, pool: Pool, chosen: np.ndarray, names: list[str]) -> None:
    picked = st.pills(
        "Open in Explore",
        range(len(names)),
        format_func=lambda place: names[place],
        key=f"reconstruct to explore {run.name}",
    )
    if picked is None:
        return
    row = int(chosen[picked])
    if pool.own:
        z = run.codes().mu[row]
    else:
        assert pool.images is not None
        z = encode_pixels(state.model_of(run), pool.images[[row]])[0][0]
    state.set_z(run, z)
    state.set_picked(run, row if pool.own else None)
    st.switch_page(st.session_state["pages"]["explore"])


def _show_on_map(run: Run, pool: Pool, chosen: np.ndarray) -> None:
    if pool.own and st.button(
        "Show these on the map",
        icon=":material/scatter_plot:",
        help="They become what is selected on the Latent map.",
    ):
        state.set_selected(run, chosen)
        open_map(run)


def _figure(run: Run, originals: np.ndarray, rows: list[Row]) -> None:
    """The 2 × 8 figure of the papers, as PNG."""
    picture = png_bytes(figure(originals, np.stack([row.reconstruction for row in rows])))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Originals above their reconstructions**", width="content")
        st.download_button(
            "Download figure (PNG)",
            picture,
            f"{run.name}-reconstructions.png",
            "image/png",
            on_click="ignore",
            icon=":material/download:",
        )
    st.image(picture, width="stretch")


def _explain(run: Run, rows: list[Row]) -> None:
    nll, kl = _means(rows)
    if nll is None:  # the formula without numbers that nobody knows
        terms = ("", f": {kl:.1f}", "")
    else:
        parts = added(nll, kl)
        terms = (f": {parts[0]}", f": {parts[1]}", f"= {parts[2]}")
    st.latex(
        rf"""\begin{{aligned}}
-\mathrm{{ELBO}}(x)
&= \underbrace{{\mathbb{{E}}_{{q(z \mid x)}}[-\log p(x \mid z)]}}_{{
\text{{reconstruction{terms[0]}}}}} \\
&+ \underbrace{{\mathrm{{KL}}(q(z \mid x) \,\|\, p(z))}}_{{
\text{{price of the code{terms[1]}}}}} \\
&{terms[2]} \;\ge\; -\log p(x)
\end{{aligned}}"""
    )
    st.caption("In nats; the numbers are means of the images shown above.", text_alignment="center")
    bernoulli = run.config.model.likelihood == "bernoulli"
    bound = (
        "The pixels are grey, so even a perfect reconstruction costs the entropy of its pixels: "
        "this term never reaches 0."
        if bernoulli
        else "The likelihood is Gaussian with unit variance: half the squared error, plus "
        r"$\tfrac12 \log 2\pi$ for each pixel value, which no model can save."
    )
    st.markdown(
        rf"""
- **Reconstruction** $\hat x$: the image goes through the encoder to its posterior mean
  $\mu(x)$, and through the decoder back. **Error**: $|x - \hat x|$ in pixel values from 0 to 1,
  always on the same scale.
- **Posterior samples**: decodes of $z = \mu(x) + \sigma(x) \odot \varepsilon$ with
  $\varepsilon \sim \mathcal{{N}}(0, I)$. Where they differ, the code does not fix the picture.
- **$-\log p(x \mid z)$** is measured with one such draw, summed over all pixels. {bound}
- **KL** is what the encoder says about this image beyond the prior; odd images cost more.
- All in **nats**; divide by $\ln 2 = 0.693$ for bits.
"""
    )
