"""Export and import: what goes out comes back, and nothing else gets in."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from vae import archive_checks
from vae.archive import export_run, import_archive
from vae.errors import VaeError
from vae.map_params import MapParams
from vae.map_worker import run_map
from vae.maps import load_map, stored_frames, stored_maps
from vae.runs import Run, find_run, load_model

Files = dict[str, bytes]


def pack(files: Files, comment: str = "tiny") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment.encode()
        for name, raw in files.items():
            archive.writestr(name, raw)
    return buffer.getvalue()


def unpacked(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def npy_header(shape: str) -> bytes:
    """The beginning of an array of any shape, and nothing behind it."""
    words = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".ljust(99) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(words)) + words.encode()


def leftovers(runs_folder: Path) -> list[str]:
    """Everything under the runs folder beside the model that was there before."""
    return [path.name for path in runs_folder.iterdir() if path.name != "tiny"]


@pytest.fixture
def files(tiny_run: Run) -> Files:
    return unpacked(export_run(tiny_run))


def changed(raw: bytes, *path: str, value: Any) -> bytes:
    """JSON with one entry replaced."""
    whole = inner = json.loads(raw)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(whole).encode()


def test_a_round_trip_keeps_every_bit(tiny_run: Run, runs_folder: Path) -> None:
    run_map(tiny_run, MapParams(points=60, perplexity=5))
    data = export_run(tiny_run)
    assert data == export_run(tiny_run)
    copy = import_archive(data, "copy")
    assert find_run("copy") == copy
    assert copy.config == tiny_run.config
    assert copy.status["state"] == "done"
    before, after = (load_model(run).state_dict() for run in (tiny_run, copy))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    for name in ("weights.safetensors", "codes.npz", "evaluation.json", "metrics.jsonl"):
        assert (copy.path / name).read_bytes() == (tiny_run.path / name).read_bytes()
    (map_id,) = stored_maps(copy)
    np.testing.assert_array_equal(load_map(copy, map_id).coords, load_map(tiny_run, map_id).coords)
    frames = [stored_frames(run, map_id).coords for run in (copy, tiny_run)]
    np.testing.assert_array_equal(*frames)
    assert sorted(leftovers(runs_folder)) == ["copy"]
    assert "# copy\n" in (copy.path / "card.md").read_text()


def test_it_keeps_its_name_where_that_is_free(tiny_run: Run, runs_folder: Path) -> None:
    data = export_run(tiny_run)
    tiny_run.path.rename(runs_folder / "elsewhere")
    assert import_archive(data).name == "tiny"


def test_the_status_is_reduced_to_plain_facts(tiny_run: Run, files: Files) -> None:
    files["status.json"] = json.dumps(
        {
            "state": "running",
            "pid": 1,
            "error": "boo",
            "seconds": 3.5,
            "finished": "![](http://example.org/pixel.png)",
            "versions": {"torch": "2.15.0", "x": "`"},
        }
    ).encode()
    files["card.md"] = b"![](http://example.org/pixel.png)"
    run = import_archive(pack(files), "copy")
    assert json.loads((run.path / "status.json").read_text()) == {
        "state": "done",
        "versions": {"torch": "2.15.0"},
        "seconds": 3.5,
    }
    assert "http" not in (run.path / "card.md").read_text()


@pytest.mark.parametrize("state", ["cancelled", "paused", "running", "queued", "failed"])
def test_a_stopped_run_stays_stopped(tiny_run: Run, files: Files, state: str) -> None:
    """Also one that had gone on since its weights were written: it has not seen all epochs."""
    status = {"state": state, "epoch": 1.5, "epochs": 3, "waiting": 2, "pid": 1, "stage": "x"}
    files["status.json"] = json.dumps(status).encode()
    run = import_archive(pack(files), "copy")
    assert run.status["state"] == "cancelled"
    assert "| epochs | 1.5 of 3 (stopped) |" in (run.path / "card.md").read_text()


def test_codes_and_evaluation_are_computed_where_they_are_missing(
    tiny_run: Run, files: Files
) -> None:
    del files["codes.npz"], files["evaluation.json"]
    run = import_archive(pack(files), "copy")
    np.testing.assert_array_equal(run.codes().mu, tiny_run.codes().mu)
    assert run.evaluation == tiny_run.evaluation


def test_without_data_a_model_needs_its_codes(
    tiny_run: Run, files: Files, runs_folder: Path
) -> None:
    files["config.json"] = changed(files["config.json"], "training", "dataset", value="my-faces")
    del files["evaluation.json"]
    assert import_archive(pack(files), "copy").evaluation is None
    del files["codes.npz"]
    with pytest.raises(VaeError, match=r"lacks codes.npz, and the data set 'my-faces'"):
        import_archive(pack(files), "another")
    assert leftovers(runs_folder) == ["copy"]


def _drop(name: str) -> Callable[[Files], None]:
    return lambda files: files.__delitem__(name)


def _put(name: str, raw: bytes) -> Callable[[Files], None]:
    return lambda files: files.__setitem__(name, raw)


def _json(name: str, *path: str, value: Any) -> Callable[[Files], None]:
    return lambda files: files.__setitem__(name, changed(files[name], *path, value=value))


def _weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Files], None]:
    def apply(files: Files) -> None:
        tensors = load(files["weights.safetensors"])
        change(tensors)
        files["weights.safetensors"] = save(tensors)

    return apply


def _codes(**arrays: Any) -> Callable[[Files], None]:
    whole = {
        "mu": np.zeros((4, 2), np.float32),
        "logvar": np.zeros((4, 2), np.float32),
        "labels": np.zeros(4, np.int64),
        "indices": np.arange(4),
    }
    return _put("codes.npz", npz(**(whole | arrays)))


def _first(tensors: dict[str, torch.Tensor]) -> str:
    return sorted(tensors)[0]


FOREIGN = save({"layer.weight": torch.zeros(2)})
POINT = b'{"split": "train", "epoch": 1, "images": 9, "reconstruction": 1, "kl": "2", "loss": 3}'
BROKEN: dict[str, tuple[Callable[[Files], None], str]] = {
    "parent folder": (_put("../evil.txt", b""), r"'\.\./evil.txt', which may lead out"),
    "inner parent": (_put("maps/../../evil", b""), "may lead out of its folder"),
    "absolute": (_put("/etc/passwd", b""), "may lead out of its folder"),
    "backslash": (_put("..\\evil.txt", b""), "may lead out of its folder"),
    "drive": (_put("C:evil.txt", b""), "may lead out of its folder"),
    "foreign file": (_put("virus.exe", b""), "'virus.exe', which is no part of an exported model"),
    "foreign map": (_put("maps/a.pkl", b""), "'maps/a.pkl', which is no part"),
    "no config": (_drop("config.json"), "The zip lacks config.json"),
    "no weights": (_drop("weights.safetensors"), "The zip lacks weights.safetensors"),
    "garbled config": (_put("config.json", b'{"model": '), "config.json is not valid JSON"),
    "deep config": (_put("config.json", b"[" * 100_000), "config.json is not valid JSON"),
    "empty config": (_put("config.json", b"{}"), "config.json lacks the entry 'preset'"),
    "impossible config": (
        _json("config.json", "model", "latent_dim", value=-2),
        "latent_dim is -2, but allowed is: 1 to 1024",
    ),
    "words as data set": (
        _json("config.json", "training", "dataset", value="`![](http://x)"),
        "which is no name",
    ),
    "words as the model that it started from": (
        _json("config.json", "training", "start_from", value="x; rm -rf ~"),
        "which is no name",
    ),
    "another shape": (
        _json("config.json", "model", "latent_dim", value=3),
        r"came as .*, but this configuration needs",
    ),
    "huge shape": (
        _json("config.json", "model", "widths", value=[8192] * 8),
        "it does not belong to this configuration",
    ),
    "foreign weights": (_put("weights.safetensors", FOREIGN), "weights.safetensors (holds|lacks)"),
    "no safetensors": (_put("weights.safetensors", b"\x80\x04pickle"), "truncated or foreign"),
    "truncated weights": (
        lambda files: files.update({"weights.safetensors": files["weights.safetensors"][:-100]}),
        "weights.safetensors is truncated or foreign",
    ),
    "infinite weights": (
        _weights(lambda t: t[_first(t)].fill_(torch.inf)),
        "values that are not finite",
    ),
    "other type": (
        _weights(lambda t: t.update({_first(t): t[_first(t)].double()})),
        "float64, but this configuration needs .* torch.float32",
    ),
    "codes of 3 dimensions": (
        _codes(mu=np.zeros((4, 3)), logvar=np.zeros((4, 3))),
        "codes of 3 dimensions; config.json says 2",
    ),
    "pickled codes": (_codes(labels=np.array([{}] * 4)), "codes.npz is not a readable .npz"),
    "no codes": (_put("codes.npz", b"PK nonsense"), "codes.npz is not a readable .npz"),
    "lying codes": (
        _put(
            "codes.npz",
            pack({"mu.npy": npy_header(shape="(99999999999999, 2)")}),
        ),
        "codes.npz is not a readable .npz",
    ),
    "codes that are nan": (_codes(mu=np.full((4, 2), np.nan)), "not finite"),
    "boundless variance": (_codes(logvar=np.full((4, 2), 1e9)), "of a code's size"),
    "negative labels": (_codes(labels=np.full(4, -1)), "labels outside 0 to 999"),
    "labels in a table": (_codes(labels=np.zeros((4, 2))), "shapes disagree"),
    "evaluation": (
        _json("evaluation.json", "elbo", value="good"),
        "evaluation.json does not hold the figures of a model of 2 dimensions",
    ),
    "metrics": (_put("metrics.jsonl", POINT), "metrics.jsonl, line 1, is not a point"),
    "half a map": (_put("maps/tsne.json", b"{}"), "a map is two files"),
    "a map of no name": (_put("maps/tsnefoo.json", b"{}"), "no part of an exported model"),
    "a map of no record": (
        lambda files: files.update(
            {"maps/tsne.npz": npz(coords=np.zeros((4, 2))), "maps/tsne.json": b'{"quality": 7}'}
        ),
        "maps/tsne.json is not the record of a t-SNE or UMAP map of 4 points",
    ),
    "a map beyond bounds": (
        lambda files: files.update(
            {"maps/tsne.npz": npz(coords=np.full((4, 2), 1e308)), "maps/tsne.json": b"{}"}
        ),
        "of a map's size",
    ),
    "a map of more points than codes": (
        lambda files: files.update(
            {"maps/tsne.npz": npz(coords=np.zeros((400, 2))), "maps/tsne.json": b"{}"}
        ),
        "400 places for 300 codes",
    ),
    "frames without a map": (_put("maps/tsne.frames.npz", b"PK"), "a map is two files"),
    "frames of more points than the map": (
        lambda files: files.update(
            {
                "maps/tsne.frames.npz": npz(
                    iterations=np.zeros(1, np.int32),
                    kl=np.zeros(1, np.float32),
                    boxes=np.zeros((1, 4), np.float32),
                    coords=np.zeros((1, 9, 2), np.uint16),
                ),
                "maps/tsne.npz": npz(coords=np.zeros((4, 2))),
                "maps/tsne.json": b"{}",
            }
        ),
        "does not hold 1 to 64 frames of 4 places",
    ),
    "frames of pickles": (
        lambda files: files.update(
            {
                "maps/tsne.frames.npz": npz(coords=np.array([{}])),
                "maps/tsne.npz": npz(coords=np.zeros((4, 2))),
                "maps/tsne.json": b"{}",
            }
        ),
        "maps/tsne.frames.npz is not a readable .npz",
    ),
    "map of pickles": (
        lambda files: files.update(
            {"maps/tsne.npz": npz(coords=np.array([{}])), "maps/tsne.json": b"{}"}
        ),
        "maps/tsne.npz is not a readable .npz",
    ),
    "map in space": (
        lambda files: files.update(
            {"maps/tsne.npz": npz(coords=np.zeros((4, 3))), "maps/tsne.json": b"{}"}
        ),
        "holds no places in the plane",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    tiny_run: Run, files: Files, runs_folder: Path, case: str
) -> None:
    spoil, sentence = BROKEN[case]
    import_archive(pack(files), "control")  # the same zip is fine before it is spoilt
    spoil(files)
    with pytest.raises(VaeError, match=sentence) as caught:
        import_archive(pack(files), "copy")
    assert "\n" not in str(caught.value)
    assert leftovers(runs_folder) == ["control"]


def test_what_is_no_zip_is_refused(tiny_run: Run, runs_folder: Path) -> None:
    whole = export_run(tiny_run)
    weights = (tiny_run.path / "weights.safetensors").read_bytes()
    for data, sentence in (
        (b"", "This is not a zip"),
        (weights, "config.json and weights.safetensors together"),
        (whole[: len(whole) // 2], "not a whole zip"),
        (whole[:1000] + bytes(100) + whole[1100:], "not a whole zip|truncated|not finite|JSON"),
    ):
        with pytest.raises(VaeError, match=sentence):
            import_archive(data, "copy")
    assert leftovers(runs_folder) == []


def test_links_are_refused(tiny_run: Run, files: Files, runs_folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, raw in files.items():
            entry = zipfile.ZipInfo(name)
            if name == "config.json":
                entry.external_attr, raw = (stat.S_IFLNK | 0o777) << 16, b"/etc/passwd"
            archive.writestr(entry, raw)
    with pytest.raises(VaeError, match=r"'config.json' as a link"):
        import_archive(buffer.getvalue(), "copy")
    assert leftovers(runs_folder) == []


def test_double_names_are_refused(tiny_run: Run, files: Files, runs_folder: Path) -> None:
    buffer = io.BytesIO(pack(files))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", files["config.json"])
    with pytest.raises(VaeError, match=r"holds 'config.json' twice"):
        import_archive(buffer.getvalue(), "copy")
    assert leftovers(runs_folder) == []


def test_encrypted_files_are_refused(tiny_run: Run, files: Files, runs_folder: Path) -> None:
    data = bytearray(pack(files))
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1  # the flag that says so
    with pytest.raises(VaeError, match=r"'config.json' encrypted"):
        import_archive(bytes(data), "copy")
    assert leftovers(runs_folder) == []


def test_a_bomb_is_not_unpacked(
    tiny_run: Run, files: Files, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = pack({"config.json": bytes(50 << 20)})
    assert len(bomb) < 100_000
    with pytest.raises(VaeError, match=r"config.json is larger than the 1 MiB"):
        import_archive(bomb, "copy")
    # A bomb within the bomb: the inner zip is small, what it unpacks to is not.
    monkeypatch.setitem(archive_checks.LIMITS, "codes.npz", 1 << 20)
    files["codes.npz"] = npz(mu=np.zeros((1 << 20, 2), np.float32))
    with pytest.raises(VaeError, match="larger than the 1 MiB"):
        import_archive(pack(files), "copy")
    assert leftovers(runs_folder) == []


def test_the_sum_is_bounded(
    tiny_run: Run, files: Files, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vae.archive.TOTAL_LIMIT", 1 << 16)
    with pytest.raises(VaeError, match="unpacks to more than the 0 MiB allowed in sum"):
        import_archive(pack(files), "copy")
    assert leftovers(runs_folder) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("tiny", "There is already a model named 'tiny'"),
        ("../tiny2", "is no name for a model"),
        (".hidden", "is no name for a model"),
        ("", "is no name for a model"),
        (None, "There is already a model named 'tiny'"),
    ],
)
def test_names_are_checked(
    tiny_run: Run, runs_folder: Path, name: str | None, sentence: str
) -> None:
    with pytest.raises(VaeError, match=sentence):
        import_archive(export_run(tiny_run), name)
    assert leftovers(runs_folder) == []


def test_a_zip_packed_anew_needs_a_name(files: Files) -> None:
    with pytest.raises(VaeError, match="give it a name"):
        import_archive(pack(files, comment=""))


def test_a_disk_error_leaves_nothing(
    tiny_run: Run, files: Files, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes | str) -> None:
        raise VaeError(f"Could not write {path}: the disk is full.")

    monkeypatch.setattr("vae.archive.write_atomic", full)
    with pytest.raises(VaeError, match="the disk is full"):
        import_archive(pack(files), "copy")
    assert leftovers(runs_folder) == []


def test_random_damage_never_escapes_as_another_error(tiny_run: Run, runs_folder: Path) -> None:
    """Any byte may be wrong: the answer is a model or one sentence."""
    whole = export_run(tiny_run)
    rng = np.random.default_rng(0)
    refused = 0
    for trial in range(150):
        data = bytearray(whole)
        # Most of the bytes are weights; the structure is at the end.
        start = rng.integers(len(data)) if trial % 3 == 0 else len(data) - rng.integers(900) - 1
        for place in rng.integers(start, len(data), 3):
            data[place] = rng.integers(256)
        try:
            run = import_archive(bytes(data), f"copy{trial}")
        except VaeError:
            refused += 1
        else:
            load_model(run)
            run.codes()
    assert refused > 50
    assert not [name for name in leftovers(runs_folder) if name.startswith(".")]


def test_what_cannot_be_opened_cannot_be_exported(tiny_run: Run) -> None:
    (tiny_run.path / "weights.safetensors").write_bytes(FOREIGN)
    with pytest.raises(VaeError, match=r"weights\.safetensors"):
        export_run(tiny_run)
    (tiny_run.path / "weights.safetensors").unlink()
    with pytest.raises(VaeError, match="cannot be exported before it has weights"):
        export_run(tiny_run)


def test_an_autoencoder_travels_with_its_figures(tiny_ae: Run) -> None:
    data = export_run(tiny_ae)
    assert import_archive(data, "copy").evaluation == tiny_ae.evaluation
    made = unpacked(data)
    made["evaluation.json"] = changed(made["evaluation.json"], "kl", value=3.0)
    with pytest.raises(VaeError, match="the figures of an autoencoder of 5 dimensions"):
        import_archive(pack(made), "other")


def test_a_vae_without_a_kl_is_refused(files: Files) -> None:
    files["evaluation.json"] = changed(files["evaluation.json"], "kl", value=None)
    with pytest.raises(VaeError, match="the figures of a model of 2 dimensions"):
        import_archive(pack(files), "other")
