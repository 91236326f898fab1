"""The frames of a map over HTTP: of a stored one, of one being fitted, and of none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.serve.conftest import WriteRun
from vae import map_worker
from vae.files import remove_file
from vae.map_frames import FRAMES_FILE, Frames, append_frame, begin_frames, record_type
from vae.map_jobs import folder_of
from vae.map_params import MapParams
from vae.map_worker import run_map
from vae.maps import stored_frames
from vae.projection import Step
from vae.serve import frames as served
from vae.status import acquire, announce


def read(content: bytes) -> tuple[list[int], Frames]:
    head = np.frombuffer(content, "<u4", 4).tolist()
    found = np.frombuffer(content, record_type(head[0]), offset=16)
    assert len(found) == head[2]
    return head, Frames(head[3], found["iteration"], found["kl"], found["box"], found["coords"])


def test_a_stored_map_is_seen_forming(client: TestClient, runs: WriteRun) -> None:
    run = runs("a")
    run_map(run, MapParams(points=40, perplexity=5))
    stored = stored_frames(run, "tsne-p5-n40")
    head, frames = read(client.get("/live/models/a/frames?map=tsne-p5-n40").content)
    assert head == [40, 0, 31, 750]
    np.testing.assert_array_equal(frames.coords, stored.coords)
    np.testing.assert_array_equal(frames.boxes, stored.boxes)
    np.testing.assert_array_equal(frames.kl, stored.kl)
    head, frames = read(client.get("/live/models/a/frames?map=tsne-p5-n40&from=30").content)
    assert (head, frames.iterations.tolist()) == ([40, 30, 1, 750], [750])
    head, _ = read(client.get("/live/models/a/frames?map=tsne-p5-n40&from=31").content)
    assert head == [40, 31, 0, 750]


def test_large_frames_come_in_parts(
    client: TestClient, runs: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_map(runs("a"), MapParams(points=40, perplexity=5))
    monkeypatch.setattr(served, "MOST_BYTES", 3 * record_type(40).itemsize)
    head, _ = read(client.get("/live/models/a/frames?map=tsne-p5-n40&from=2").content)
    assert head == [40, 2, 3, 750]


def test_a_fit_at_work_answers_what_it_has(client: TestClient, runs: WriteRun) -> None:
    run = runs("a")
    folder = folder_of(run, "tsne-p5-n40")
    folder.mkdir(parents=True)
    begin_frames(folder / FRAMES_FILE, 40, 750)
    places = np.random.default_rng(0).normal(size=(40, 2))
    append_frame(folder / FRAMES_FILE, Step(0, 750, float("nan"), places))
    path = "/live/models/a/frames?map=tsne-p5-n40"
    assert client.get(path).status_code == 404  # its process is gone
    with acquire(folder):
        head, frames = read(client.get(path).content)
        assert head == [40, 0, 1, 750]
        np.testing.assert_allclose(frames.places(0), places, atol=1e-4)
        assert read(client.get(f"{path}&from=1").content)[0] == [40, 1, 0, 750]
        append_frame(folder / FRAMES_FILE, Step(25, 750, 2.0, 9 * places))
        head, frames = read(client.get(f"{path}&from=1").content)
    assert (head, frames.kl.tolist()) == ([40, 1, 1, 750], [2.0])


def test_a_fit_that_begins_has_no_frames_as_yet(client: TestClient, runs: WriteRun) -> None:
    run = runs("a")
    path = "/live/models/a/frames?map=tsne-p5-n40"
    assert client.get(path).status_code == 404
    folder = folder_of(run, "tsne-p5-n40")
    folder.mkdir(parents=True)
    announce(folder, map="tsne-p5-n40")
    answer = client.get(path)
    assert answer.status_code == 200
    assert np.frombuffer(answer.content, "<u4").tolist() == [0, 0, 0, 0]


def test_a_fit_that_ends_is_not_taken_for_one_that_begins(
    client: TestClient, runs: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs("a")
    asked = []

    def removed(path: Path) -> None:
        remove_file(path)
        if path.name == FRAMES_FILE:
            asked.append(read(client.get("/live/models/a/frames?map=tsne-p5-n40").content)[0])

    monkeypatch.setattr(map_worker, "remove_file", removed)
    run_map(run, MapParams(points=40, perplexity=5))
    assert asked == [[40, 0, 31, 750]]


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("map=pca", 404, "'pca' of 'a' was stored without its frames"),
        ("map=tsne", 404, "no map 'tsne'"),
        ("map=../../etc", 404, "no map"),
        ("map=pca&from=-1", 400, "from=-1 came"),
        ("map=pca&from=1e9", 400, "a whole number"),
    ],
)
def test_where_there_are_none_a_sentence_says_so(
    client: TestClient, runs: WriteRun, query: str, status: int, sentence: str
) -> None:
    runs("a")
    answer = client.get(f"/live/models/a/frames?{query}")
    assert answer.status_code == status
    assert sentence in answer.json()["error"]
