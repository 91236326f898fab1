"""What the Models page draws: what each dimension tells, and how the model learned."""

from __future__ import annotations

from typing import Any

import numpy as np

from pages.look import PALETTE
from pages.train_figures import TRAIN, VALIDATION, nats_range, thin, unit_of

RISING = ("kl", "index_code_mi", "dimension_kl", "l1")  # with a code that is used more and more
ACTIVE, INACTIVE = PALETTE[0], PALETTE[3]  # blue and grey
_LAYOUT = {
    "height": 240,  # pixels
    "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
    "font": {"size": 14},
}


def dimension_bars(values: list[float], active: list[bool], unit: str) -> Any:
    """A Plotly figure of a number per latent dimension, the largest first.

    Args:
        values: mean KL(q(z_j|x) || N(0, 1)) of each dimension, in nats; or its variance between
            images, where codes are points.
        active: whether its posterior mean varies between images (Burda et al., 2016).
        unit: of the values.
    """
    import plotly.graph_objects as go

    order = np.argsort(values)[::-1]
    names = [f"z<sub>{j + 1}</sub>" for j in order]
    figure = go.Figure()
    for words, wanted, colour in (("active", True, ACTIVE), ("inactive", False, INACTIVE)):
        places = [place for place, j in enumerate(order) if active[j] == wanted]
        if not places:
            continue
        figure.add_bar(
            x=places,
            y=[values[order[place]] for place in places],
            name=words,
            width=min(0.75, 0.12 * len(order)),
            marker={"color": colour, "pattern": {"shape": "" if wanted else "/"}},
            customdata=[names[place] for place in places],
            hovertemplate=f"%{{customdata}}: %{{y:.3f}} {unit}<extra>{words}</extra>",
        )
    ticked = range(0, len(order), -(-len(order) // 24))
    figure.update_layout(
        _LAYOUT,
        barmode="overlay",
        showlegend=not all(active),
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        xaxis={"tickvals": list(ticked), "ticktext": [names[place] for place in ticked]},
        yaxis={"title": {"text": unit or "variance"}, "rangemode": "tozero"},
    )
    return figure


def curve(rows: list[dict[str, Any]], term: str) -> Any:
    """A Plotly figure of the loss or one of its terms over epochs, per image.

    Args:
        rows: points as in ``metrics.jsonl``.
        term: which (see :func:`pages.train_figures.charted`).
    """
    import plotly.graph_objects as go

    figure, unit = go.Figure(), unit_of(term)
    for split, colour, dash in (("train", TRAIN, "solid"), ("validation", VALIDATION, "dash")):
        points = thin([row for row in rows if row["split"] == split])
        figure.add_scatter(
            x=[row["epoch"] for row in points],
            y=[row.get(term) for row in points],
            name=split,
            mode="lines",
            line={"color": colour, "width": 3, "dash": dash},
            hovertemplate=f"epoch %{{x:.1f}}: %{{y:.4g}} {unit}<extra>{split}</extra>",
        )
    rises = term in RISING
    corner = {"y": 0.02, "yanchor": "bottom"} if rises else {"y": 1, "yanchor": "top"}
    figure.update_layout(
        _LAYOUT,
        legend={"x": 1, "xanchor": "right", "bgcolor": "rgba(0,0,0,0)", **corner},
        xaxis={"title": {"text": "epoch"}, "range": [0, rows[-1]["epoch"]]},
        yaxis={
            "title": {"text": f"{unit_of(term)} per image" if unit_of(term) else ""},
            "range": nats_range(rows, term),
        },
    )
    return figure
