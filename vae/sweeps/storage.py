"""A sweep's study in its storage: any database that Optuna knows, an SQLite file by default."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from vae.errors import VaeError
from vae.sweeps.plan import OBJECTIVES, Plan, plan_from_json, plan_to_json

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import RDBStorage

_PLAN = "vae sweep"  # the study's attribute that says what it searches
_SETUP_SECONDS = 30.0  # without another trial made
_ATTEMPTS = 5  # two who make a database's tables at the same moment trip over each other
_MOST_RETRIES = 3  # of a trial whose worker died: it may be the trial that kills them

DEFAULT_GRACE = 60  # seconds


@dataclass(frozen=True)
class Shared:
    """A sweep as all its workers share it: the database, the study in it, and its plan."""

    storage: RDBStorage
    study: Study
    plan: Plan


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path}"


def open_storage(url: str, grace: int = DEFAULT_GRACE) -> RDBStorage:
    """Connect, and make the tables where there are none.

    Args:
        url: as SQLAlchemy takes it: ``sqlite:///file.db``,
            ``postgresql+psycopg://user@host/database``, …
        grace: seconds without a sign of life after which a worker counts as dead.

    Raises:
        VaeError: if the URL is none, its driver is missing, or nobody answers.
    """
    import optuna
    from sqlalchemy import exc

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # That its heartbeat may change one day: requirements.txt bounds its version.
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    shown, kind = hidden(url), url.partition(":")[0].partition("+")[0]
    patience = {"sqlite": {"timeout": 30}}.get(kind, {})
    if kind in ("postgresql", "mysql", "mariadb"):
        patience = {"connect_timeout": 10}
    for attempt in range(_ATTEMPTS):
        try:
            return optuna.storages.RDBStorage(
                url.replace("{", "{{").replace("}", "}}"),  # Optuna takes it as a template
                engine_kwargs={"pool_pre_ping": True, "connect_args": patience},
                # Also for those who look on with the default: who is patient is not silent.
                heartbeat_interval=max(1, min(grace, DEFAULT_GRACE) // 4),
                grace_period=grace,
                heartbeat_stale_trial_callback=_retry(),
            )
        except ImportError as error:
            raise VaeError(
                f"The storage {shown} needs a driver that is not installed: for PostgreSQL pip "
                "install 'psycopg[binary]', and say postgresql+psycopg://…."
            ) from error
        except (exc.ArgumentError, ValueError) as error:
            raise VaeError(
                f"{shown!r} is no storage: say sqlite:///FILE, or postgresql+psycopg://HOST/NAME, "
                "or another database URL that SQLAlchemy knows."
            ) from error
        except (exc.DBAPIError, optuna.exceptions.StorageInternalError) as error:
            if attempt + 1 == _ATTEMPTS:
                raise VaeError(f"The storage {shown} does not answer: {brief(error)}") from error
            time.sleep(0.2 * 2**attempt)
        except RuntimeError as error:  # of another version of Optuna
            raise VaeError(f"The storage {shown} cannot be used: {brief(error)}") from error
    raise AssertionError("every attempt returns or raises")


def hidden(url: str) -> str:
    """The URL for people: without its password, which may also stand behind a question mark."""
    from sqlalchemy import exc
    from sqlalchemy.engine import make_url

    try:
        parts = make_url(url)
    except (exc.ArgumentError, ValueError):
        return url.rpartition("@")[2]  # whatever it is, what could be a password is not shown
    secret = [name for name in parts.query if "pass" in name.lower()]
    return parts.update_query_dict(dict.fromkeys(secret, "***")).render_as_string()


def brief(error: BaseException) -> str:
    """The first line of what a database says, as a sentence."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line if line.endswith(".") else f"{line}."


@contextlib.contextmanager
def in_words(storage: RDBStorage) -> Iterator[None]:
    """What a database answers in trouble becomes a sentence.

    Raises:
        VaeError: in place of the errors of SQLAlchemy, and of Optuna where it wraps these.
    """
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = error.__cause__ or error
        raise VaeError(
            f"The storage {hidden(storage.url)} does not answer: {brief(cause)}"
        ) from error


@contextlib.contextmanager
def alone(storage: RDBStorage) -> Iterator[None]:
    """Nobody else changes who has which trial: databases lock rows for that, SQLite cannot."""
    if storage.engine.name != "sqlite" or not storage.engine.url.database:
        yield
        return
    with FileLock(f"{storage.engine.url.database}.lock"):
        yield


def create(storage: RDBStorage, plan: Plan) -> Shared:
    """Make the study with a trial for each slot of the plan, or take the one that is there.

    All trials lie there from the beginning, waiting: a worker takes one, and a database gives it to
    one only. So workers, however many, run each once and no more than there are. (Optuna's own
    grid sampler, for one, may give the same point to two workers.)

    Raises:
        VaeError: if a study of this name is another one.
    """
    import optuna

    directions = [optuna.study.StudyDirection.MINIMIZE] * len(OBJECTIVES[plan.objectives])
    with in_words(storage), alone(storage):
        try:
            study = optuna.create_study(
                study_name=plan.study, storage=storage, directions=directions
            )
        except optuna.exceptions.DuplicatedStudyError:
            study = optuna.load_study(study_name=plan.study, storage=storage)
        else:
            study.set_metric_names([*OBJECTIVES[plan.objectives]])
            for values in plan.slots():
                study.enqueue_trial(values)
            study.set_user_attr(_PLAN, plan_to_json(plan))  # the last: now it is whole
    check_same(plan, _plan_of(storage, study))
    return Shared(storage, study, plan)


def join(storage: RDBStorage, name: str, wait: bool = True) -> Shared | None:
    """The sweep of this name, if it is there.

    Args:
        wait: for one that is just being made; else it is not there yet.

    Raises:
        VaeError: if the study of this name is no sweep, or nobody answers.
    """
    import optuna

    with in_words(storage):
        try:
            study = optuna.load_study(study_name=name, storage=storage)
        except KeyError:
            return None
        if not wait and _PLAN not in study.user_attrs:
            return None
    return Shared(storage, study, _plan_of(storage, study))


def _plan_of(storage: RDBStorage, study: Study) -> Plan:
    """The plan that the study was made by; waits while another process is still making it.

    Raises:
        VaeError: if it has none.
    """
    seen, ends = -1, 0.0
    with in_words(storage):
        while (found := study.user_attrs.get(_PLAN)) is None:
            trials = study.get_trials(deepcopy=False)
            if len(trials) > seen:  # a thousand take a database far away longer
                seen, ends = len(trials), time.monotonic() + _SETUP_SECONDS
            # One that has begun is none of ours, or the maker would have been done.
            if time.monotonic() > ends or any(trial.state.is_finished() for trial in trials):
                raise VaeError(
                    f"The storage holds a study {study.study_name!r} that is no sweep, or whose "
                    "making broke off: choose another name."
                )
            time.sleep(0.2)
    return plan_from_json(study.study_name, found, f"The study {study.study_name!r}")


def check_same(wanted: Plan, found: Plan) -> None:
    """Refuse to go on with a sweep in another way than it began.

    Raises:
        VaeError: naming what differs.
    """
    asked, kept = plan_to_json(wanted), plan_to_json(found)
    for name, value in asked.items():
        if value != kept[name]:
            raise VaeError(
                f"The sweep {found.study!r} was begun with {name} {_in_words(kept[name])}, not "
                f"{_in_words(value)}: leave that out, or choose another name."
            )


def _in_words(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _retry() -> Any:
    from optuna.storages import RetryHeartbeatStaleTrialCallback

    return RetryHeartbeatStaleTrialCallback(max_retry=_MOST_RETRIES)
