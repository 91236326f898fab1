"""Stored maps: files, ids, staleness, cancel; and the job that fits one in a process of its own."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import numpy as np
import pytest

from vae import maps
from vae.checks import MAP_ID_PATTERN, check_map_facts
from vae.config_json import config_to_json
from vae.errors import VaeError
from vae.files import load_npz, read_json, save_npz, write_json
from vae.jobs import cancel_map, start_map
from vae.map_fitting import fit_map
from vae.map_jobs import fits
from vae.map_params import MapParams, map_id, usual
from vae.map_worker import job_folder, run_map
from vae.maps import (
    _read_map,
    exact_placement,
    fingerprint,
    fits_codes,
    list_maps,
    load_map,
    placement,
    stored_maps,
)
from vae.presets import make_config
from vae.runs import Run, find_run

PARAMS = MapParams(points=60, perplexity=5)


def write_codes(run: Run, seed: int, n: int = 80) -> None:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    mu = (rng.normal(size=(n, 4)) + 6 * np.eye(4)[labels]).astype(np.float32)
    save_npz(
        run.path / "codes.npz",
        mu=mu,
        logvar=np.zeros_like(mu),
        labels=labels,
        indices=np.arange(n),
    )


@pytest.fixture
def run(tmp_path, monkeypatch) -> Run:
    """A run folder with 80 codes of 4 dimensions in three clear groups."""
    monkeypatch.setenv("VAE_RUNS", str(tmp_path))
    folder = tmp_path / "demo"
    folder.mkdir()
    config = make_config("mlp-2d", "digits", (8, 8, 1), latent_dim=4)
    write_json(folder / "config.json", config_to_json(config))
    found = find_run("demo")
    write_codes(found, seed=0)
    return found


def test_ids_say_what_differs_from_the_default():
    assert map_id(MapParams()) == "tsne"
    assert map_id(MapParams(perplexity=50, points=10_000, seed=1)) == "tsne-p50-n10000-s1"
    assert map_id(MapParams(perplexity=12.5, metric="cosine")) == "tsne-p12.5-cosine"
    assert map_id(MapParams(method="umap", perplexity=50)) == "umap"
    assert map_id(MapParams(method="umap", neighbours=30, min_dist=0)) == "umap-k30-d0"


@pytest.mark.parametrize(
    "params",
    [
        MapParams(),
        MapParams(60, 5.1234, 2**31 - 1, 999.5, "manhattan"),
        MapParams(100_000, method="umap", neighbours=500, min_dist=0.0625, metric="cosine"),
    ],
)
def test_every_id_is_one_that_import_and_the_list_of_maps_know(params):
    assert re.fullmatch(MAP_ID_PATTERN, map_id(params))
    assert not re.fullmatch(MAP_ID_PATTERN, f"{map_id(params)}.frames")


@pytest.mark.parametrize(
    ("asked", "available", "taken"),
    [(300, 300, 5000), (400, 300, 5000), (200, 300, 200), (10_000, 8000, 8000), (5000, 8000, 5000)],
)
def test_all_points_have_one_name(asked, available, taken):
    assert usual(MapParams(points=asked, seed=3), available) == MapParams(points=taken, seed=3)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"points": 2}, "3 to 100,000 points, not 2"),
        ({"perplexity": 1}, "between 2 and 1000, not 1"),
        ({"seed": -1}, "between 0 and"),
        ({"perplexity": float("nan")}, "between 2 and 1000, not nan"),
        ({"early_exaggeration": 0.5}, "between 1 and 1000, not 0.5"),
        ({"perplexity": 5.00001}, "may have 4 decimals"),
        ({"method": "umap", "min_dist": 2}, "between 0 and 1, not 2"),
        ({"method": "umap", "neighbours": 1}, "between 2 and 500, not 1"),
    ],
)
def test_parameters_outside_their_range_are_refused(wrong, sentence):
    with pytest.raises(VaeError, match=sentence):
        MapParams(**wrong)


def test_raw_and_pca_are_there_at_once_and_leave_no_files(run):
    assert list_maps(run) == ["raw", "pca"]
    mu = run.codes().mu
    np.testing.assert_array_equal(load_map(run, "raw").coords, mu[:, :2])
    np.testing.assert_array_equal(load_map(run, "raw-3-1").coords, mu[:, [3, 1]])
    assert load_map(run, "pca").coords.shape == (80, 2)
    assert 0.9 > load_map(run, "pca").facts["explained"][0] > 0.3
    assert not run.maps_dir.exists()


@pytest.mark.parametrize(
    "name", ["umap", "tsne.frames", "raw-0-0", "raw-0-4", "../../codes", "tsne"]
)
def test_a_map_that_is_not_there_is_refused(run, name):
    for use in (load_map, placement, exact_placement):
        with pytest.raises(VaeError):
            use(run, name)


def test_a_fitted_map_is_stored_whole_and_read_back(run):
    fitted = fit_map(run, PARAMS)
    assert list_maps(run) == ["raw", "pca", "tsne-p5-n60"]
    stored = load_map(run, "tsne-p5-n60")
    np.testing.assert_array_equal(stored.coords, fitted.coords)
    arrays = load_npz(run.maps_dir / "tsne-p5-n60.npz")
    np.testing.assert_array_equal(arrays["rows"], np.arange(60))
    assert (arrays["coords"].dtype, arrays["coords"].shape) == (np.float32, (60, 2))
    facts = read_json(run.maps_dir / "tsne-p5-n60.json")
    assert facts["quality"]["accuracy"] > 0.95
    assert {"method", "n", "n_jobs", "seconds", "seed", "date", "versions"} <= facts.keys()


def test_the_perplexity_that_few_points_allow_is_stated(run):
    assert fit_map(run, MapParams()).facts["perplexity_used"] == pytest.approx(79 / 3)


def test_a_umap_map_is_stored_listed_and_placed_on_like_the_others(run):
    pytest.importorskip("umap")
    params = MapParams(points=60, method="umap", neighbours=10)
    fitted = fit_map(run, params)
    fit_map(run, PARAMS)
    assert list_maps(run) == ["raw", "pca", "tsne-p5-n60", "umap-k10-n60"]
    stored = load_map(run, "umap-k10-n60")
    np.testing.assert_array_equal(stored.coords, fitted.coords)
    assert stored.facts["neighbours_used"] == 10
    assert "perplexity" not in stored.facts
    assert stored.facts["quality"]["accuracy"] > 0.95
    check_map_facts(stored.facts, 60, "it")
    placed = placement(run, "umap-k10-n60")(run.codes().mu[:60])
    np.testing.assert_allclose(placed[:, :2], stored.coords, atol=0.05 * np.ptp(stored.coords))


def test_a_map_of_all_codes_is_the_default_map(run):
    assert fit_map(run, MapParams(points=80)).id == "tsne"
    assert stored_maps(run) == ["tsne"]


def test_the_same_parameters_give_the_same_map(run):
    np.testing.assert_array_equal(fit_map(run, PARAMS).coords, fit_map(run, PARAMS).coords)


def test_a_cancelled_fit_leaves_nothing(run):
    assert fit_map(run, PARAMS, lambda step: step.iteration >= 100) is None
    assert list_maps(run) == ["raw", "pca"]
    assert not run.maps_dir.exists()


def test_a_map_of_other_codes_is_not_offered(run):
    fit_map(run, PARAMS)
    write_codes(run, seed=1)
    assert stored_maps(run) == []
    with pytest.raises(VaeError, match="no map 'tsne-p5-n60'"):
        load_map(run, "tsne-p5-n60")


def test_a_damaged_map_is_a_sentence_and_hides_no_other(run):
    fit_map(run, PARAMS)
    fit_map(run, replace(PARAMS, seed=1))
    (run.maps_dir / "tsne-p5-n60.npz").write_bytes(b"PK not a zip")
    (run.maps_dir / "tsne-p5-n60-s1.json").write_text("{")
    assert stored_maps(run) == ["tsne-p5-n60"]
    with pytest.raises(VaeError, match="not a readable"):
        load_map(run, "tsne-p5-n60")
    save_npz(run.maps_dir / "tsne-p5-n60.npz", coords=np.full((60, 2), np.nan))
    with pytest.raises(VaeError, match="not finite"):
        load_map(run, "tsne-p5-n60")


def test_a_bundled_models_own_folder_is_not_written_to(run, tmp_path):
    bundled = replace(run, bundled=True)
    fit_map(bundled, PARAMS)
    assert not (run.path / "maps").exists()
    assert (tmp_path / ".bundled" / "demo" / "maps" / "tsne-p5-n60.npz").is_file()
    assert "tsne-p5-n60" in list_maps(bundled)


def test_placement_by_id_finds_the_codes(run):
    fit_map(run, PARAMS)
    mu = run.codes().mu
    for name in ("raw", "pca", "tsne-p5-n60"):
        coords = load_map(run, name).coords
        placed = placement(run, name)(mu[:60])
        assert placed.dtype == np.float32
        near = 0.03 * np.ptp(coords) if name.startswith("tsne") else 1e-4
        np.testing.assert_allclose(placed[:, :2], coords[:60], atol=near)
    assert placement(run, "tsne-p5-n60") is placement(run, "tsne-p5-n60")


def test_exact_placement_is_t_snes_on_its_maps_and_the_formula_on_linear_ones(run):
    fit_map(run, PARAMS)
    z = run.codes().mu[:20] + 0.2
    for name in ("raw", "raw-3-1", "pca"):
        np.testing.assert_array_equal(exact_placement(run, name)(z), placement(run, name)(z))
    exact, smooth = (f(run, "tsne-p5-n60")(z) for f in (exact_placement, placement))
    assert (exact[:, :2] != smooth[:, :2]).any()
    np.testing.assert_array_equal(exact[:, 2], smooth[:, 2])
    path = run.maps_dir / "tsne-p5-n60.json"
    write_json(path, read_json(path) | {"method": "umap", "date": "another"})
    _read_map.cache_clear()
    np.testing.assert_array_equal(exact_placement(run, "tsne-p5-n60")(z), smooth)


def test_only_the_map_that_is_asked_for_is_checked(run, monkeypatch):
    for seed in range(3):
        fit_map(run, replace(PARAMS, seed=seed))
    looked = []

    def counted(path, run):
        looked.append(path.name)
        return fits_codes(path, run)

    monkeypatch.setattr(maps, "fits_codes", counted)
    load_map(run, "tsne-p5-n60-s1")
    assert looked == ["tsne-p5-n60-s1.json"]


def test_the_codes_are_hashed_once(run, monkeypatch):
    for seed in range(3):
        fit_map(run, replace(PARAMS, seed=seed))
    hashed = []

    def counted(mu):
        hashed.append(len(mu))
        return fingerprint(mu)

    monkeypatch.setattr(maps, "fingerprint", counted)
    for _ in range(2):
        assert len(stored_maps(run)) == 3
    assert hashed == [60]
    write_codes(run, seed=1)
    for _ in range(2):
        assert stored_maps(run) == []
    assert hashed == [60, 60]


def test_placement_follows_a_map_that_was_replaced_within_a_second(run):
    fit_map(run, PARAMS)
    name, z = "tsne-p5-n60", run.codes().mu[:60]
    placed = [f(run, name)(z) for f in (placement, exact_placement)]
    arrays = load_npz(run.maps_dir / f"{name}.npz")
    save_npz(run.maps_dir / f"{name}.npz", **arrays | {"coords": arrays["coords"] + 100})
    for f, before in zip((placement, exact_placement), placed, strict=True):
        moved = f(run, name)(z)[:, :2] - before[:, :2]
        assert abs(np.median(moved) - 100) < 5


def test_placement_follows_a_map_that_was_fitted_again(run):
    fit_map(run, PARAMS)
    before = placement(run, "tsne-p5-n60")
    write_codes(run, seed=1)
    fit_map(run, PARAMS)
    assert placement(run, "tsne-p5-n60") is not before


def test_a_job_says_how_it_went(run):
    assert fits(run) == []
    steps = []
    assert run_map(run, PARAMS, steps.append).id == "tsne-p5-n60"
    (fit,) = fits(run)
    assert (fit.state, fit.map_id) == ("done", "tsne-p5-n60")
    assert [step.iteration for step in steps] == list(range(0, 751, 25))


def test_a_job_heeds_a_cancel_request_and_can_be_started_again(run):
    def cancel_soon(step):
        if step.iteration == 100:
            cancel_map(job_folder(run, PARAMS))

    assert run_map(run, PARAMS, cancel_soon) is None
    assert fits(run)[0].state == "cancelled"
    assert stored_maps(run) == []
    assert run_map(run, PARAMS) is not None


def test_a_job_that_fails_says_why(run):
    (run.path / "codes.npz").unlink()
    with pytest.raises(VaeError, match="no codes yet"):
        run_map(run, PARAMS)
    (fit,) = fits(run)
    assert fit.state == "failed"
    assert "no codes yet" in fit.error


def test_a_damaged_job_folder_is_a_failed_fit(run):
    folder = job_folder(run, PARAMS)
    folder.mkdir(parents=True)
    (folder / "status.json").write_text("{")
    assert fits(run)[0].state == "failed"


def test_a_job_in_a_process_of_its_own_stores_the_map(run):
    folder = start_map(run, PARAMS)
    assert fits(run)[0].state == "running"
    deadline = time.monotonic() + 120
    while fits(run)[0].state == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert fits(run)[0].state == "done", (folder / "log.txt").read_text()
    assert "tsne-p5-n60" in list_maps(run)
