"""What the Train page draws: each objective's curves, axes that seldom move, small pictures."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from pages.train_figures import (
    OTHERS,
    TRAIN,
    VALIDATION,
    charted,
    curves,
    layout_style,
    nats_range,
    picture_rows,
    thin,
    unit_of,
)
from pages.train_pca import bars
from tests.pages.training import make_run
from vae.config import Objective, ObjectiveConfig
from vae.objectives import TERMS
from vae.runs import Run


def test_the_axis_leaves_out_the_first_fall_and_nothing_later() -> None:
    rows = [{"epoch": e / 2, "loss": 500.0 if e == 1 else 100.0 - e} for e in range(1, 20)]
    low, high = nats_range(rows, "loss")
    assert low < 81.0
    assert 98.0 < high < 110.0
    assert nats_range([], "loss") == [0.0, 1.0]


def test_the_curves_that_are_sent_are_the_same_however_long_the_run(tiny_run: Run) -> None:
    data = curves(tiny_run, ended=False)
    assert [chart["term"] for chart in data["charts"]] == [
        "loss", "reconstruction", "kl", "active_units", "mutual_information"
    ]  # fmt: skip
    assert (data["run"], data["epochs"], data["measured"]) == ("tiny", 3, True)
    with (tiny_run.path / "metrics.jsonl").open("a") as file:
        file.write((tiny_run.path / "metrics.jsonl").read_text() * 50)
    assert curves(tiny_run, ended=False) == data
    assert len(json.dumps(data)) < 2000


def test_an_autoencoder_has_no_charts_of_posteriors(tiny_ae: Run) -> None:
    data = curves(tiny_ae, ended=True)
    assert data["measured"] is False
    assert [chart["term"] for chart in data["charts"]] == ["reconstruction", "l1"]


def test_each_run_laid_over_has_a_colour_of_its_own(tiny_run: Run, tiny_ae: Run) -> None:
    others = curves(tiny_run, ended=True, others=[(tiny_ae, True), (tiny_run, False)])["others"]
    assert [(other["run"], other["ended"]) for other in others] == [
        ("tiny-ae", True), ("tiny", False)
    ]  # fmt: skip
    assert len({*(other["colour"] for other in others), TRAIN, VALIDATION}) == 4
    assert len({*OTHERS, TRAIN, VALIDATION}) == 6


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


@pytest.mark.parametrize(
    ("objective", "count", "columns", "rows"),
    [("elbo", 3, 3, 1), ("wae-mmd", 4, 2, 2), ("beta-tcvae", 6, 3, 2)],
)
def test_the_room_for_the_charts_is_reserved(
    runs_folder: Path, objective: Objective, count: int, columns: int, rows: int
) -> None:
    run = make_run(runs_folder, "x", {"objective": objective}, state="done")
    style = layout_style("train-curves", run)
    assert f"--columns: {columns}; --rows: {rows}; --charts: {count}; --measured: 1;" in style


def test_what_waits_says_so(tiny_run: Run, tiny_ae: Run) -> None:
    assert curves(tiny_run, ended=False)["empty"] == "waiting for the first numbers"
    assert "waiting" not in curves(tiny_run, ended=True)["empty"]
    assert "--charts: 2; --measured: 0;" in layout_style("train-curves", tiny_ae)


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
