"""The loop: it learns, repeats itself bit for bit, and stops on a loss that is none."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from torch import Tensor

from vae.checkpoints import load_training_state, save_training_state
from vae.config import Config
from vae.datasets import load
from vae.errors import VaeError
from vae.inference import encode_pixels, to_float
from vae.objectives import TERMS, reconstruction_nll
from vae.presets import PRESETS, make_config
from vae.training import Progress, Trainer, build_model

Split = tuple[Tensor, Tensor]


def _images(dataset: str) -> Split:
    train, validation = (torch.tensor(load(dataset, s).images) for s in ("train", "validation"))
    return train, validation


@pytest.fixture(scope="module")
def digits() -> Split:
    return _images("digits")


@pytest.fixture(scope="module")
def few(digits: Split) -> Split:
    """As many as go through in a moment."""
    return digits[0][:200], digits[1][:50]


@pytest.fixture(scope="module")
def shapes() -> Split:
    return _images("shapes")


def _config(preset: str = "mlp-2d", **chosen: object) -> Config:
    return make_config(preset, "digits", (8, 8, 1), device="cpu", **{"epochs": 2, **chosen})


def _weights(trainer: Trainer) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}


def _same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def _points(trainer: Trainer) -> list[Progress]:
    return [point for point in trainer.run() if point is not None]


def _end(config: Config, images: Split, **more: object) -> Progress:
    return _points(Trainer(config, *images, **more))[-1]


@pytest.mark.parametrize("dataset", ["digits", "shapes"])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_learns_every_bundled_data_set(
    preset: str, dataset: str, request: pytest.FixtureRequest
) -> None:
    """In a few dozen steps it closes half of the gap, at least, between its untrained control and
    the best that can be done without a code: the mean of the training images for each.
    """
    train, validation = request.getfixturevalue(dataset)
    n, size = (640, 64) if dataset == "digits" else (256, 32)
    train, validation = train[:n], validation[:64]
    chosen = {"epochs": 4, "lr": 3e-3, "batch_size": size, "device": "cpu"}
    if preset == "linear-ae":
        chosen |= {"epochs": 15, "lr": None}
    config = make_config(preset, dataset, tuple(train.shape[1:]), **chosen)
    likelihood, x = config.model.likelihood, to_float(validation)
    mean = to_float(train).mean(0, keepdim=True)
    shown = torch.logit(mean, 1e-4) if likelihood == "bernoulli" else mean
    without_code = reconstruction_nll(shown.expand_as(x), x, likelihood).mean().item()

    trainer = Trainer(config, train, validation)
    control = trainer._validate(1).loss

    def learned(loss: float) -> bool:
        return loss < (control + without_code) / 2

    assert not learned(control)
    end = _points(trainer)[-1]
    assert end.split == "validation"
    assert tuple(end.terms) == TERMS[config.objective.objective]
    assert learned(end.loss)


@pytest.mark.parametrize("preset", ["conv-16", "mlp-400-20", "mlp-2d", "faces-100"])
def test_codes_are_used_in_the_end(preset: str, digits: Split) -> None:
    """−ELBO below what the mean image costs, KL included: the code pays for itself."""
    x, mean = to_float(digits[1]), to_float(digits[0]).mean(0, keepdim=True)
    without_code = reconstruction_nll(torch.logit(mean, 1e-4).expand_as(x), x, "bernoulli").mean()
    end = _end(_config(preset, epochs=12, batch_size=64, lr=3e-3), digits)
    assert end.terms["kl"] > 1
    assert end.terms["reconstruction"] + end.terms["kl"] < without_code.item() - 0.5


def test_linear_autoencoder_spans_the_subspace_of_pca(digits: Split) -> None:
    trainer = Trainer(make_config("linear-ae", "digits", (8, 8, 1), device="cpu"), *digits)

    def largest_angle() -> float:
        columns = trainer.model.decoder[0].weight.detach().numpy()  # (64, 10)
        return np.degrees(subspace_angles(columns, principal.T)).max()

    flat = digits[0].numpy().reshape(len(digits[0]), -1) / 255
    principal = PCA(10, random_state=0).fit(flat).components_
    assert largest_angle() > 45
    for _ in trainer.run():
        pass
    assert largest_angle() < 5  # degrees


def test_same_seed_same_weights_bit_for_bit(few: Split) -> None:
    first, second, other = (Trainer(_config(seed=seed), *few) for seed in (1, 1, 2))
    for trainer in (first, second, other):
        torch.rand(3)  # what others draw from the global generator must not matter
        list(trainer.run())
    assert _same(_weights(first), _weights(second))
    assert not _same(_weights(first), _weights(other))


def test_other_peoples_random_numbers_are_left_alone(few: Split) -> None:
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    list(Trainer(_config(rotate=10.0, flip=True, noise="gaussian"), *few).run())
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (np.random.get_state()[1].tolist(), random.getstate())


def test_points_cover_the_epochs_and_add_up(digits: Split) -> None:
    config = _config(beta=3.0)
    points = _points(Trainer(config, *digits))
    validation = [point for point in points if point.split == "validation"]
    assert [point.epoch for point in validation] == [1.0, 2.0]
    assert all(a.epoch <= b.epoch for a, b in itertools.pairwise(points))
    assert all(a.images <= b.images for a, b in itertools.pairwise(points))
    assert points[-1].images == 2 * len(digits[0])
    for point in points:
        assert list(point.terms) == ["reconstruction", "kl"]
        assert point.loss == pytest.approx(point.terms["reconstruction"] + 3 * point.terms["kl"])


def test_ticks_come_between_the_points(digits: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vae.training._TICK_SECONDS", -1.0)
    trainer = Trainer(_config(epochs=1, batch_size=16), *digits)
    seen = []
    for point in trainer.run():
        seen.append(trainer.images)
        assert point is None or point.images == trainer.images
        # at least after every step somebody may look after other things
        assert trainer.images == min(trainer.step * 16, len(digits[0])) or trainer.epoch == 1
    assert len(seen) == math.ceil(len(digits[0]) / 16) + 1
    assert seen == sorted(seen)


def test_a_training_point_is_the_mean_over_its_images(few: Split) -> None:
    """With a rate of almost nothing: the untrained model's terms, all images, ragged batch too."""
    config = _config("ae", epochs=1, lr=1e-12, batch_size=64)
    point = _points(Trainer(config, few[0], few[1]))
    x, model = to_float(few[0]), build_model(config)
    with torch.no_grad():
        nll = reconstruction_nll(model.decode_logits(model.encode(x)[0]), x, "gaussian")
    train = [p for p in point if p.split == "train"]
    sizes = [64, 64, 64, 8]
    assert [p.images for p in train] == list(itertools.accumulate(sizes))
    mean = sum(s * p.terms["reconstruction"] for s, p in zip(sizes, train, strict=True)) / 200
    assert mean == pytest.approx(nll.mean().item(), rel=1e-5)


def test_beta_warms_up_and_capacity_grows(few: Split) -> None:
    warm = _points(Trainer(_config(epochs=4, beta=2.0, beta_warmup=2.0), *few))
    for point in warm:
        if point.split == "validation":
            beta = min(2.0, point.epoch)
            kl = point.terms["kl"]
            assert point.loss == pytest.approx(point.terms["reconstruction"] + beta * kl, rel=1e-5)
    chosen = {"objective": "capacity", "capacity": 50.0, "gamma": 3.0}
    for point in _points(Trainer(_config(epochs=4, **chosen), *few)):
        if point.split == "validation":
            terms = point.terms
            gap = abs(terms["kl"] - 50 * point.epoch / 4)
            assert terms["capacity_gap"] == pytest.approx(gap, rel=1e-4)
            assert point.loss == pytest.approx(terms["reconstruction"] + 3 * gap, rel=1e-4)


def test_beta_lowers_the_kl(digits: Split) -> None:
    low, high = (_end(_config(epochs=20, beta=b), digits).terms["kl"] for b in (0.1, 4.0))
    assert low > 2 * high


def test_a_capacity_is_what_the_kl_becomes(digits: Split) -> None:
    chosen = {"objective": "capacity", "capacity": 6.0, "capacity_epochs": 5.0, "gamma": 30.0}
    end = _end(_config(epochs=25, lr=3e-3, **chosen), digits)
    assert end.terms["kl"] == pytest.approx(6.0, abs=1.0)


def test_sparsity_shortens_codes(digits: Split) -> None:
    free, priced = (_end(_config("sparse-ae", epochs=5, sparsity=s), digits) for s in (0.0, 1.0))
    assert priced.terms["l1"] < 0.3 * free.terms["l1"]


def test_the_sparse_preset_makes_most_numbers_of_a_code_small(
    digits: tuple[Tensor, Tensor],
) -> None:
    def small(sparsity: float | None) -> float:
        trainer = Trainer(_config("sparse-ae", epochs=60, sparsity=sparsity), *digits)
        list(trainer.run())
        z, _ = encode_pixels(trainer.model.eval(), digits[1].numpy())
        return float((abs(z) < 0.05 * abs(z).max()).mean())

    assert small(None) > 0.75
    assert small(0.0) < 0.5


def test_the_mmd_draws_all_codes_to_the_prior(digits: Split) -> None:
    def end(weight: float) -> float:
        chosen = {"objective": "wae-mmd", "mmd_weight": weight, "batch_size": 64}
        return _end(_config(epochs=10, lr=3e-3, **chosen), digits).terms["mmd"]

    assert end(50.0) < 0.3 * end(0.0)


def test_bf16_learns_as_fp32_does(digits: Split) -> None:
    ends = [_end(_config(epochs=5, precision=p), digits).loss for p in ("fp32", "bf16")]
    assert ends[0] == pytest.approx(ends[1], abs=0.5)


def _before_each_step(trainer: Trainer, look: Callable[[], None]) -> None:
    step = trainer.optimizer.step

    def both() -> None:
        look()
        step()

    trainer.optimizer.step = both  # type: ignore[method-assign]


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_steps_are_adams_or_with_weight_decay_adamws(decay: float, few: Split) -> None:
    """Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2: written out here."""
    lr, b1, b2 = 0.01, 0.9, 0.999
    trainer = Trainer(_config(epochs=1, batch_size=40, lr=lr, weight_decay=decay), *few)
    weights = [p.detach().double().clone() for p in trainer.model.parameters()]
    first, second = ([torch.zeros_like(w) for w in weights] for _ in range(2))
    step = 0

    def follow() -> None:
        nonlocal step
        step += 1
        for w, m, v, p in zip(weights, first, second, trainer.model.parameters(), strict=True):
            assert p.grad is not None
            g = p.grad.double()
            m.mul_(b1).add_(g, alpha=1 - b1)
            v.mul_(b2).add_(g * g, alpha=1 - b2)
            w.mul_(1 - lr * decay)
            w.sub_(lr * (m / (1 - b1**step)) / ((v / (1 - b2**step)).sqrt() + 1e-8))

    _before_each_step(trainer, follow)
    list(trainer.run())
    assert step == 5
    for w, p in zip(weights, trainer.model.parameters(), strict=True):
        torch.testing.assert_close(p.detach().double(), w, rtol=1e-4, atol=1e-6)


def _norms(config: Config, images: Split) -> list[float]:
    """The length of each gradient that the optimiser follows."""
    trainer, norms = Trainer(config, *images), []

    def note() -> None:
        grads = [p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None]
        norms.append(torch.cat(grads).norm().item())

    _before_each_step(trainer, note)
    list(trainer.run())
    return norms


def test_clipping_bounds_the_gradients_length_and_leaves_short_ones(few: Split) -> None:
    free = _norms(_config(epochs=1, batch_size=20), few)
    limit = sorted(free)[5]
    clipped = _norms(_config(epochs=1, batch_size=20, clip_norm=limit), few)
    assert max(free) > 1.1 * limit
    assert max(clipped) <= limit * 1.001
    assert clipped[0] == pytest.approx(min(free[0], limit), rel=1e-4)
    assert _norms(_config(epochs=1, batch_size=20, clip_norm=1e9), few) == pytest.approx(free)


def test_cosine_rate_reaches_the_optimiser(few: Split) -> None:
    trainer = Trainer(_config(epochs=2, batch_size=50, lr=0.01, lr_schedule="cosine"), *few)
    rates: list[float] = []
    _before_each_step(trainer, lambda: rates.append(trainer.optimizer.rate))
    list(trainer.run())
    expected = [0.005 * (1 + math.cos(math.pi * step / 8)) for step in range(8)]
    assert rates == pytest.approx(expected, rel=1e-5)


def test_plateau_halves_the_rate_when_validation_gets_no_better(few: Split) -> None:
    """Validated on negatives of its images, a model gets worse with all that it learns."""
    config = _config(epochs=7, lr=0.01, lr_schedule="plateau", lr_patience=2)
    trainer = Trainer(config, few[0], 255 - few[0])
    best, waited, rate = math.inf, 0, 0.01
    for point in trainer.run():
        if point is None or point.split == "train":
            continue
        assert trainer.optimizer.rate == pytest.approx(rate)
        waited = 0 if point.loss < best else waited + 1
        best = min(best, point.loss)
        if waited == 2:
            rate, waited = rate / 2, 0
    assert rate < 0.01


@pytest.mark.parametrize(
    ("chosen", "growing"),
    [
        ({"beta_warmup": 4}, 4),
        ({"objective": "capacity", "gamma": 0.0, "capacity_epochs": 4}, 4),
        ({"objective": "capacity", "gamma": 0.0}, 7),
    ],
    ids=str,
)
def test_no_plateau_is_seen_while_the_loss_changes_its_meaning(few: Split, chosen, growing) -> None:
    config = _config(epochs=7, lr=0.01, lr_schedule="plateau", lr_patience=1, **chosen)
    assert config.growing_epochs == growing
    trainer = Trainer(config, few[0], 255 - few[0])  # on negatives, so that it gets worse
    halved = []
    for point in trainer.run():
        if point is not None and point.split == "validation" and trainer.state().plateau[2] < 1:
            halved.append(point.epoch)
    # The first epoch that counts is the one that the next is compared with.
    assert halved[:1] == ([growing + 2] if growing + 2 <= 7 else [])


def test_the_target_of_denoising_is_the_clean_image(few: Split) -> None:
    """All masked, every image looks the same: what is learned is the mean of the clean ones."""
    chosen = {"noise": "masking", "noise_level": 1.0, "epochs": 60, "lr": 3e-3}
    trainer = Trainer(_config("denoising-ae", **chosen), *few)
    end = _points(trainer)[-1]
    x, mean = to_float(few[1]), to_float(few[0]).mean(0, keepdim=True)
    best = reconstruction_nll(mean.expand_as(x), x, "gaussian").mean().item()
    assert end.terms["reconstruction"] == pytest.approx(best, abs=0.1)
    with torch.no_grad():
        shown = trainer.model.decode_logits(trainer.model.encode(torch.zeros(1, 1, 8, 8))[0])
    torch.testing.assert_close(shown, mean, atol=0.05, rtol=0)


def test_validation_is_spoiled_as_training_is_but_never_augmented(few: Split) -> None:
    plain, turned = (
        Trainer(_config(rotate=angle, flip=angle > 0), *few)._validate(1) for angle in (0.0, 90.0)
    )
    assert plain == turned
    clean, noisy = (
        Trainer(
            _config("ae", noise=kind, noise_level=None if kind == "none" else 0.5), *few
        )._validate(1)
        for kind in ("none", "gaussian")
    )
    assert clean != noisy
    trainer = Trainer(_config("ae", noise="gaussian"), *few)
    assert trainer._validate(1) == trainer._validate(1)  # the same noise for each epoch's


def test_augmentation_changes_what_is_learned_from(few: Split) -> None:
    plain, flipped = (
        Trainer(_config("ae", epochs=1, lr=1e-12, flip=flip), *few) for flip in (False, True)
    )
    assert _points(plain)[0].loss != _points(flipped)[0].loss


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_fine_tuning_begins_with_the_given_weights_and_keeps_the_frozen_part(
    part: str, few: Split
) -> None:
    teacher = Trainer(_config(seed=5), *few)
    list(teacher.run())
    start = _weights(teacher)
    config = _config(start_from="teacher", freeze=part, weight_decay=0.1, lr=0.01)
    trainer = Trainer(config, *few, start=start)
    assert _same(_weights(trainer), start)
    list(trainer.run())
    for name, tensor in _weights(trainer).items():
        assert torch.equal(tensor, start[name]) == name.startswith(part), name


def test_without_freezing_all_weights_go_on(few: Split) -> None:
    teacher = Trainer(_config(epochs=30, lr=3e-3), *few)
    list(teacher.run())
    start = _weights(teacher)
    config = _config(epochs=1, start_from="teacher")
    tuned = Trainer(config, *few, start=start)
    assert tuned._validate(1).loss == teacher._validate(1).loss
    list(tuned.run())
    assert all(not torch.equal(value, start[name]) for name, value in _weights(tuned).items())


def test_weights_to_start_from_that_do_not_fit_or_come_are_refused(few: Split) -> None:
    config = _config(start_from="teacher")
    with pytest.raises(VaeError, match=r"'teacher'.* did not come"):
        Trainer(config, *few)
    other = build_model(_config(latent_dim=3)).state_dict()
    with pytest.raises(VaeError, match=r"teacher: 'encoder\.3\.weight' came as"):
        Trainer(config, *few, start=other)
    with pytest.raises(VaeError, match="teacher lacks the tensor"):
        Trainer(config, *few, start={})
    broken = build_model(config).state_dict()
    broken["decoder.0.bias"] = torch.full_like(broken["decoder.0.bias"], math.nan)
    with pytest.raises(VaeError, match="not finite"):
        Trainer(config, *few, start=broken)


@pytest.mark.parametrize(("preset", "part"), [("mlp-2d", "encoder"), ("ae", "decoder")])
def test_a_loss_that_is_no_number_stops_with_term_step_and_advice(
    preset: str, part: str, few: Split
) -> None:
    trainer = Trainer(_config(preset, epochs=1, batch_size=50), *few)
    running = trainer.run()
    while trainer.step < 2:
        next(running)
    with torch.no_grad():
        next(getattr(trainer.model, part).parameters()).fill_(math.nan)
    with pytest.raises(VaeError, match=r"The reconstruction term became nan by step 3 ") as caught:
        list(running)
    assert "(epoch 0.75)" in str(caught.value)
    assert "lower learning rate" in str(caught.value)


def test_a_rate_far_too_large_is_reported_and_not_learned_from(few: Split) -> None:
    trainer = Trainer(_config(epochs=50, lr=1.0, likelihood="gaussian"), *few)
    with pytest.raises(VaeError, match=r"term became (inf|nan) by step"):
        list(trainer.run())


def test_an_infinite_loss_of_validation_is_found_too(few: Split) -> None:
    trainer = Trainer(_config(epochs=1, batch_size=200), *few)
    running = trainer.run()
    assert next(point.split for point in running if point) == "train"
    with torch.no_grad():  # of the outputs these are log-variances: exp(100) is beyond a float
        trainer.model.encoder[-1].bias[2:] = 100.0
    with pytest.raises(VaeError, match=r"kl term became inf by step 1 \(epoch 1\.00\)"):
        next(running)


def test_images_of_another_shape_are_refused(few: Split) -> None:
    with pytest.raises(VaeError, match="28, 28, 1"):
        Trainer(make_config("mlp-2d", "mnist", (28, 28, 1)), *few)
    with pytest.raises(VaeError, match="float32"):
        Trainer(_config(), few[0].float(), few[1])


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"latent_dim": 3}, r"The checkpoint: 'encoder\.3\.weight' came as"),
        ({"preset": "conv-16"}, "The checkpoint"),
        ({"objective": "aevb"}, "sums up 3 terms; this configuration has 4"),
        ({"start_from": "x", "freeze": "encoder"}, "optimiser does not belong"),
    ],
)
def test_foreign_checkpoint_is_refused(chosen: dict, words: str, few: Split, tmp_path) -> None:
    trainer = Trainer(_config(epochs=1), *few)
    list(trainer.run())
    save_training_state(tmp_path / "state", trainer.state())
    with pytest.raises(VaeError, match=words):
        Trainer(_config(**chosen), *few, load_training_state(tmp_path / "state"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused_in_a_sentence(few: Split) -> None:
    config = _config()
    config = dataclasses.replace(
        config, training=dataclasses.replace(config.training, device="cuda")
    )
    with pytest.raises(VaeError, match="use auto or cpu"):
        Trainer(config, *few)


@pytest.mark.parametrize("preset", ["mlp-2d", "denoising-ae"])
def test_streamed_images_teach_the_same_as_resident_ones(preset: str, few: Split) -> None:
    config = _config(preset, batch_size=30, rotate=5.0)
    arrays = few[0].numpy(), few[1]
    resident, streamed, tensor = (
        Trainer(config, *arrays, where="memory"),
        Trainer(config, *arrays, where="stream"),
        Trainer(config, *few),
    )
    assert _points(resident) == _points(streamed) == _points(tensor)
    assert _same(_weights(resident), _weights(streamed))
    assert _same(_weights(resident), _weights(tensor))
