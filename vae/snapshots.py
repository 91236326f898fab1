"""Snapshots of a model while it learns: what it makes of the same images, ever further apart.

Learning is quick at first and slow later, so the snapshots of a timeline follow a geometric
schedule of steps: before the first, after 1, 2, 3, …, each about 25 % later than the one before,
and at the end. When they are due depends on the configuration alone: a resumed run takes the same.
"""

from __future__ import annotations

import io
import math
import re
from pathlib import Path

import numpy as np

from vae.checkpoints import save_weights
from vae.datasets import Split
from vae.files import make_folder, remove_file, save_npz, write_atomic
from vae.inference import encode_pixels, image_terms, reconstruct, sample_prior, spoil
from vae.timeline import CODES, MOMENTS, PICTURES, SHOWN, TIMELINE
from vae.training import Trainer

GROWTH = 1.25
WEIGHT_BYTES = 64 << 20  # of all snapshots' weights in a run; of large models only some are kept
_PICTURE_BYTES = 256 << 10  # of one kind, in one snapshot
_FEWEST_CODES, _CODES_SHARE = 200, 0.03


def due_steps(steps: int) -> list[int]:
    """The gradient steps after which a snapshot is due, in a training of ``steps``: 0 first, the
    last step last, between them a geometric row; fewer than :data:`vae.timeline.MOMENTS`.
    """
    growth = max(GROWTH, steps ** (1 / (MOMENTS - 4)))
    powers = range(math.ceil(math.log(max(1, steps)) / math.log(growth)))
    return sorted({0, steps, *(min(steps, round(growth**power)) for power in powers)})


def due_images(trainer: Trainer) -> list[int]:
    """How many images are seen when a snapshot is due."""
    training, count, per_epoch = trainer.config.training, len(trainer.train_images), trainer.steps
    return [
        step // per_epoch * count + min(count, step % per_epoch * training.batch_size)
        for step in due_steps(per_epoch * training.epochs)
    ]


def with_weights(moments: list[int], weight_bytes: int) -> frozenset[int]:
    """Of which of the ``moments`` weights are kept: all, or, evenly thinned and the last with them,
    as many as :data:`WEIGHT_BYTES` allows.
    """
    room = min(len(moments), WEIGHT_BYTES // max(1, weight_bytes))
    if room <= 1:
        return frozenset(moments[-1:][:room])
    rows = np.linspace(0, len(moments) - 1, room).round().astype(int)
    return frozenset(moments[row] for row in rows)


class Snapshots:
    """Takes the snapshots of a timeline when they are due: at the halts of the trainer.

    Those of a former process that come after the checkpoint from which this one goes on are
    removed: they are taken again.
    """

    def __init__(self, folder: Path, trainer: Trainer, validation: Split) -> None:
        training, count = trainer.config.training, len(trainer.train_images)
        self._folder, self._trainer = folder / TIMELINE, trainer
        due = sorted(trainer.halts)
        n = _codes_number(training.epochs * count, len(due), trainer.config.model.latent_dim)
        self._coded = validation.images[:n]
        self._originals = validation.images[: _pictures_number(trainer.config.model.image_shape)]
        self._seen = spoil(self._originals, training.noise, training.noise_level)
        size = sum(value.nbytes for value in trainer.model.state_dict().values())
        self._kept = with_weights(due, size)
        make_folder(self._folder)
        for path in self._folder.glob("*"):
            images = re.fullmatch(r"([0-9]{12})[.][a-z]+", path.name)
            if images and not self._stays(int(images[1])):
                remove_file(path)
        noisy = {} if training.noise == "none" else {"noisy": self._seen}
        labels = validation.labels[:n].astype(np.int16)
        shown = {"originals": self._originals, "labels": labels, "count": np.array(count), **noisy}
        save_npz(self._folder / SHOWN, **shown)

    def _stays(self, images: int) -> bool:
        return images in self._trainer.halts and images <= self._trainer.images

    def take_when_due(self) -> None:
        """Take one if it is due at this very step."""
        if self._trainer.images in self._trainer.halts:
            self.take()

    def take(self) -> None:
        """Take one now, if it is not there."""
        images = self._trainer.images
        path = self._folder / f"{images:012d}.npz"
        if path.is_file():
            return
        arrays = self._arrays()
        # A model that has just burst has no codes: the next point of the curves tells of it.
        if not (np.isfinite(arrays["codes"]).all() and np.isfinite(arrays["terms"][0])):
            return
        if images in self._kept or images not in self._trainer.halts:
            save_weights(self._trainer.model, path.with_suffix(".safetensors"), durable=False)
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]  # compressing takes longer than all else
        write_atomic(path, buffer.getvalue(), durable=False)

    def _arrays(self) -> dict[str, np.ndarray]:
        model = self._trainer.model.train()  # nothing is computed otherwise then, but faster
        terms = image_terms(model, self._originals, seen=self._seen)
        names = ("reconstruction", "kl")
        means = [terms[name].mean() if name in terms else math.nan for name in names]
        with np.errstate(over="ignore"):  # what is too large for it counts as infinite
            codes = encode_pixels(model, self._coded)[0].astype(np.float16)
        return {
            "reconstructions": reconstruct(model, self._seen),
            "samples": sample_prior(model, len(self._originals), seed=0),
            "codes": codes,
            "terms": np.array(means, np.float32),
        }


def _codes_number(images: int, moments: int, latent_dim: int) -> int:
    """How many codes a snapshot has: up to a thousand, fewer of a short training, which would else
    spend its time on them, and fewer of many dimensions.
    """
    affordable = max(_FEWEST_CODES, int(_CODES_SHARE * images / moments))
    return min(CODES, affordable, max(100, (1 << 17) // latent_dim))


def _pictures_number(shape: tuple[int, int, int]) -> int:
    """How many pictures of a kind a snapshot has: fewer where they are large."""
    return max(2, min(PICTURES, _PICTURE_BYTES // math.prod(shape)))


def save_pictures(folder: Path, trainer: Trainer, originals: np.ndarray) -> None:
    """Pictures of the end of an epoch for who watches: the same originals, the same draws.

    Where the encoder is given spoiled images, these too, and what is made of them.
    """
    model, training = trainer.model.eval(), trainer.config.training
    seen = spoil(originals, training.noise, training.noise_level)
    save_npz(
        folder / "snapshots" / f"{trainer.epoch:06d}.npz",
        originals=originals,
        reconstructions=reconstruct(model, seen),
        samples=sample_prior(model, PICTURES, seed=0),
        **({} if training.noise == "none" else {"noisy": seen}),
    )
