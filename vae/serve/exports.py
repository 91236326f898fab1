"""A selection of images as a file: their codes as a table (CSV) or as arrays (NPZ), to download."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

import numpy as np

from vae.codes import Codes
from vae.datasets import DATASETS
from vae.runs import Run
from vae.serve.protocol import check_rows, parse_choice, parse_rows

Query = Mapping[str, str]

_MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "npz": "application/octet-stream"}
_LINES_AT_ONCE = 1000
_BYTES_AT_ONCE = 2**20  # more in one piece would keep the others waiting while it is handed over


def selection(run: Run, payload: bytes, query: Query) -> tuple[str, str, Iterator[bytes]]:
    """Rows (uint32) of the codes, in their order, as the file of ``?format=csv`` or ``npz``.

    The table has the columns row, label, class (where the data set is known here), mu_1 … mu_d,
    logvar_1 … logvar_d; the arrays are rows, labels, mu, logvar and indices (of the data set's
    split). Codes that are points have no log-variances, and neither have their files.

    Returns:
        The file's name, its media type, and its bytes part by part.

    Raises:
        ProtocolError: for another format, or rows that there are not.
        VaeError: if the model has no codes.
    """
    kind = parse_choice(query.get("format", "csv"), "format", tuple(_MEDIA_TYPES))
    codes = run.codes()
    rows = parse_rows(payload, len(codes.mu))
    check_rows(rows, len(codes.mu))
    parts = table(run, codes, rows) if kind == "csv" else arrays(run, codes, rows)
    return f"{run.name}-{len(rows)}-images.{kind}", _MEDIA_TYPES[kind], parts


def table(run: Run, codes: Codes, rows: np.ndarray) -> Iterator[bytes]:
    """The CSV of some rows of the codes, part by part; nine digits tell any two float32 apart."""
    info, d = DATASETS.get(run.config.training.dataset), codes.mu.shape[1]
    kinds = _numbers(run)
    names = [f"{kind}_{j}" for kind in kinds for j in range(1, d + 1)]
    yield _lines([["row", "label", *(["class"] if info else []), *names]])
    for start in range(0, len(rows), _LINES_AT_ONCE):
        part = rows[start : start + _LINES_AT_ONCE]
        numbers = np.concatenate([getattr(codes, kind)[part] for kind in kinds], axis=1)
        lines = []
        for row, label, values in zip(
            part.tolist(), codes.labels[part].tolist(), numbers.tolist(), strict=True
        ):
            known = info.classes if info else ()
            name = [known[label] if 0 <= label < len(known) else ""] if info else []
            lines.append([row, label, *name, *(f"{value:.9g}" for value in values)])
        yield _lines(lines)


def arrays(run: Run, codes: Codes, rows: np.ndarray) -> Iterator[bytes]:
    """The NPZ of some rows of the codes, part by part."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        rows=rows,
        labels=codes.labels[rows],
        indices=codes.indices[rows],
        **{kind: getattr(codes, kind)[rows] for kind in _numbers(run)},
    )
    content = buffer.getbuffer()
    for start in range(0, len(content), _BYTES_AT_ONCE):
        yield bytes(content[start : start + _BYTES_AT_ONCE])


def _numbers(run: Run) -> tuple[str, ...]:
    """What a code is made of: a mean and log-variances, or a point."""
    return ("mu",) if run.config.model.posterior == "point" else ("mu", "logvar")


def _lines(cells: list[list[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(cells)
    return text.getvalue().encode()
