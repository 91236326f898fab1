"""What a GET reads of a model: numbers to colour by, quality, and maps of very many points."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.serve.conftest import WriteRun
from vae.files import save_npz, write_json
from vae.latent.binning import Box, cloud, density, mean_values, sample
from vae.latent.values import values
from vae.map_quality import quality
from vae.maps import fingerprint, load_map
from vae.runs import Run
from vae.serve import arrays
from vae.serve.protocol import NO_VALUE

WHOLE = {"map": "raw", "x0": -9, "x1": 9, "y0": -9, "y1": 9}
FOREIGN = {"Origin": "http://evil.example"}


def get(client: TestClient, path: str, status: int = 200, **query: object) -> bytes:
    answer = client.get(f"/live/models/{path}?{urlencode(query)}")
    assert answer.status_code == status, answer.text
    return answer.content


def refusal(client: TestClient, path: str, status: int, **query: object) -> str:
    answer = client.get(f"/live/models/{path}?{urlencode(query)}")
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    return answer.json()["error"]


def unpack_values(content: bytes) -> np.ndarray:
    """As the browser reads them: NaN for none."""
    low, high = np.frombuffer(content[:8], "<f4").astype(np.float64)
    steps = np.frombuffer(content[8:], "<u2").astype(np.float64)
    return np.where(steps == NO_VALUE, np.nan, low + steps / (NO_VALUE - 1) * (high - low))


def fitted(run: Run, **facts: Any) -> np.ndarray:
    """A stored t-SNE map of the first 40 codes, made up; its coordinates."""
    coords = np.random.default_rng(1).standard_normal((40, 2)).astype(np.float32)
    run.maps_dir.mkdir(exist_ok=True)
    save_npz(run.maps_dir / "tsne.npz", coords=coords, rows=np.arange(40, dtype=np.int32))
    known = {
        "method": "tsne",
        "n": 40,
        "date": "today",
        "fingerprint": fingerprint(run.codes().mu[:40]),
    }
    write_json(run.maps_dir / "tsne.json", known | facts)
    return coords


def test_values_to_colour_by(client: TestClient, tiny_run: Run) -> None:
    for by in ("kl", "length", "z:1", "reconstruction"):
        expected = values(tiny_run, by)
        content = get(client, "tiny/values", by=by)
        assert len(content) == 8 + 2 * 300
        span = expected.max() - expected.min()
        np.testing.assert_allclose(unpack_values(content), expected, atol=span / 60_000)
    sentence = refusal(client, "tiny/values", 404, by="beauty")
    assert sentence.startswith("The images of 'tiny' have no number called 'beauty'; allowed are")
    assert "no by; ?by=… is needed" in refusal(client, "tiny/values", 400)
    assert "no known factors" in refusal(client, "tiny/values", 404, by="factor:x")


def test_the_reconstruction_is_computed_once(
    client: TestClient, tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def counted(run: Run, by: str) -> np.ndarray:
        made.append(by)
        return values(run, by)

    monkeypatch.setattr(arrays, "values", counted)
    first, second = (get(client, "tiny/values", by="reconstruction") for _ in range(2))
    assert first == second
    assert made == ["reconstruction"]


def test_missing_originals_are_said(client: TestClient, runs: WriteRun) -> None:
    runs("a")  # of 8 × 6 pixels, which the digits are not
    assert "do not belong to the data set" in refusal(client, "a/values", 404, by="reconstruction")
    assert len(get(client, "a/values", by="kl")) == 8 + 2 * 50


def test_quality_of_linear_and_stored_maps(client: TestClient, tiny_run: Run) -> None:
    codes = tiny_run.codes()
    coords = load_map(tiny_run, "pca").coords
    expected = quality(codes.mu, coords, codes.labels, queries=1000)
    assert client.get("/live/models/tiny/quality?map=pca").json() == expected
    fitted(tiny_run, quality={"n": 40, "trustworthiness": float("nan"), "accuracy": None})
    found = client.get("/live/models/tiny/quality").json()
    assert found == {"n": 40, "accuracy": None}  # what is stored, less what is no number
    assert "no map 'tsne-p9'" in refusal(client, "tiny/quality", 404, map="tsne-p9")


def test_a_stored_map_without_quality_is_measured(client: TestClient, tiny_run: Run) -> None:
    coords, codes = fitted(tiny_run), tiny_run.codes()
    expected = quality(codes.mu[:40], coords, codes.labels[:40], queries=1000)
    assert client.get("/live/models/tiny/quality").json() == expected


def test_counts_and_classes_of_all_points_in_a_box(client: TestClient, tiny_run: Run) -> None:
    codes = tiny_run.codes()
    points = cloud(codes.mu, codes.labels)
    part = {"map": "raw", "x0": -0.5, "x1": 1e9, "y0": -1.25, "y1": 0.5}
    for query in (WHOLE, part):
        box = Box(*(float(query[name]) for name in ("x0", "x1", "y0", "y1")))
        content = get(client, "tiny/density", **query, w=30, h=20)
        counts, labels = density(points, box, 30, 20)
        assert np.array_equal(np.frombuffer(content[: 4 * 600], "<u4"), counts.ravel())
        assert np.array_equal(np.frombuffer(content[4 * 600 :], "<u2"), labels.ravel())
    assert counts.sum() < 300
    content = get(client, "tiny/density", **WHOLE, w=30, h=20, by="z:0")
    counts, means = mean_values(points, codes.mu[:, 0], Box(-9, 9, -9, 9), 30, 20)
    assert np.array_equal(np.frombuffer(content[: 4 * 600], "<u4"), counts.ravel())
    found = unpack_values(content[4 * 600 :]).reshape(20, 30)
    assert np.array_equal(np.isnan(found), counts == 0)
    np.testing.assert_allclose(found, means, atol=1e-3)


def test_points_of_a_box(client: TestClient, tiny_run: Run) -> None:
    codes = tiny_run.codes()

    def points(**query: object) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
        content = get(client, "tiny/points", **query)
        total, count = np.frombuffer(content[:8], "<u4")
        parts = np.split(np.frombuffer(content[8:], np.uint8), [4 * count, 12 * count])
        assert len(parts[2]) == 2 * count
        rows, places, labels = (
            part.copy().view(kind) for part, kind in zip(parts, ("<u4", "<f4", "<u2"), strict=True)
        )
        return int(total), rows, places.reshape(-1, 2), labels

    total, rows, places, labels = points(**WHOLE, most=50_000)
    assert total == 300
    assert np.array_equal(rows, np.arange(300))
    np.testing.assert_allclose(places, codes.mu, rtol=1e-6)
    assert np.array_equal(labels, codes.labels)
    total, rows, places, labels = points(**WHOLE, most=40)
    assert (total, len(rows)) == (300, 40)
    known = cloud(codes.mu, codes.labels)
    assert np.array_equal(rows, known.rows[sample(known, Box(-9, 9, -9, 9), 40)[1]])
    np.testing.assert_allclose(places, codes.mu[rows], rtol=1e-6)
    assert points(**WHOLE | {"x0": 8}, most=40)[0] == 0


def test_a_map_of_the_first_codes_only(client: TestClient, tiny_run: Run) -> None:
    fitted(tiny_run)
    counts = get(client, "tiny/density", **WHOLE | {"map": "tsne"}, w=1, h=1, by="kl")
    assert np.frombuffer(counts[:4], "<u4") == 40
    assert unpack_values(counts[4:])[0] == pytest.approx(
        values(tiny_run, "kl")[:40].mean(), rel=1e-6
    )


@pytest.mark.parametrize("operation", ["density", "points"])
@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"x0": None}, 400, "names no x0"),
        ({"x1": "nan"}, 400, "x1=nan came; a number from"),
        ({"y0": "-inf"}, 400, "y0=-inf came"),
        ({"y1": "1e10"}, 400, "y1=1e10 came; a number from -1e+09 to 1e+09"),
        ({"y1": "9" * 4000}, 400, "a number from"),
        ({"x0": "٣"}, 400, "a number from"),
        ({"x0": 9}, 400, "from x0=9 to x1=9 was asked for; x0 < x1 is allowed"),
        ({"y0": 9.5}, 400, "from y0=9.5 to y1=9"),
        ({"w": 0, "most": 0}, 400, "=0 came; a whole number from 1 to"),
        ({"w": 1025, "most": 50_001}, 400, "a whole number from 1 to"),
        ({"w": None, "most": None}, 400, "is needed"),
        ({"map": "nowhere"}, 404, "has no map 'nowhere'"),
        ({"map": "raw-0-9"}, 404, "two different dimensions"),
    ],
)
def test_boxes_that_are_none_are_refused(
    client: TestClient,
    runs: WriteRun,
    operation: str,
    change: dict[str, object],
    status: int,
    said: str,
) -> None:
    runs("a")
    query: dict[str, object] = WHOLE | {"w": 8, "h": 8, "most": 8} | change
    asked = {name: value for name, value in query.items() if value is not None}
    sentence = refusal(client, f"a/{operation}", status, **asked)
    assert said in sentence
    assert len(sentence) < 300


def test_an_unknown_number_has_no_density(client: TestClient, runs: WriteRun) -> None:
    runs("a")
    assert "'beauty'" in refusal(client, "a/density", 404, **WHOLE, w=8, h=8, by="beauty")


@pytest.mark.parametrize(
    "path",
    ["a/values?by=kl", "a/quality?map=pca", "a/labels"]
    + [f"a/{what}?{urlencode(WHOLE)}&w=2&h=2&most=2" for what in ("density", "points")],
)
def test_who_may_ask_of_which_model(client: TestClient, runs: WriteRun, path: str) -> None:
    runs("a")
    assert client.get(f"/live/models/{path}").status_code == 200
    assert client.get(f"/live/models/{path}", headers=FOREIGN).status_code == 403
    assert client.get(f"/live/models/{path.replace('a/', 'b/', 1)}").status_code == 404


def test_a_bug_is_a_sentence(
    client: TestClient, runs: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs("a")

    def broken(run: Run, by: str) -> np.ndarray:
        raise RuntimeError("no memory")

    monkeypatch.setattr(arrays, "values", broken)
    said = refusal(client, "a/values", 500, by="kl")
    assert said == "The server failed on /live/models/a/values: RuntimeError: no memory"
