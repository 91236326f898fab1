"""Bytes that break HTTP or WebSockets get a line in the log, no traceback of the server's code."""

from __future__ import annotations

import logging
from types import TracebackType

from h11 import ProtocolError
from websockets.exceptions import WebSocketException

# Who logs what goes wrong while a client's bytes are read: uvicorn, and asyncio on its behalf.
_LOGGERS = ("uvicorn.error", "asyncio")
_READERS = ("asyncio.", "uvicorn.protocols.", "websockets.", "h11.")
_FAILURES = (WebSocketException, ProtocolError, UnicodeDecodeError, AssertionError)


def log_violations_in_a_line() -> None:
    """From now on, in this process. Doing it twice changes nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_in_a_line)


def _in_a_line(record: logging.LogRecord) -> bool:
    """Shorten the record of a violation; every other passes as it is.

    uvicorn ends the connection on a frame that comes before the handshake is answered, on text that
    is not UTF-8, or on a body that goes wrong when its question is already answered, and on some of
    them its own checks fail. That takes nothing from others, so whoever watches the log need not
    read how. What any code beside the readers raises stays whole.
    """
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, _FAILURES) and _only_readers(error.__traceback__):
        why = f"{type(error).__name__}: {error}".rstrip(": ")
        record.msg = "A client broke the protocol and was disconnected (%s)."
        record.args = (why.replace("\n", " "),)
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
    return True


def _only_readers(trace: TracebackType | None) -> bool:
    """Whether nothing but the code that reads from sockets ran, uvicorn's among it."""
    modules = []
    while trace is not None:
        modules.append(str(trace.tb_frame.f_globals.get("__name__")))
        trace = trace.tb_next
    uvicorn = any(module.startswith("uvicorn.") for module in modules)
    return uvicorn and all(module.startswith(_READERS) for module in modules)
