"""What the Train page draws: each objective's curves, axes that seldom move, small pictures."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest

from pages.train_figures import (
    charted,
    curves,
    layout_style,
    nats_range,
    picture_rows,
    reach,
    thin,
    unit_of,
)
from pages.train_pca import bars
from vae.config import Objective, ObjectiveConfig
from vae.objectives import TERMS
from vae.runs import Run


def test_the_axis_leaves_out_the_first_fall_and_nothing_later() -> None:
    rows = [{"epoch": e / 2, "loss": 500.0 if e == 1 else 100.0 - e} for e in range(1, 20)]
    low, high = nats_range(rows, "loss")
    assert low < 81.0
    assert 98.0 < high < 110.0
    assert nats_range([], "loss") == [0.0, 1.0]


def test_the_epoch_axis_doubles_up_to_all_epochs_and_ends_with_an_ended_run() -> None:
    at = [[{"epoch": epoch}] for epoch in (0.5, 5.0, 5.1, 19.0, 30.0)]
    assert [reach(rows, 30, ended=False) for rows in at] == [5, 5, 10, 20, 30]
    assert reach([], 30, ended=False) == 5
    assert reach([], 2, ended=True) == 2
    assert reach([{"epoch": 2.8}], 100, ended=True) == 2.8


def test_curves_hold_every_point_of_the_run(tiny_run: Run) -> None:
    rows, data = tiny_run.metrics(), curves(tiny_run.metrics(), ObjectiveConfig(), 3, ended=True)
    assert data["points"]["validation"]["epoch"] == [1.0, 2.0, 3.0]
    for term in ("loss", "reconstruction", "kl"):
        expected = [row[term] for row in rows if row["split"] == "train"]
        assert data["points"]["train"][term] == expected
    assert [chart["term"] for chart in data["charts"]] == ["loss", "reconstruction", "kl"]


def test_thin_keeps_the_last_point() -> None:
    assert thin([1, 2, 3], limit=3) == [1, 2, 3]
    assert thin([], limit=3) == []
    thinned = thin(list(range(1001)), limit=100)
    assert thinned[-1] == 1000
    assert 80 < len(thinned) <= 100
    assert len({b - a for a, b in pairwise(thinned)}) == 1


@pytest.mark.parametrize("kind", get_args(Objective))
def test_each_term_of_an_objective_has_one_curve(kind: Objective) -> None:
    titles = charted(ObjectiveConfig(kind, sparsity=0.5 if kind == "autoencoder" else 0.0))
    assert 3 <= len(titles) <= 6
    assert len(set(titles.values())) == len(titles)
    # IWAE's bound is its loss
    assert set(titles) == {"loss", *TERMS[kind]} - {"importance_bound"}
    assert ("KL" in " ".join(titles.values())) == (kind != "autoencoder")


def test_a_plain_autoencoder_minimises_its_reconstruction_and_draws_it_once() -> None:
    assert list(charted(ObjectiveConfig("autoencoder"))) == ["reconstruction", "l1"]
    assert unit_of("reconstruction") == "nats"
    assert unit_of("l1") == unit_of("mmd") == ""


def test_a_point_that_lacks_a_term_leaves_a_gap() -> None:
    rows: list[dict[str, Any]] = [
        {"split": "train", "epoch": 1.0, "loss": 3.0, "reconstruction": 2.0, "kl": 1.0},
        {"split": "train", "epoch": 2.0, "loss": 2.0, "reconstruction": 1.0, "kl": 1.0, "mmd": 0.1},
    ]
    data = curves(rows, ObjectiveConfig("wae-mmd"), 2, ended=True)
    assert data["points"]["train"]["mmd"] == [None, 0.1]
    low, high = data["charts"][-1]["range"]
    assert low < 0.1 < high


@pytest.mark.parametrize(("count", "columns", "rows"), [(2, 2, 1), (3, 3, 1), (4, 2, 2), (6, 3, 2)])
def test_the_room_for_the_charts_is_reserved(count: int, columns: int, rows: int) -> None:
    style = layout_style("train-curves", count)
    assert f"--columns: {columns}; --rows: {rows}; --charts: {count};" in style


def test_what_waits_says_so() -> None:
    elbo = ObjectiveConfig()
    assert curves([], elbo, 5, ended=False)["empty"] == "waiting for the first numbers"
    assert "waiting" not in curves([], elbo, 5, ended=True)["empty"]


def test_pictures_reserve_their_place() -> None:
    empty = picture_rows([("original", None), ("reconstruction", None)], (8, 8, 1))
    assert empty.count("<div style=") == 16
    images = np.zeros((16, 8, 8, 1), np.uint8)
    assert picture_rows([("noisy", images)], (8, 8, 1)).count('alt="noisy ') == 8


def test_angles_are_bars_with_their_degrees() -> None:
    html = bars([45.0, 0.5])
    assert 'title="45.00°">45.0°' in html
    assert html.count("<i style=") == 2
    assert bars([0.0]).count("height:0%") == 1
