"""The snapshots of a training over HTTP: whole, in parts, while it runs, and none."""

from __future__ import annotations

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.pages.training import make_run
from vae.latent.alignment import aligned_planes
from vae.runs import Run
from vae.serve import timeline as served
from vae.status import acquire
from vae.timeline import moments, read_moment, read_shown, weights_path

IMAGE = 8 * 8
HEAD, FACTS = 40, 32


def read(content: bytes) -> tuple[list[int], bytes, list[bytes]]:
    """The head, what comes before the snapshots, and the records of these."""
    head = np.frombuffer(content, "<u4", 10).tolist()
    n, k, s, *_, first, count, total, _ = head
    begin = 2 * n + k * IMAGE if first == 0 and total else 0
    size = FACTS + (k + s) * IMAGE
    assert len(content) == HEAD + begin + count * size
    rest = content[HEAD + begin :]
    return head, content[HEAD : HEAD + begin], [rest[i * size :][:size] for i in range(count)]


def get(client: TestClient, query: str = "") -> tuple[list[int], bytes, list[bytes]]:
    answer = client.get(f"/live/runs/tiny/snapshots{query}")
    assert answer.status_code == 200, answer.text
    return read(answer.content)


def test_the_whole_of_a_training_that_has_ended(client: TestClient, tiny_run: Run) -> None:
    shown, times = read_shown(tiny_run), moments(tiny_run)
    weights_path(tiny_run, times[2]).unlink()
    head, begin, records = get(client)
    n = len(shown.labels)
    assert head == [n, 16, 16, 8, 8, 1, 0, len(times), len(times), 0]
    np.testing.assert_array_equal(np.frombuffer(begin, "<u2", n), shown.labels)
    assert begin[2 * n :] == shown.originals.tobytes()
    train = [row for row in tiny_run.metrics() if row["split"] == "train"]
    for i, (images, record) in enumerate(zip(times, records, strict=True)):
        moment = read_moment(tiny_run, images)
        assert np.frombuffer(record, "<u4", 2).tolist() == [images, int(i != 2)]
        row = next(row for row in train if row["images"] >= max(1, images))
        expected = [images / shown.count, *moment.terms]
        expected += [row["loss"], row["reconstruction"], row["kl"]]
        np.testing.assert_allclose(np.frombuffer(record, "<f4", 6, 8), expected, rtol=1e-6)
        assert record[FACTS:] == moment.reconstructions.tobytes() + moment.samples.tobytes()


def test_it_comes_in_parts_from_any_number_on(
    client: TestClient, tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = get(client)[2]
    assert get(client, f"?from={len(whole)}")[2] == []
    head, begin, records = get(client, "?from=3")
    assert (head[6], begin, records) == (3, b"", whole[3:])
    monkeypatch.setattr(served, "MOST_BYTES", 3 * len(whole[0]))
    assert get(client, "?from=2")[2] == whole[2:5]


def test_the_places_are_those_of_the_aligned_map(client: TestClient, tiny_run: Run) -> None:
    content = client.get("/live/runs/tiny/places").content
    m, n = np.frombuffer(content, "<u4", 2)
    places = np.frombuffer(content, "<f4", offset=8).reshape(m, n, 2)
    codes = [read_moment(tiny_run, images).codes for images in moments(tiny_run)]
    np.testing.assert_array_equal(places, aligned_planes(codes))


def test_a_training_at_work_needs_no_weights_and_says_that_more_may_come(
    client: TestClient, runs_folder, tiny_run: Run
) -> None:
    make_run(runs_folder, "young", state="running")
    with acquire(runs_folder / "young"):
        head, begin, records = read(client.get("/live/runs/young/snapshots").content)
        assert head == [0, 0, 0, 8, 8, 1, 0, 0, 0, 1]
        assert (begin, records) == (b"", [])
        (tiny_run.path / "timeline").rename(runs_folder / "young" / "timeline")
        head, _, records = read(client.get("/live/runs/young/snapshots").content)
        assert head[9] == 1
        # No points of the curves as yet.
        assert np.isnan(np.frombuffer(records[0], "<f4", 6, 8)[3:]).all()
    head, _, _ = read(client.get("/live/runs/young/snapshots").content)
    assert head[9] == 0


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("digits-2d/snapshots", 404, "'digits-2d' has no snapshots"),
        ("digits-2d/places", 404, "'digits-2d' has no snapshots"),
        ("nobody/snapshots", 404, "There is no model 'nobody'"),
        ("..%2Ftiny/snapshots", 404, "There is no"),
        ("tiny/snapshots?from=-1", 400, "from=-1 came"),
        ("tiny/snapshots?from=1e3", 400, "a whole number"),
    ],
)
def test_a_sentence_says_why_there_is_none(
    client: TestClient, tiny_run: Run, path: str, status: int, sentence: str
) -> None:
    answer = client.get(f"/live/runs/{path}")
    assert answer.status_code == status
    assert sentence in answer.json()["error"]
    foreign = client.get(f"/live/runs/{path}", headers={"Origin": "http://elsewhere.example"})
    assert foreign.status_code == 403 or "%2F" in path


def test_a_damaged_snapshot_is_named(client: TestClient, tiny_run: Run) -> None:
    path = tiny_run.path / "timeline" / f"{moments(tiny_run)[1]:012d}.npz"
    path.write_bytes(b"PK")
    answer = client.get("/live/runs/tiny/snapshots")
    assert answer.status_code == 404
    assert path.name in answer.json()["error"]
