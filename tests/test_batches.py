from __future__ import annotations

import threading
from itertools import islice

import numpy as np
import pytest
import torch

from vae import batches
from vae.batches import Resident, Streamed, pick, resident, streamed
from vae.datasets.idx import MappedImages
from vae.errors import VaeError

CPU = torch.device("cpu")
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
PIXELS = np.random.default_rng(0).integers(0, 256, (50, 4, 3, 2), np.uint8)


class Watched:
    """Images that note how many rows were asked for at once, by which thread, in which order."""

    def __init__(self, fail_at: int = -1) -> None:
        self.shape, self.dtype = PIXELS.shape, PIXELS.dtype
        self.asked: list[np.ndarray] = []
        self.threads: set[str] = set()
        self.fail_at = fail_at

    def __len__(self) -> int:
        return len(PIXELS)

    def __getitem__(self, rows) -> np.ndarray:
        self.asked.append(rows)
        self.threads.add(threading.current_thread().name)
        if len(self.asked) == self.fail_at:
            raise OSError("the disk is gone")
        return PIXELS[rows]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("size", "first"), [(8, 0), (8, 3), (7, 0), (50, 0), (64, 0), (8, 99)])
def test_both_give_the_same_batches_in_the_order_asked_for(device, size, first) -> None:
    order = torch.randperm(50, generator=torch.Generator().manual_seed(1))
    expected = [PIXELS[rows.numpy()] for rows in order.split(size)][first:]
    for kind in (resident, streamed):
        images = kind(PIXELS, torch.device(device))
        assert len(images) == 50
        assert images.shape == PIXELS.shape
        got = list(images.batches(order, size, first))
        assert [len(batch) for batch in got] == [len(batch) for batch in expected]
        for batch, wanted in zip(got, expected, strict=True):
            assert batch.dtype == torch.uint8
            assert batch.device.type == device
            np.testing.assert_array_equal(batch.cpu().numpy(), wanted)


def test_part_of_the_rows_and_rows_twice() -> None:
    order = torch.tensor([9, 3, 9, 0, 49])
    for kind in (resident, streamed):
        got = torch.cat(list(kind(PIXELS, CPU).batches(order, 2)))
        np.testing.assert_array_equal(got.numpy(), PIXELS[order.numpy()])
        assert list(kind(PIXELS, CPU).batches(order[:0], 2)) == []


def test_a_kept_batch_is_not_overwritten_by_later_ones() -> None:
    order = torch.arange(50)
    for kind in (resident, streamed):
        first, *_ = kind(PIXELS, CPU).batches(order, 10)
        np.testing.assert_array_equal(first.numpy(), PIXELS[:10])


def test_streaming_reads_only_the_next_batch_ahead_and_in_ascending_order() -> None:
    source = Watched()
    order = torch.randperm(50)
    images = streamed(source, CPU)
    assert source.asked == []
    coming = images.batches(order, 8)
    next(coming)
    list(islice(coming, 1))
    coming.close()  # training was stopped
    assert len(source.asked) <= 3
    for rows, part in zip(source.asked, order.split(8), strict=False):
        assert rows.tolist() == sorted(part.tolist())
    assert threading.current_thread().name not in source.threads
    assert not [t for t in threading.enumerate() if t.name.startswith("batches")]


def test_what_goes_wrong_while_reading_ahead_reaches_who_trains() -> None:
    source = Watched(fail_at=3)
    with pytest.raises(OSError, match="the disk is gone"):
        list(streamed(source, CPU).batches(torch.arange(50), 8))
    assert not [t for t in threading.enumerate() if t.name.startswith("batches")]


def test_a_file_larger_than_half_of_the_memory_streams(tmp_path, monkeypatch) -> None:
    path = tmp_path / "images"
    PIXELS.tofile(path)
    mapped = MappedImages(np.memmap(path, np.uint8, "r", shape=PIXELS.shape), np.arange(10, 40))
    size = 30 * 24
    order = torch.randperm(30)
    found = {}
    for free in (2 * size, 2 * size + 2, None):
        monkeypatch.setattr(batches, "free_memory", lambda device, free=free: free)
        found[free] = pick(mapped, CPU)
        got = torch.cat(list(found[free].batches(order, 7)))
        np.testing.assert_array_equal(got.numpy(), PIXELS[10:40][order.numpy()])
    assert [type(images) for images in found.values()] == [Streamed, Resident, Resident]
    assert isinstance(pick(mapped, CPU, "memory"), Resident)
    assert isinstance(pick(mapped, CPU, "stream"), Streamed)


def test_reading_whole_goes_in_parts(monkeypatch) -> None:
    monkeypatch.setattr(batches, "_MOVED_AT_ONCE", 24 * 7 + 5)
    source = Watched()
    np.testing.assert_array_equal(resident(source, CPU).images.numpy(), PIXELS)
    assert [rows.stop - rows.start for rows in source.asked] == [7] * 8


def test_read_only_arrays_and_tensors_are_taken(recwarn) -> None:
    pixels = PIXELS.copy()
    pixels.flags.writeable = False
    np.testing.assert_array_equal(resident(pixels, CPU).images.numpy(), PIXELS)
    next(streamed(pixels, CPU).batches(torch.arange(50), 5))
    assert not recwarn.list
    tensor = torch.from_numpy(PIXELS)
    assert pick(tensor, CPU, "stream").images is tensor  # in memory anyway


def test_other_things_than_images_are_told() -> None:
    for kind in (resident, streamed):
        with pytest.raises(VaeError, match=r"float32 of shape \(50, 4, 3, 2\); .* uint8"):
            kind(PIXELS.astype(np.float32), CPU)
        with pytest.raises(VaeError, match=r"shape \(50, 4, 3\)"):
            kind(PIXELS[..., 0], CPU)
    with pytest.raises(VaeError, match=r"torch.float32"):
        resident(torch.zeros(2, 4, 3, 1), CPU)


def test_free_memory_is_a_sensible_number_of_bytes(monkeypatch) -> None:
    free = batches.free_memory(CPU)
    assert free is None or 1 << 20 < free < 1 << 50
    files = {"meminfo": "MemTotal: 9000 kB\nMemAvailable: 3000 kB\n"}
    monkeypatch.setattr(batches, "_text", lambda path: files.get(path.name, ""))
    assert batches.free_memory(CPU) == 3_072_000
    files |= {"memory.max": "2048000\n", "memory.current": "0\n"}
    assert batches.free_memory(CPU) == 2_048_000
    files["memory.current"] = "1500000\n"
    assert batches.free_memory(CPU) == 548_000
    files["memory.stat"] = "anon 1000000\nfile 450000\ninactive_file 300000\nactive_file 100000\n"
    assert batches.free_memory(CPU) == 948_000  # the disk's cache makes room
    files["memory.current"] = "2500000\n"  # a limit that was lowered
    files["memory.stat"] = ""
    assert batches.free_memory(CPU) == 0
    files["memory.max"] = "max\n"
    assert batches.free_memory(CPU) == 3_072_000
