"""A selection of images: their posteriors, more like them, and their codes as a file."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.serve.conftest import WriteRun
from tests.serve.test_routes import FOREIGN, ask
from vae.datasets import load
from vae.latent.similar import similar_codes, similar_pixels
from vae.runs import Run
from vae.serve import exports
from vae.serve.protocol import pack_floats, pack_rows

ROWS = np.array([299, 0, 17, 17])
PATH = "/live/models/tiny/selection"


@pytest.mark.parametrize("way", ["post", "socket"])
def test_the_posteriors_of_rows(client: TestClient, tiny_run: Run, way: str) -> None:
    path, codes = "/live/models/tiny/posteriors", tiny_run.codes()
    expected = np.stack([codes.mu[ROWS], codes.logvar[ROWS]], axis=1)
    assert ask(client, way, path, pack_rows(ROWS)) == pack_floats(expected)
    sentence = ask(client, way, path, pack_rows(np.array([1, 300])))
    assert sentence == "Row 300 was asked for; rows 0 to 299 are allowed."
    assert "1025 rows came" in str(ask(client, way, path, bytes(4 * 1025)))
    assert "6 bytes came" in str(ask(client, way, path, bytes(6)))


@pytest.mark.parametrize("way", ["post", "socket"])
def test_more_like_these(client: TestClient, tiny_run: Run, way: str) -> None:
    path, images = "/live/models/tiny/similar", load("digits", "test").images
    expected = {
        "codes": similar_codes(tiny_run.codes().mu, ROWS, 12),
        "pixels": similar_pixels(images, ROWS, 12),
    }
    for space, pairs in expected.items():
        answer = ask(client, way, f"{path}?space={space}&k=12", pack_rows(ROWS))
        assert answer == pack_floats(pairs)
    answer = ask(client, way, path, pack_rows(ROWS))
    assert answer == pack_floats(expected["codes"][:1])
    for query in ("?k=0", "?k=65", "?k=many"):
        sentence = ask(client, way, path + query, pack_rows(ROWS))
        assert sentence == f"{query[1:]} came; a whole number from 1 to 64 is allowed."
    sentence = ask(client, way, f"{path}?space=dreams", pack_rows(ROWS))
    assert sentence == "space=dreams came; codes or pixels is allowed."
    for space in expected:
        sentence = ask(client, way, f"{path}?space={space}", pack_rows(np.array([300])))
        assert sentence == "Row 300 was asked for; rows 0 to 299 are allowed."
    # Of 3 others there are no 9.
    answer = ask(client, way, f"{path}?k=9", pack_rows(np.arange(297)))
    assert sorted(np.frombuffer(answer, "<f4").reshape(-1, 2)[:, 0]) == [297, 298, 299]  # type: ignore[arg-type]


def test_nothing_is_like_pixels_that_are_not_here(client: TestClient, runs: WriteRun) -> None:
    runs("a")
    path = "/live/models/a/similar?space=pixels"
    assert "do not belong to the data set 'digits'" in str(ask(client, "post", path, bytes(4)))
    assert isinstance(ask(client, "post", "/live/models/a/similar", bytes(4)), bytes)


def test_codes_as_a_table(
    client: TestClient, tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_LINES_AT_ONCE", 3)
    answer = client.post(f"{PATH}?format=csv", content=pack_rows(ROWS))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    disposition = answer.headers["content-disposition"]
    assert disposition == 'attachment; filename="tiny-4-images.csv"'
    header, *lines = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["row", "label", "class", "mu_1", "mu_2", "logvar_1", "logvar_2"]
    codes = tiny_run.codes()
    assert [int(line[0]) for line in lines] == ROWS.tolist()
    assert [int(line[1]) for line in lines] == codes.labels[ROWS].tolist()
    assert [line[2] for line in lines] == [str(label) for label in codes.labels[ROWS]]
    numbers = np.array([line[3:] for line in lines], np.float64).astype(np.float32)
    assert np.array_equal(numbers, np.hstack([codes.mu[ROWS], codes.logvar[ROWS]]))  # to the bit


def test_codes_as_arrays(
    client: TestClient, tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_BYTES_AT_ONCE", 100)
    answer = client.post(f"{PATH}?format=npz", content=pack_rows(ROWS))
    assert answer.headers["content-disposition"].endswith('filename="tiny-4-images.npz"')
    found, codes = np.load(io.BytesIO(answer.content)), tiny_run.codes()
    assert set(found) == {"rows", "labels", "mu", "logvar", "indices"}
    assert np.array_equal(found["rows"], ROWS)
    for name in ("labels", "mu", "logvar", "indices"):
        assert np.array_equal(found[name], getattr(codes, name)[ROWS])


def test_every_row_may_be_selected_and_no_more(client: TestClient, tiny_run: Run) -> None:
    everything = pack_rows(np.arange(300))
    assert len(client.post(PATH, content=everything).text.splitlines()) == 301

    def refusal(payload: bytes, status: int, query: str = "", **options: object) -> str:
        answer = client.post(PATH + query, content=payload, **options)  # type: ignore[arg-type]
        assert answer.status_code == status
        return answer.json()["error"]

    allowed = "More than the allowed 1200 bytes (300 rows) came."
    assert refusal(everything + bytes(4), 413) == allowed
    assert "An empty frame came" in refusal(b"", 400)
    assert "7 bytes came" in refusal(bytes(7), 400)
    assert "Row 300 was asked for" in refusal(pack_rows(np.array([300])), 400)
    assert refusal(bytes(4), 400, "?format=pickle") == "format=pickle came; csv or npz is allowed."
    assert "evil" in refusal(bytes(4), 403, headers=FOREIGN)
    assert client.post("/live/models/nobody/selection", content=bytes(4)).status_code == 404
    assert client.get(PATH).status_code == 404


def test_a_model_of_an_unknown_data_set_has_no_names_of_classes(runs: WriteRun) -> None:
    from dataclasses import replace

    run = runs("a")
    config = replace(run.config, training=replace(run.config.training, dataset="mine"))
    foreign, codes = replace(run, config=config), run.codes()
    header, line = b"".join(exports.table(foreign, codes, np.array([3]))).decode().split()
    assert header == "row,label,mu_1,mu_2,logvar_1,logvar_2"
    assert line.startswith("3,3,")
    strange = replace(codes, labels=codes.labels + 100)
    assert b",103,," in b"".join(exports.table(run, strange, np.array([3])))


def test_points_have_no_log_variances_to_take_along(client: TestClient, tiny_ae: Run) -> None:
    path = "/live/models/tiny-ae/selection"
    header = client.post(f"{path}?format=csv", content=pack_rows(ROWS)).text.splitlines()[0]
    assert header == "row,label,class,mu_1,mu_2,mu_3,mu_4,mu_5"
    answer = client.post(f"{path}?format=npz", content=pack_rows(ROWS))
    found = np.load(io.BytesIO(answer.content))
    assert set(found) == {"rows", "labels", "mu", "indices"}
    np.testing.assert_array_equal(found["mu"], tiny_ae.codes().mu[ROWS])
