"""What each process does that the tests of several processes start.

python tests/ranks.py steps FOLDER      first steps and short trainings, each kept in FOLDER
python tests/ranks.py train NAME …      as python -m vae, with checkpoints every tenth of a second
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent.parent))

from vae import learning
from vae.__main__ import main
from vae.checkpoints import save_training_state
from vae.config import Config
from vae.distributed import answer, meet, seat
from vae.optimizer import make_optimizer
from vae.presets import make_config
from vae.step import Stepper
from vae.team import Team
from vae.training import Progress, Trainer, build_model

WAYS: dict[str, dict[str, Any]] = {
    "elbo": {},
    "clipped": {"clip_norm": 1.0, "beta": 2.0},
    "convolutional": {"preset": "conv-16"},
    "augmented": {"rotate": 20.0, "flip": True},
    "denoising": {"preset": "denoising-ae"},
    "frozen": {"start_from": "teacher", "freeze": "encoder"},
    "aevb": {"objective": "aevb", "gamma": 0.5},
    "iwae": {"objective": "iwae", "samples": 3},
    # 0.0115 nats there: between the KL of one share and that of the other
    "capacity": {"objective": "capacity", "capacity": 0.069, "gamma": 30.0},
    "total-correlation": {"objective": "beta-tcvae", "beta": 4.0},
    "wae": {"objective": "wae-mmd"},
    "info": {"objective": "info-vae", "alpha": 0.5},
}
SIZES = (12, 5, 1)  # even shares, uneven ones, and one process without any
STEPS = 150


def config_of(preset: str = "mlp-2d", **chosen: Any) -> Config:
    """A short training of a small model."""
    settings = {"epochs": 3, "batch_size": 7, "device": "cpu", "seed": 4, **chosen}
    return make_config(preset, "digits", (8, 8, 1), **settings)


def pictures(n: int) -> Tensor:
    """Random pictures, mostly dark: uint8 (n, 8, 8, 1), without what scikit-learn takes to load."""
    drawn = torch.rand(n, 8, 8, 1, generator=torch.Generator().manual_seed(n))
    return (255 * drawn**3).to(torch.uint8)


def first_step(config: Config, size: int, team: Team | None) -> dict[str, Tensor]:
    """Gradients of the first step on ``size`` images, and the sums of its terms."""
    images = pictures(size)
    model = build_model(config).train()
    optimizer = make_optimizer(model, config)
    sums = Stepper(config, model, optimizer, STEPS, team)(images, 0, 0, 0.5)
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {**found, "sums": sums if team is None else team.total(sums)}


def short_training(team: Team | None) -> tuple[Trainer, list[Progress]]:
    """Three epochs of 148 images, 7 at a time: the last batch is one image."""
    # Negatives: as a model learns it gets worse at them, so that a plateau is sure to come.
    train, validation = pictures(148), 255 - pictures(33)
    config = config_of(lr_schedule="plateau", lr_patience=1, lr=0.01, noise="masking")
    trainer = Trainer(config, train, validation, team=team)
    return trainer, [point for point in trainer.run() if point is not None]


def _steps(folder: Path) -> None:
    torch.set_num_threads(1)
    own = seat()
    assert own is not None
    team = meet(config_of(), lambda: None) if own.rank == 0 else answer(own)[0]
    assert team is not None
    found = {
        (way, size): first_step(config_of(**chosen), size, team)
        for way, chosen in WAYS.items()
        for size in SIZES
    }
    trainer, points = short_training(team)
    torch.save((found, points), folder / f"{own.rank}.pt")
    save_training_state(folder / f"{own.rank}.safetensors", trainer.state())
    team.leave()


if __name__ == "__main__":
    if sys.argv[1] == "steps":
        _steps(Path(sys.argv[2]))
    else:
        learning._CHECKPOINT_SECONDS = 0.1
        learning._CHECKPOINT_SHARE = 1
        sys.exit(main())
