"""A linear autoencoder beside PCA: the angles between what the two span, and their errors."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.look import PALETTE

_STYLE = f"""<style>
.pca-angles {{ display: flex; align-items: flex-end; gap: 4px; height: 64px; }}
.pca-angles div {{ flex: 1; max-width: 48px; display: flex; flex-direction: column;
  justify-content: flex-end; height: 100%; text-align: center; font-size: 0.8rem; }}
.pca-angles i {{ display: block; background: {PALETTE[0]}; min-height: 1px; }}
</style>"""


def beside_pca(found: dict[str, Any]) -> None:
    """Show what :func:`vae.evaluation.principal_angles.compare_with_pca` found.

    Args:
        found: the run's evaluation, with ``pca`` in it.
    """
    pca = found["pca"]
    degrees = pca["degrees"]
    left, right = st.columns(2)
    with left:
        st.markdown(
            f"**Principal angles to PCA**: the largest is {degrees[0]:.1f}° of {len(degrees)}"
        )
        st.html(bars(degrees))
    with right:
        st.markdown(
            f"| on {found['n']:,} test images | reconstruction |\n|---|---|\n"
            f"| PCA, {len(degrees)} components | {pca['pca_reconstruction']:.2f} nats |\n"
            f"| this model | {found['reconstruction']:.2f} nats |"
        )
        st.caption(
            f"scikit-learn's PCA of {pca['n']:,} training images. 0°: the decoder's columns span "
            "the very subspace of the principal components; 90°: a direction is missed altogether."
        )


def bars(degrees: list[float]) -> str:
    """HTML of small bars, of 90° where they are full."""
    shown = degrees[:16]
    most = max(5.0, *shown)
    parts = [
        f'<div title="{value:.2f}°">{value:.1f}°<i style="height:{65 * value / most:.0f}%"></i>'
        "</div>"
        for value in shown
    ]
    return f'{_STYLE}<div class="pca-angles" role="img" aria-label="angles">{"".join(parts)}</div>'
