"""A model as one zip: export, and import of zips that anybody may have made.

Import checks everything in memory, writes a hidden folder beside the other runs and renames it:
a model appears whole or not at all. Nothing of the zip is trusted: the status is reduced to plain
facts and the card is written anew.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from vae.archive_checks import LIMITS, TOTAL_LIMIT, check_files, limit_of
from vae.card import model_card
from vae.datasets import DATASETS, is_available, load
from vae.errors import VaeError
from vae.files import make_folder, remove_abandoned, write_atomic, write_json
from vae.map_frames import FRAMES_SUFFIX
from vae.maps import map_path, stored_maps
from vae.runs import NAME_PATTERN, Run, check_name, load_model, pretrained_dir, runs_dir
from vae.timeline import TIMELINE, exported_files
from vae.unpacking import unpack


def export_run(run: Run) -> bytes:
    """The model as a zip; the same model always gives the same bytes.

    Raises:
        VaeError: if it is not ready, or damaged.
    """
    if not run.ready:
        raise VaeError(f"{run.name!r} cannot be exported before it has weights and codes.")
    load_model(run)  # a damaged model is told here, not where it is imported
    run.codes()
    sources = {name: run.path / name for name in LIMITS}
    for map_id in stored_maps(run):
        for suffix in (".npz", ".json", FRAMES_SUFFIX):
            path = map_path(run, map_id).with_suffix(suffix)
            sources[f"maps/{path.name}"] = path
    # A timeline comes along without its weights, which may be many times those of the model.
    for path in exported_files(run):
        sources[f"{TIMELINE}/{path.name}"] = path
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = run.name.encode()  # what it is called where it is imported
        for name, path in sources.items():
            if not path.is_file():
                continue
            entry = zipfile.ZipInfo(name)  # dated 1980: the bytes depend on the model alone
            entry.external_attr = 0o644 << 16
            packed = name.endswith((".npz", ".safetensors"))
            entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def import_archive(data: bytes, name: str | None = None) -> Run:
    """Add an exported model to the runs.

    Args:
        data: a zip as :func:`export_run` makes it. Without ``codes.npz`` (or ``evaluation.json``)
            these are computed, if the data set is on this machine.
        name: what to call it; by default the name it was exported under.

    Raises:
        VaeError: for anything in the zip that is unsafe, foreign, damaged or does not fit
            together, and for a name that is taken or not allowed. Then nothing was changed.
    """
    if not data.startswith(b"PK"):
        raise VaeError(
            "This is not a zip: import takes the zip that Export makes, which holds config.json "
            "and weights.safetensors together."
        )
    files, comment = unpack(data, limit_of, TOTAL_LIMIT)
    if name is None and not re.fullmatch(NAME_PATTERN, comment):
        raise VaeError("The zip does not say what its model is called: give it a name.")
    name = check_name(comment if name is None else name)
    _check_free(name)
    config = check_files(files)
    make_folder(runs_dir())
    remove_abandoned(runs_dir())
    try:
        folder = Path(tempfile.mkdtemp(prefix=".import-", dir=runs_dir()))
    except OSError as error:
        raise VaeError(f"Could not write to {runs_dir()}: {error.strerror}.") from error
    try:
        for path, raw in files.items():
            make_folder((folder / path).parent)
            write_atomic(folder / path, raw)
        run = Run(name, folder, False, config)
        _complete(run)
        write_atomic(folder / "card.md", model_card(run))
        folder.chmod(0o755)  # mkdtemp makes it private to its owner
        _check_free(name)
        folder.rename(runs_dir() / name)
    except OSError as error:
        raise VaeError(f"Could not store {name!r}: {(error.strerror or '').lower()}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # not there any more where all went well
    return Run(name, runs_dir() / name, False, config)


def _check_free(name: str) -> None:
    if (pretrained_dir() / name).exists() or (runs_dir() / name).exists():
        raise VaeError(f"There is already a model named {name!r}; import it under another name.")


def _complete(run: Run) -> None:
    """Compute what the zip left out and the data set can give."""
    config = run.config
    dataset = config.training.dataset
    has_codes = (run.path / "codes.npz").is_file()
    if has_codes and run.evaluation is not None:
        return
    known = dataset in DATASETS and DATASETS[dataset].image_shape == config.model.image_shape
    if not known or not is_available(dataset):
        if has_codes:
            return  # it opens on every page; only the test ELBO is not known
        raise VaeError(
            f"The zip lacks codes.npz, and the data set {dataset!r} to compute it from is not on "
            "this machine."
        )
    from vae.evaluation import evaluate
    from vae.learning import finish

    model, test = load_model(run), load(dataset, "test")
    if not has_codes:
        finish(run.path, config, model, test.images, test.labels)
    else:
        write_json(run.path / "evaluation.json", evaluate(model, test.images, dataset))
