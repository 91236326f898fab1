"""One draw of a posterior, step by step: z = μ + σ ⊙ ε in numbers, and what is decoded from it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages import state
from pages.reconstruct_figures import Row
from vae.inference import decode_pixels
from vae.pictures import png_url
from vae.runs import Run

SHOWN = 8  # dimensions in the table: those with most KL
_STYLE = """<style>
.step { display: flex; gap: 28px; align-items: center; flex-wrap: wrap; line-height: 1.35; }
.step > .tiles { display: grid; grid-template-columns: repeat(var(--n), 1fr); gap: 8px;
  flex: 1 1 300px; max-width: calc(var(--n) * 150px); text-align: center; font-size: 0.9rem; }
.step img { width: 100%; display: block; border-radius: 3px; outline: 1px solid #8886;
  image-rendering: pixelated; }
.step table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem;
  flex: 1 1 320px; max-width: 560px; }
.step th, .step td { text-align: right; padding: 3px 8px; border: 0;
  border-bottom: 1px solid #8884; white-space: nowrap; }
.step th:first-child, .step td:first-child { text-align: left; }
.step .sum { font-weight: 700; }
.step i { font-family: KaTeX_Math, Georgia, serif; }
@media (max-width: 640px) { .step th, .step td { padding: 3px 5px; } }
</style>"""


@st.fragment
def show_step(run: Run, rows: list[Row]) -> None:
    """Choose an image, take the next ε, stretch it; the table adds up, and the decode follows."""
    if run.config.model.posterior == "point":
        return
    st.markdown(r"#### One draw, step by step: $z = \mu + \sigma \odot \varepsilon$")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.selectbox(
            "Of image",
            range(len(rows)),
            format_func=lambda place: rows[place].name,
            key=f"reconstruct step of {run.name}",
            width=260,
        )
        scale = st.slider(
            "Stretch ε by",
            0.0,
            3.0,
            1.0,
            0.1,
            format="× %.1f",
            key="reconstruct step scale",
            width=260,
            help="× 1 is a draw of q(z∣x); × 0 is its mean. More is farther out than q(z∣x) goes.",
        )
        number = st.session_state.setdefault("reconstruct step", 0)
        if st.button("Next ε", icon=":material/casino:"):
            number = st.session_state["reconstruct step"] = number + 1
    row = rows[place or 0]
    eps = noise(number, len(row.posterior[0])) * np.float32(scale)
    z = draw(row, eps)
    image = decode_pixels(state.model_of(run), z[None])[0]
    st.html(step_html(row, eps, z, image))
    st.caption(words(len(z)))


def noise(number: int, d: int) -> np.ndarray:
    """The ε ~ N(0, I) of this number, (d,) float32; the same for every image and model."""
    return np.random.default_rng([7, number]).standard_normal(d, dtype=np.float32)


def draw(row: Row, eps: np.ndarray) -> np.ndarray:
    """μ + σ ⊙ ε of the row's posterior, (d,) float32."""
    mu, logvar = row.posterior
    return (mu + np.exp(0.5 * logvar) * eps).astype(np.float32)


def words(d: int) -> str:
    """Why it is done so, in Markdown."""
    rest = f" The other {d - SHOWN} dimensions are drawn alike." if d > SHOWN else ""
    return (
        r"$\varepsilon \sim \mathcal{N}(0, I)$ holds all the chance; $\mu$ and $\sigma$ come from "
        "the encoder. So the gradient of the loss passes through $z$ to both: the "
        f"*reparameterisation* of Kingma & Welling (2014).{rest}"
    )


def step_html(row: Row, eps: np.ndarray, z: np.ndarray, image: np.ndarray) -> str:
    """The pictures x, decoder(μ), decoder(z), and a table of the dimensions with most KL."""
    mu, logvar = row.posterior
    kl = 0.5 * (mu.astype(np.float64) ** 2 + np.exp(logvar.astype(np.float64)) - 1 - logvar)
    order = np.argsort(-kl, kind="stable")[:SHOWN]
    pictures = [("decoder(<i>μ</i>)", row.reconstruction), ("decoder(<i>z</i>)", image)]
    if row.original is not None:
        pictures.insert(0, ("image <i>x</i>", row.original))
    tiles = "".join(f"<div>{title}{_img(picture)}</div>" for title, picture in pictures)
    lines = "".join(
        f"<tr><td><i>z</i><sub>{j + 1}</sub></td>"
        + "".join(f"<td>{_number(v)}</td>" for v in (mu[j], np.exp(0.5 * logvar[j]), eps[j]))
        + f'<td class="sum">{_number(z[j])}</td><td>{kl[j]:.2f}</td></tr>'
        for j in order
    )
    head = "".join(
        f"<th>{name}</th>"
        for name in ("", "<i>μ</i>", "<i>σ</i>", "<i>ε</i>", "<i>μ</i> + <i>σε</i>", "KL, nats")
    )
    return (
        f'{_STYLE}<div class="step"><div class="tiles" style="--n: {len(pictures)}">{tiles}</div>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _number(value: float) -> str:
    return f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−")


def _img(image: np.ndarray) -> str:
    return f'<img alt="" src="{png_url(image)}">'
