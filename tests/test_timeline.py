"""Timelines from elsewhere: what does not fit is refused, what goes out comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.test_archive import npz, pack, unpacked
from vae.archive import export_run, import_archive
from vae.errors import VaeError
from vae.files import load_npz, save_npz
from vae.runs import Run
from vae.timeline import (
    exported_files,
    moment_path,
    moments,
    nearest_openable,
    read_moment,
    read_shown,
)


def _changed(path: Path, **arrays: Any) -> None:
    save_npz(path, **{**load_npz(path), **arrays})


def test_export_takes_pictures_and_codes_along_but_no_weights_of_snapshots(tiny_run: Run) -> None:
    files = unpacked(export_run(tiny_run))
    names = [name for name in files if name.startswith("timeline/")]
    assert names == [f"timeline/{path.name}" for path in exported_files(tiny_run)]
    copy = import_archive(pack(files), "copy")
    assert moments(copy) == moments(tiny_run)
    for images in moments(copy):
        one, two = read_moment(copy, images), read_moment(tiny_run, images)
        np.testing.assert_array_equal(one.codes, two.codes)
        np.testing.assert_array_equal(one.samples, two.samples)
    assert nearest_openable(copy, 0) is None
    assert export_run(tiny_run) == export_run(tiny_run)


IMAGES = np.zeros((16, 8, 8, 1), np.uint8)
WRONG: dict[str, tuple[Callable[[int], dict[str, Any]], str]] = {
    "pictures of another shape": (lambda n: {"samples": IMAGES[:, 1:]}, "holds samples as uint8"),
    "pictures as floats": (lambda n: {"samples": IMAGES / 2}, "holds samples as float64"),
    "too many pictures": (lambda n: {"samples": IMAGES.repeat(2, axis=0)}, "1 to 16"),
    "codes of three dimensions": (lambda n: {"codes": np.zeros((n, 3))}, "codes of shape"),
    "codes of fewer images": (lambda n: {"codes": np.zeros((n - 1, 2))}, "codes of shape"),
    "codes of nan": (lambda n: {"codes": np.full((n, 2), np.nan)}, "not finite"),
    "pickled codes": (lambda n: {"codes": np.array([{}] * n)}, "not a readable .npz"),
    "one term": (lambda n: {"terms": np.zeros(1)}, "two numbers of nats"),
    "infinite terms": (lambda n: {"terms": np.array([np.inf, 0])}, "two numbers of nats"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_snapshot_that_does_not_fit_is_refused(tiny_run: Run, case: str) -> None:
    make, sentence = WRONG[case]
    images = moments(tiny_run)[3]
    files = unpacked(export_run(tiny_run))
    arrays = load_npz(moment_path(tiny_run, images)) | make(len(read_shown(tiny_run).labels))
    raw = files[f"timeline/{images:012d}.npz"] = npz(**arrays)
    with pytest.raises(VaeError, match=sentence):
        import_archive(pack(files), "copy")
    moment_path(tiny_run, images).write_bytes(raw)
    with pytest.raises(VaeError, match=sentence):
        read_moment(tiny_run, images)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"labels": np.full(9, -1)}, "what the snapshots are of"),
        ({"labels": np.zeros(1001, int)}, "what the snapshots are of"),
        ({"count": np.array(0)}, "what the snapshots are of"),
        ({"noisy": IMAGES[:3]}, "what the snapshots are of"),
        ({"originals": IMAGES[:0]}, "holds originals"),
    ],
)
def test_what_they_are_of_is_checked(tiny_run: Run, arrays: dict, sentence: str) -> None:
    _changed(tiny_run.path / "timeline" / "shown.npz", **arrays)
    with pytest.raises(VaeError, match=sentence):
        read_shown(tiny_run)


def test_a_zip_with_parts_of_a_timeline_or_far_too_much_is_refused(tiny_run: Run) -> None:
    files = unpacked(export_run(tiny_run))
    first = files.pop("timeline/shown.npz")
    with pytest.raises(VaeError, match=r"without timeline/shown.npz"):
        import_archive(pack(files), "copy")
    files["timeline/shown.npz"] = first
    one = files[f"timeline/{0:012d}.npz"]
    many = {f"timeline/{i:012d}.npz": one for i in range(1000, 1100)}
    with pytest.raises(VaeError, match="snapshots; allowed are 80"):
        import_archive(pack(files | many), "copy")
    with pytest.raises(VaeError, match="no part of an exported model"):
        import_archive(pack(files | {"timeline/000000000000.safetensors": b"x"}), "copy")
    fewer = npz(**(load_npz(moment_path(tiny_run, 0)) | {"reconstructions": IMAGES[:2]}))
    with pytest.raises(VaeError, match="2 reconstructions of 16 images"):
        import_archive(pack(files | {f"timeline/{0:012d}.npz": fewer}), "copy")


def test_a_run_without_a_timeline_says_so() -> None:
    from vae.runs import find_run

    with pytest.raises(VaeError, match="has no snapshots"):
        read_shown(find_run("mnist-2d"))
