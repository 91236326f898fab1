"""The models that are being decoded live: loaded off the event loop, warmed, a few at a time."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
import scipy.linalg  # noqa: F401 — loads the library for its products, to be limited below
import torch
from threadpoolctl import threadpool_limits

from vae.errors import VaeError
from vae.inference import FARTHEST
from vae.latent.neighbours import nearest_codes
from vae.latent.statistics import facts
from vae.maps import exact_placement, list_maps, placement
from vae.originals import originals
from vae.runs import Run, find_run, load_model
from vae.serve.batching import Batcher, Forward, measure_limits
from vae.serve.device import forwards
from vae.serve.kept import Kept
from vae.serve.protocol import check_rows
from vae.serve.stamps import Stamp, stamp_of
from vae.serve.subpixel import faster_decoder
from vae.serve.threads import Workers, make_workers

CAPACITY = 8  # loaded models, a few MB each
# A model in use is compared with its files every second, while its frames go on being answered;
# one that nobody asked for lately is compared before it answers.
RECHECK_SECONDS, STALE_SECONDS = 1.0, 3.0

Made = TypeVar("Made")

log = logging.getLogger(__name__)


class LiveModel:
    """A loaded model with a batcher for each thing it can be asked.

    Attributes:
        decode: z (n, d) float32 -> pixels (n, H, W, C) uint8.
        encode: pixels (n, H, W, C) uint8 -> mean and log-variance (n, 2, d) float32.
        made: what live questions need, made at the first one.
        measured: figures and arrays of a page; they throw out nothing of ``made``, and do not
            hold it up.
    """

    def __init__(self, run: Run, stamp: Stamp, workers: Workers) -> None:
        self.run = run
        self.stamp = stamp
        self.checked = time.monotonic()
        self._workers = workers
        self.made = Kept(workers["make"])
        self.measured = Kept(workers["measure"], bounded=True)
        # channels_last: the same sums in another order, which convolutions on a CPU do faster
        model = load_model(run)
        model.decoder = faster_decoder(model.decoder)
        decode, encode = forwards(model.to(memory_format=torch.channels_last))
        self.decode = self._batcher("decode", decode, _blank_codes(run))
        blank_image = np.zeros((1, *run.config.model.image_shape), np.uint8)
        self.encode = self._batcher("encode", encode, blank_image)

    async def place(self, map_id: str, z: np.ndarray, exact: bool = False) -> np.ndarray:
        """Where codes (n, d) lie on a map: x, y and spread, (n, 3) float32; continuous, or
        ``exact``: where t-SNE puts them.

        Raises:
            VaeError: if the model has no such map, or z lies too far out for its distances to
                codes to be numbers.
        """
        _check_reach(z)
        task = "exact" if exact else "place"
        batcher = await self.made.once(f"{task} {map_id}", partial(self._placement, task, map_id))
        return await batcher(z)

    async def nearest(self, z: np.ndarray) -> np.ndarray:
        """The held-out codes nearest to each of (n, d): rows and distances, (n, K, 2) float32.

        Raises:
            VaeError: if the model has no codes, or z lies too far out.
        """
        _check_reach(z)
        batcher = await self.made.once("nearest", self._search)
        return await batcher(z)

    async def images(self, rows: np.ndarray) -> np.ndarray:
        """The held-out images that rows (n,) of the codes encode, (n, H, W, C) uint8.

        Raises:
            VaeError: if there is no such row, or the data set's files are not here.
        """
        images = await self.originals()
        check_rows(rows, len(images))
        return await asyncio.to_thread(images.__getitem__, rows)

    async def originals(self) -> np.ndarray:
        """All held-out images, (n, H, W, C) uint8; shared, not to be written to.

        Raises:
            VaeError: if the data set's files are not here.
        """
        return await self.made.once("images", partial(originals, self.run))

    async def facts(self) -> dict[str, Any]:
        """What ``GET /live/models/{name}`` answers: its statistics, and the maps it has by now."""
        statistics = await self.made.once("facts", partial(facts, self.run))
        return statistics | {"maps": await self.work("read", partial(list_maps, self.run))}

    async def work(self, task: str, function: Callable[[], Made]) -> Made:
        """What ``function`` gives, in a thread for this kind of work (:mod:`vae.serve.threads`)."""
        return await asyncio.get_running_loop().run_in_executor(self._workers[task], function)

    def _placement(self, task: str, map_id: str) -> Batcher:
        place = exact_placement if task == "exact" else placement
        return self._made_batcher(task, place(self.run, map_id))

    def _search(self) -> Batcher:
        return self._made_batcher("nearest", nearest_codes(self.run.codes().mu))

    def _made_batcher(self, task: str, forward: Forward) -> Batcher:
        # Timed in the thread that will do it: this one has stepped back, and is slower.
        batcher = partial(self._batcher, task, forward, _blank_codes(self.run))
        return self._workers[task].submit(batcher).result()

    def _batcher(self, task: str, forward: Forward, row: np.ndarray) -> Batcher:
        limits = measure_limits(forward, row)
        return Batcher(forward, f"{task} with {self.run.name!r}", self._workers[task], limits)


class LiveModels:
    """The loaded models by name; the one unused for longest goes when there are too many.

    Belongs to one event loop. ``get`` is cheap enough for every frame. Sets how many threads torch
    and NumPy use in this process.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        # Half the cores: the event loop, the pages and the browser need the rest.
        torch.set_num_threads(max(1, min(4, (os.cpu_count() or 1) // 2)))
        # One for NumPy's and SciPy's products: what is made for a question must not keep all cores
        # from the decoder. Set here, since SciPy's library heeds the main thread alone; left at
        # more, it warns at each call from scikit-learn's own threads.
        threadpool_limits(1, user_api="blas")
        self._capacity = capacity
        self._models: OrderedDict[str, LiveModel] = OrderedDict()
        self._loading: dict[str, asyncio.Task[LiveModel]] = {}
        self._workers = make_workers()

    async def get(self, name: str) -> LiveModel:
        """The model called ``name``, as its files are now or were :data:`STALE_SECONDS` ago.

        Raises:
            VaeError: if there is none, or it cannot be loaded.
        """
        model = self._models.get(name)
        age = math.inf if model is None else time.monotonic() - model.checked
        if model is None or age > STALE_SECONDS:
            task = self._refresh(name)
            await asyncio.wait([task])  # the first who asked may leave; the others still get it
            return task.result()
        if age > RECHECK_SECONDS:
            self._refresh(name)
        self._models.move_to_end(name)
        return model

    def _refresh(self, name: str) -> asyncio.Task[LiveModel]:
        """The task that checks or loads ``name``: one for all who ask at the same time."""
        if name not in self._loading:
            task = asyncio.create_task(self._load(name), name=f"live load {name}")
            self._loading[name] = task
            task.add_done_callback(partial(self._loaded, name))
        return self._loading[name]

    def _loaded(self, name: str, task: asyncio.Task[LiveModel]) -> None:
        del self._loading[name]
        if not task.cancelled() and isinstance(task.exception(), VaeError):
            # A sentence for who asked next; asyncio logs only exceptions that nobody looked at.
            self._models.pop(name, None)

    async def _load(self, name: str) -> LiveModel:
        loop, known = asyncio.get_running_loop(), self._models.get(name)
        model = await loop.run_in_executor(self._workers["open"], self._open, name, known)
        self._models[name] = model
        self._models.move_to_end(name)
        while len(self._models) > self._capacity:
            self._models.popitem(last=False)
        return model

    def _open(self, name: str, known: LiveModel | None) -> LiveModel:
        run = find_run(name)
        stamp = stamp_of(run)
        if known is not None and known.stamp == stamp:
            known.checked = time.monotonic()
            return known
        try:
            return LiveModel(run, stamp, self._workers)
        except VaeError:
            raise
        except Exception as error:  # no memory for it, or a bug: it is told to who asked
            sentence = f"The server could not load {name!r}: {type(error).__name__}: {error}"
            log.error("%s", sentence)
            raise VaeError(sentence) from error


def _check_reach(z: np.ndarray) -> None:
    if (reach := float(np.abs(z).max(initial=0.0))) > FARTHEST:
        raise VaeError(
            f"z reaches {reach:.3g}; its distance from codes is known up to {FARTHEST:g}."
        )


def _blank_codes(run: Run) -> np.ndarray:
    return np.zeros((1, run.config.model.latent_dim), np.float32)
