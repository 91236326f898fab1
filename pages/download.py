"""The download of a data set: a button, a progress bar, a way to stop, and a sentence if it fails.

Downloads belong to the server, not to a session: whoever opens the page sees the same one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import streamlit as st

from vae.datasets import DATASETS, data_dir, download, is_available
from vae.errors import VaeError


@dataclass
class _Job:
    """A download, as its thread tells of it: bytes of one file; ``total`` is 0 while unknown."""

    done: int = 0
    total: int = 0
    file: str = ""
    running: bool = True
    stop: bool = False
    error: str = ""

    def progress(self, done: int, total: int, file: str) -> bool:
        self.done, self.total, self.file = done, total, file
        return self.stop


_JOBS: dict[str, _Job] = {}
_LOCK = threading.Lock()


def download_widget(dataset: str) -> None:
    """Offer the download of a data set that is not at hand; reruns the page once it is."""
    job = _JOBS.get(dataset)
    running = job is not None and job.running
    st.fragment(_show, run_every=0.5 if running else None)(dataset, running)


def start_download(dataset: str) -> None:
    """Download in the background, unless somebody has started that already."""
    with _LOCK:
        job = _JOBS.get(dataset)
        if job is not None and job.running:
            return
        _JOBS[dataset] = job = _Job()
    threading.Thread(target=_work, args=(dataset, job), daemon=True).start()


def _work(dataset: str, job: _Job) -> None:
    try:
        download(dataset, job.progress)
    except VaeError as error:
        job.error = str(error)
    except Exception as error:
        job.error = f"The download failed: {error or type(error).__name__}."
        raise  # for the log: this is a fault of ours
    finally:
        job.running = False


def _show(dataset: str, polled: bool) -> None:
    info, job = DATASETS[dataset], _JOBS.get(dataset)
    running = job is not None and job.running
    if polled and not running:
        st.rerun()
    if job is not None and running:
        share = job.done / job.total if job.total else 0.0
        words = f"{job.file or 'connecting'} · {job.done / 1e6:.1f} MB"
        st.progress(share, words + (f" of {job.total / 1e6:.1f} MB" if job.total else ""))
        if st.button("Cancel the download", disabled=job.stop, key=f"cancel download {dataset}"):
            job.stop = True
            st.rerun(scope="fragment")
    elif not is_available(dataset):
        if job is not None and job.error:
            st.error(job.error, icon=":material/error:")
        if st.button(
            f"Download {info.title} ({info.download_megabytes} MB)",
            icon=":material/download:",
            help=f"{info.source}. Stored in {data_dir()}.",
            key=f"download {dataset}",
        ):
            start_download(dataset)
            st.rerun()
