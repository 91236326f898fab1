"""``models``, ``evaluate``, ``sample``, ``encode``, ``export``, ``import`` and ``delete``."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vae.commands import add_command, print_json
from vae.datasets.registry import ALL, SPLITS
from vae.files import write_atomic
from vae.latent.sampling import COMPONENTS, WAYS

_MOST_SAMPLES = 10_000  # images of one call of ``sample``


def add_commands(commands: Any) -> None:
    """Add the group to the parser."""
    add_command(commands, "models", _models, "list the bundled and the trained models")
    command = add_command(commands, "evaluate", _evaluate, "measure a model on its test split")
    command.add_argument("name", help="the model")
    command.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    command = add_command(commands, "sample", _sample, "draw new images, as PNG or as arrays")
    command.add_argument("name", help="the model")
    command.add_argument(
        "--from",
        dest="way",
        default="prior",
        choices=WAYS,
        help="where the codes come from: N(0, I); U(-1, 1); held-out images' codes with their "
        "noise; a mixture of Gaussians fitted to those (default prior)",
    )
    command.add_argument("--n", type=int, default=64, help="how many (default 64)")
    command.add_argument("--seed", type=int, default=0, help="default 0")
    command.add_argument("--components", type=int, help=f"of the mixture (default {COMPONENTS})")
    command.add_argument("--output", type=Path, help="NAME.png or NAME.npz (default NAME-WAY.png)")
    command.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    command = add_command(commands, "encode", _encode, "make a copy with codes of other images")
    command.add_argument("name", help="the model")
    command.add_argument("new", help="what the copy is called")
    command.add_argument("--split", default="all", choices=[*SPLITS, ALL], help="default all")
    command.add_argument("--limit", type=int, help="the first so many images only")
    command.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    command = add_command(commands, "export", _export, "pack a model into one zip")
    command.add_argument("name", help="the model")
    command.add_argument("--output", type=Path, help="the file to write (default: NAME.zip)")
    command = add_command(commands, "import", _import, "add a model from an exported zip")
    command.add_argument("file", type=Path, help="the zip")
    command.add_argument("--name", help="what to call it (default: its own name)")
    command = add_command(commands, "delete", _delete, "delete a trained model for good")
    command.add_argument("name", help="the model")


def _models(options: argparse.Namespace) -> int:
    from vae.runs import list_runs

    runs, broken = list_runs()
    for folder in broken:
        print(f"warning: {folder.name} is left out: {folder.reason}", file=sys.stderr)
    facts = [
        {
            "name": run.name,
            "path": str(run.path),
            "dataset": run.config.training.dataset,
            "preset": run.config.preset,
            "latent_dim": run.config.model.latent_dim,
            "image_shape": list(run.config.model.image_shape),
            "bundled": run.bundled,
            "state": run.status["state"],
            "ready": run.ready,
        }
        for run in runs
    ]
    if options.json:
        print_json(facts)
        return 0
    for fact in facts:
        kind = "bundled" if fact["bundled"] else fact["state"]
        print(f"{fact['name']:24} {fact['dataset']:16} d = {fact['latent_dim']:<5} {kind}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from vae.datasets import load
    from vae.devices import resolve_device
    from vae.evaluation import evaluate
    from vae.runs import find_run, load_model

    run = find_run(options.name)
    model = load_model(run, resolve_device(options.device))
    dataset = run.config.training.dataset
    found = evaluate(model, load(dataset, "test").images, dataset)
    if options.json:
        print_json({"name": run.name, **found})
        return 0
    print(f"{run.name}: {found['n']} test images of {dataset}")
    error = f"± {found['standard_error']:.2f} nats per image"
    if found["elbo"] is None:
        print(f"  reconstruction  {found['reconstruction']:10.2f} {error}")
        print("  An autoencoder: each code is a point, so that is all there is to measure.")
    else:
        print(f"  ELBO            {found['elbo']:10.2f} {error}")
        print(f"  reconstruction  {found['reconstruction']:10.2f} nats")
        print(f"  KL              {found['kl']:10.2f} nats")
        print(f"  bits/dimension  {found['bits_per_dimension']:10.4f}")
    print(f"  active units    {found['active_units']:>7} of {found['latent_dim']}")
    return 0


def _sample(options: argparse.Namespace) -> int:
    import math

    from vae.devices import resolve_device
    from vae.errors import VaeError
    from vae.files import save_npz
    from vae.inference import decode_pixels
    from vae.latent.sampling import draw_codes
    from vae.pictures import contact_sheet, png_bytes
    from vae.runs import find_run, load_model

    way, components = options.way, options.components
    if not 1 <= options.n <= _MOST_SAMPLES:
        raise VaeError(f"--n must be 1 to {_MOST_SAMPLES:,}, not {options.n}.")
    if options.seed < 0:
        raise VaeError(f"--seed must be 0 or more, not {options.seed}.")
    if components is not None and way != "mixture":
        raise VaeError(f"--components is of --from mixture; this is --from {way}.")
    path = options.output or Path(f"{options.name}-{way}.png")
    if path.suffix.lower() not in (".png", ".npz"):
        raise VaeError(f"--output must end in .png or .npz, not {str(path)!r}.")
    run = find_run(options.name)
    model = load_model(run, resolve_device(options.device))
    noise = run.config.model.posterior != "point"
    components = COMPONENTS if components is None else components
    z = draw_codes(run.codes(), way, options.n, options.seed, components, noise)
    images = decode_pixels(model, z)
    if path.suffix.lower() == ".npz":
        save_npz(path, z=z, images=images)
    else:
        write_atomic(path, png_bytes(contact_sheet(images, math.ceil(math.sqrt(len(images))))))
    facts = {
        "name": run.name,
        "path": str(path),
        "from": way,
        "n": options.n,
        "seed": options.seed,
        "latent_dim": z.shape[1],
        "image_shape": list(images.shape[1:]),
    }
    if way == "mixture":
        facts["components"] = components
    print_json(facts) if options.json else print(f"{path}: {options.n:,} images from {way}")
    return 0


def _encode(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from vae.devices import resolve_device
    from vae.errors import VaeError
    from vae.recoding import recode
    from vae.runs import check_name, find_run, runs_dir

    if options.limit is not None and options.limit < 1:
        raise VaeError(f"--limit must be at least 1, not {options.limit}.")
    if (runs_dir() / check_name(options.new)).exists():
        raise VaeError(f"There is already a model named {options.new!r}; choose another name.")
    source, device = find_run(options.name), resolve_device(options.device)
    with ExitStack() as stack:
        bar: Any = None

        def report(done: int, total: int) -> None:
            nonlocal bar
            if bar is None:  # not before all was checked: an error would stand behind it
                bar = tqdm(total=total, unit=" image", disable=options.json, file=sys.stderr)
                stack.enter_context(bar)
            bar.update(done - bar.n)

        run = recode(source, options.new, options.split, options.limit, device, report)
    facts = {"name": run.name, "path": str(run.path), "codes": len(run.codes().mu)}
    words = f"{run.name}: {facts['codes']:,} codes of the split {options.split}"
    print_json(facts) if options.json else print(words)
    return 0


def _export(options: argparse.Namespace) -> int:
    from vae.archive import export_run
    from vae.runs import find_run

    path = options.output or Path(f"{options.name}.zip")
    data = export_run(find_run(options.name))
    write_atomic(path, data)
    facts = {"name": options.name, "path": str(path), "bytes": len(data)}
    print_json(facts) if options.json else print(f"{path}: {len(data) / 1e6:.2f} MB")
    return 0


def _import(options: argparse.Namespace) -> int:
    from vae.archive import import_archive
    from vae.errors import VaeError

    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise VaeError(f"Could not read {options.file}: {error.strerror}.") from None
    run = import_archive(data, options.name)
    facts = {"name": run.name, "path": str(run.path)}
    print_json(facts) if options.json else print(f"imported as {run.name}")
    return 0


def _delete(options: argparse.Namespace) -> int:
    from vae.runs import delete_run

    delete_run(options.name)
    print_json({"deleted": options.name}) if options.json else print(f"deleted {options.name}")
    return 0
