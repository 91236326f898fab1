"""The points of a training by GET: only what is new, whatever the length of the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from vae.runs import Run
from vae.serve import curves


def _point(number: int) -> dict[str, Any]:
    numbers = {"loss": 50.0, "reconstruction": 40.0, "kl": 10.0}
    return {"split": "train", "epoch": 1.0 + number, "images": 1000 + number, **numbers}


def _lines(numbers: range) -> str:
    return "".join(json.dumps(_point(number)) + "\n" for number in numbers)


@pytest.fixture
def file(tiny_run: Run) -> Path:
    path = tiny_run.path / "metrics.jsonl"
    path.write_text(_lines(range(5)))
    return path


def _ask(client: TestClient, **query: Any) -> dict[str, Any]:
    answer = client.get("/live/runs/tiny/points", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_point_comes_once(client: TestClient, file: Path) -> None:
    found = _ask(client)
    assert found["points"] == [_point(n) for n in range(5)]
    assert (found["after"], found["next"], found["more"]) == (0, file.stat().st_size, False)
    kept = {"after": found["next"], "first": found["first"]}
    assert _ask(client, **kept)["points"] == []
    half = json.dumps(_point(6))
    with file.open("a") as end:
        end.write(_lines(range(5, 6)) + half[:20])  # a line that is just being written
    found = _ask(client, **kept)
    assert found["points"] == [_point(5)]
    with file.open("a") as end:
        end.write(half[20:] + "\n")
    assert _ask(client, after=found["next"], first=found["first"])["points"] == [_point(6)]


def test_an_update_has_as_many_bytes_in_a_long_run_as_in_a_short_one(
    client: TestClient, file: Path
) -> None:
    sizes = []
    for length in (1000, 9000):
        file.write_text(_lines(range(1000, 1000 + length)))
        place = file.stat().st_size
        with file.open("a") as end:
            end.write(_lines(range(9990, 9992)))
        sizes.append(len(client.get(f"/live/runs/tiny/points?after={place}").content))
    assert abs(sizes[0] - sizes[1]) <= 4  # the digits of the two places
    assert sizes[0] < 500


def test_a_whole_run_comes_in_bounded_parts(
    client: TestClient, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "MOST_BYTES", 1000)
    file.write_text(_lines(range(100)))
    found: dict[str, Any] = {"next": 0, "first": "", "more": True}
    points: list[Any] = []
    while found["more"]:
        found = _ask(client, after=found["next"], first=found["first"])
        assert 0 < len(found["points"]) < 12
        points += found["points"]
    assert points == [_point(n) for n in range(100)]
    monkeypatch.setattr(curves, "MOST_BYTES", 10)  # less than a line
    assert _ask(client)["points"] == [_point(0)]


def test_a_run_that_was_trained_anew_begins_again(client: TestClient, file: Path) -> None:
    before = _ask(client)
    file.write_text(_lines(range(100, 130)))
    found = _ask(client, after=before["next"], first=before["first"])
    assert (found["after"], len(found["points"])) == (0, 30)
    # or is shorter, or the place is none
    assert len(_ask(client, after=10**9)["points"]) == 30
    assert len(_ask(client, after=7)["points"]) == 30
    file.unlink()
    assert _ask(client, after=7) == {
        "points": [], "after": 0, "next": 0, "more": False, "first": ""
    }  # fmt: skip


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "", "9" * 13, "١"])
def test_a_place_that_is_none_is_refused(client: TestClient, file: Path, after: str) -> None:
    answer = client.get("/live/runs/tiny/points", params={"after": after})
    assert answer.status_code == 400
    assert "whole number" in answer.json()["error"]


@pytest.mark.parametrize("name", ["nobody", "..", "%2e%2e%2fx", "a" * 65])
def test_a_run_that_is_none_is_not_found(client: TestClient, file: Path, name: str) -> None:
    assert client.get(f"/live/runs/{name}/points").status_code == 404


def test_damaged_lines_and_other_sites_are_refused(client: TestClient, file: Path) -> None:
    headers = {"Origin": "http://evil.example"}
    assert client.get("/live/runs/tiny/points", headers=headers).status_code == 403
    for line in ("{", '{"split": "train"}'):
        file.write_text(line + "\n")
        answer = client.get("/live/runs/tiny/points")
        assert answer.status_code == 404
        assert "metrics.jsonl" in answer.json()["error"]
