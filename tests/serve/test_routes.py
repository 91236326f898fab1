"""The routes in process; tests/serve/test_live.py drives the same ones through a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from tests.serve.conftest import WriteRun
from vae.datasets import load
from vae.inference import decode_pixels, encode_pixels
from vae.map_fitting import fit_map
from vae.map_params import MapParams
from vae.maps import exact_placement, placement
from vae.runs import Run, load_model
from vae.serve import protocol, service
from vae.serve.operations import OPERATIONS
from vae.serve.protocol import pack_floats, pack_pixels, pack_rows

Z = np.array([[0.5, -1.0], [2.0, 0.0]], np.float32)
FOREIGN = {"Origin": "http://evil.example"}
OWN = {"Origin": "http://testserver"}


def test_the_list_names_what_can_be_used(client: TestClient, runs: WriteRun) -> None:
    runs("good")
    half = runs("half-trained")
    (half.path / "codes.npz").unlink()
    broken = runs("broken")
    (broken.path / "config.json").write_text("{")
    listed = {model["name"]: model for model in client.get("/live/models").json()}
    assert listed["good"] == {
        "name": "good",
        "dataset": "digits",
        "objective": "elbo",
        "latent_dim": 2,
        "image_shape": [8, 6, 1],
        "bundled": False,
    }
    assert not {"half-trained", "broken"} & set(listed)


def test_facts_of_a_model(client: TestClient, runs: WriteRun) -> None:
    runs("a")
    facts = client.get("/live/models/a").json()
    assert facts["name"] == "a"
    assert facts["image_shape"] == [8, 6, 1]
    assert len(facts["kl"]) == len(facts["active"]) == 2
    assert np.array(facts["quantiles"]).shape == (2, 7)
    assert {"pca", "raw"} <= set(facts["maps"])


def test_codes_and_their_places_on_a_map(client: TestClient, runs: WriteRun) -> None:
    run = runs("a")
    codes = np.frombuffer(client.get("/live/models/a/codes").content, "<f4").reshape(-1, 2)
    assert np.array_equal(codes, run.codes().mu)
    places = client.get("/live/models/a/map?map=raw").content
    np.testing.assert_allclose(np.frombuffer(places, "<f4").reshape(-1, 2), codes, rtol=1e-6)
    answer = client.get("/live/models/a/map?map=nonsense")
    assert answer.status_code == 404
    assert "nonsense" in answer.json()["error"]


def test_post_decodes_encodes_and_places(client: TestClient, runs: WriteRun) -> None:
    model = load_model(runs("a"))
    answer = client.post("/live/models/a/decode", content=pack_floats(Z), headers=OWN)
    images = np.frombuffer(answer.content, np.uint8).reshape(-1, 8, 6, 1)
    assert np.array_equal(images, decode_pixels(model, Z))
    answer = client.post("/live/models/a/encode", content=pack_pixels(images))
    posterior = np.frombuffer(answer.content, "<f4").reshape(-1, 2, 2)
    expected = np.stack(encode_pixels(model, images), axis=1)
    np.testing.assert_allclose(posterior, expected, rtol=1e-5, atol=1e-6)
    answer = client.post("/live/models/a/place?map=raw", content=pack_floats(Z))
    placed = np.frombuffer(answer.content, "<f4").reshape(-1, 3)
    np.testing.assert_allclose(placed[:, :2], Z, rtol=1e-6)
    assert ((placed[:, 2] >= 0) & (placed[:, 2] <= 1)).all()


@pytest.mark.parametrize("way", ["post", "socket"])
def test_a_place_is_continuous_or_exact_as_asked(
    client: TestClient, runs: WriteRun, way: str
) -> None:
    run = runs("a")
    assert fit_map(run, MapParams(perplexity=5)) is not None
    for name, query in (("tsne-p5", ""), ("tsne-p5", "&exact=0"), ("pca", "&exact=1")):
        answer = ask(client, way, f"/live/models/a/place?map={name}{query}", pack_floats(Z))
        assert answer == pack_floats(placement(run, name)(Z))
    exact = ask(client, way, "/live/models/a/place?map=tsne-p5&exact=1", pack_floats(Z))
    assert exact == pack_floats(exact_placement(run, "tsne-p5")(Z))
    assert exact != pack_floats(placement(run, "tsne-p5")(Z))
    for wrong in ("2", "", "true"):
        sentence = ask(client, way, f"/live/models/a/place?map=pca&exact={wrong}", pack_floats(Z))
        assert sentence == f"exact={wrong} came; 0 or 1 is allowed."


def ask(client: TestClient, way: str, path: str, payload: bytes) -> bytes | str:
    """The answer by POST or by WebSocket: bytes, or the sentence of a refusal."""
    if way == "post":
        answer = client.post(path, content=payload)
        return answer.content if answer.status_code == 200 else answer.json()["error"]
    with client.websocket_connect(path) as socket:
        socket.send_bytes(payload)
        message = socket.receive()
        return message.get("bytes") or json.loads(message["text"])["error"]


@pytest.mark.parametrize("way", ["post", "socket"])
def test_the_nearest_codes(client: TestClient, runs: WriteRun, way: str) -> None:
    codes = runs("a").codes().mu
    for query, k in (("", 1), ("?k=1", 1), ("?k=50", 50)):
        answer = ask(client, way, f"/live/models/a/nearest{query}", pack_floats(Z))
        assert isinstance(answer, bytes)
        found = np.frombuffer(answer, "<f4").reshape(2, k, 2)
        distances = np.linalg.norm(codes.astype(float) - Z[:, None], axis=2)
        assert np.array_equal(found[..., 0], distances.argsort(axis=1)[:, :k])
        np.testing.assert_allclose(found[..., 1], np.sort(distances, axis=1)[:, :k], rtol=1e-6)
    for query in ("?k=51", "?k=0", "?k=many", "?k=", "?k=-1"):
        sentence = ask(client, way, f"/live/models/a/nearest{query}", pack_floats(Z))
        assert sentence == f"{query[1:]} came; a whole number from 1 to 50 is allowed."
    sentence = ask(client, way, "/live/models/a/nearest", pack_floats(Z * 1e7))
    assert sentence == "z reaches 2e+07; its distance from codes is known up to 1e+06."
    assert "NaN" not in str(ask(client, way, "/live/models/a/nearest", pack_floats(Z * 1e5)))
    assert "7 bytes came" in str(ask(client, way, "/live/models/a/nearest", bytes(7)))


@pytest.mark.parametrize("way", ["post", "socket"])
def test_the_originals_of_rows(client: TestClient, tiny_run: Run, way: str) -> None:
    path = "/live/models/tiny/images"
    rows = np.array([299, 0, 0, 17])
    expected = load("digits", "test").images[rows]
    assert ask(client, way, path, pack_rows(rows)) == expected.tobytes()
    sentence = ask(client, way, path, pack_rows(np.array([1, 300])))
    assert sentence == "Row 300 was asked for; rows 0 to 299 are allowed."
    assert "1025 rows came" in str(ask(client, way, path, bytes(4 * 1025)))
    assert "6 bytes came" in str(ask(client, way, path, bytes(6)))


@pytest.mark.parametrize("way", ["post", "socket"])
def test_the_codes_of_rows(client: TestClient, tiny_run: Run, way: str) -> None:
    path = "/live/models/tiny/codes"
    rows = np.array([299, 0, 17])
    assert ask(client, way, path, pack_rows(rows)) == pack_floats(tiny_run.codes().mu[rows])
    sentence = ask(client, way, path, pack_rows(np.array([1, 300])))
    assert sentence == "Row 300 was asked for; rows 0 to 299 are allowed."
    assert len(client.get(path).content) == 4 * tiny_run.codes().mu.size


@pytest.mark.parametrize("way", ["post", "socket"])
def test_missing_originals_are_said_and_tried_again(
    client: TestClient, runs: WriteRun, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs("a")  # of 8 × 6 pixels, which the digits are not
    question = ("/live/models/a/images", pack_rows(np.array([0])))
    assert "do not belong to the data set 'digits'" in str(ask(client, way, *question))
    found = np.arange(48, dtype=np.uint8).reshape(1, 8, 6, 1)
    monkeypatch.setattr(service, "originals", lambda run: found)
    assert ask(client, way, *question) == found.tobytes()


def test_post_refuses_with_a_sentence_and_a_status(
    client: TestClient, runs: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs("a")

    def refusal(path: str, status: int, **options: object) -> str:
        answer = client.post(path, **options)  # type: ignore[arg-type]
        assert answer.status_code == status
        return answer.json()["error"]

    good = pack_floats(Z)
    assert "7 bytes came" in refusal("/live/models/a/decode", 400, content=bytes(7))
    assert "no model 'b'" in refusal("/live/models/b/decode", 404, content=good)
    assert "is no name" in refusal("/live/models/.a/decode", 404, content=good)
    assert "evil" in refusal("/live/models/a/decode", 403, content=good, headers=FOREIGN)
    assert "nowhere" in refusal("/live/models/a/place?map=nowhere", 400, content=good)
    most = 1024 * 48
    assert "1025 rows came" in refusal("/live/models/a/decode", 400, content=bytes(8 * 1025))
    assert str(most) in refusal("/live/models/a/decode", 413, content=bytes(most + 1))
    # Without a length in the header too, and before the whole body has been taken in.
    sent = []

    def endless() -> Iterator[bytes]:
        while len(sent) < 100:
            sent.append(1)
            yield bytes(most)

    assert str(most) in refusal("/live/models/a/decode", 413, content=endless())
    monkeypatch.setattr(protocol, "MAX_BYTES", 480)
    assert "allowed 480 bytes" in refusal("/live/models/a/encode", 413, content=bytes(481))


def test_a_socket_answers_errors_as_text_and_stays_usable(
    client: TestClient, runs: WriteRun
) -> None:
    model = load_model(runs("a"))
    with client.websocket_connect("/live/models/a/decode", headers=OWN) as socket:
        for send, came in [
            (lambda: socket.send_text("hello"), "A text frame came"),
            (lambda: socket.send_text(""), "A text frame came"),
            (lambda: socket.send_bytes(b""), "An empty frame came"),
            (lambda: socket.send_bytes(bytes(9)), "9 bytes came"),
            (lambda: socket.send_bytes(pack_floats(Z * np.nan)), "nan"),
            (lambda: socket.send_bytes(bytes(8 * 1025)), "1025 rows came"),
        ]:
            send()
            assert came in socket.receive_json()["error"]
            socket.send_bytes(pack_floats(Z))
            assert socket.receive_bytes() == decode_pixels(model, Z).tobytes()


@pytest.mark.parametrize("operation", [operation.__name__ for operation in OPERATIONS])
def test_a_socket_is_refused_before_it_is_accepted(
    client: TestClient, runs: WriteRun, operation: str
) -> None:
    runs("a")
    for name, headers, status in [("a", FOREIGN, 403), ("b", OWN, 404), (".a", {}, 404)]:
        with (
            pytest.raises(WebSocketDenialResponse) as caught,
            client.websocket_connect(f"/live/models/{name}/{operation}", headers=headers),
        ):
            pass
        assert caught.value.status_code == status
        assert caught.value.json()["error"]


@pytest.mark.parametrize(
    "path",
    ["", "/a", "/a/codes", "/a/map?map=pca", "/../plotly.min.js", "/../static/1/wire.js"],
)
def test_foreign_pages_read_nothing(client: TestClient, runs: WriteRun, path: str) -> None:
    runs("a")
    assert client.get(f"/live/models{path}").status_code == 200
    assert client.get(f"/live/models{path}", headers=FOREIGN).status_code == 403
    # As the source of an image: the page reads nothing, but the work would be done.
    answer = client.get(f"/live/models{path}", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "only its own pages may use the live channel" in answer.json()["error"]


def test_facts_of_a_model_whose_codes_are_points(client: TestClient, tiny_ae: Run) -> None:
    facts = client.get("/live/models/tiny-ae").json()
    assert (facts["posterior"], facts["kl"]) == ("point", None)
    assert len(facts["variances"]) == len(facts["active"]) == 5
    image = load("digits", "test").images[:1]
    answer = client.post("/live/models/tiny-ae/encode", content=pack_pixels(image)).content
    mean, logvar = np.frombuffer(answer, "<f4").reshape(2, 5)
    np.testing.assert_allclose(mean, encode_pixels(load_model(tiny_ae), image)[0][0], atol=1e-5)
    assert (logvar == -30).all()
    refused = client.get("/live/models/tiny-ae/values?by=kl")
    assert refused.status_code == 404
    assert "no number called 'kl'" in refused.json()["error"]
