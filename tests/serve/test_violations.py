"""Clients that break the WebSocket protocol, on real servers: a line in the log, no traceback."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import numpy as np
import pytest
from uvicorn.protocols.websockets import websockets_sansio_impl
from websockets.exceptions import InvalidState

from tests.serve import wire
from tests.serve.conftest import Process
from vae.serve.client import LiveClient
from vae.serve.violations import log_violations_in_a_line

ROW = bytes(8)  # one code of the model ``tiny``
TOO_EARLY_OR_WRONG = {
    "binary": wire.frame(ROW),
    "many": wire.frame(ROW) * 50,
    "ping": wire.frame(b"", wire.PING),
    "close": wire.frame(b"\x03\xe8", wire.CLOSE),
    "short close": wire.frame(b"\x03", wire.CLOSE),
    "unknown close": wire.frame(b"\x00\x01", wire.CLOSE),
    "close in bad text": wire.frame(b"\x03\xe8\xff\xfe", wire.CLOSE),
    "unmasked": wire.frame(ROW, masked=False),
    "reserved bits": wire.frame(ROW, reserved=7),
    "unknown kind": wire.frame(ROW, 3),
    "nothing to continue": wire.frame(ROW, wire.CONTINUED),
    "bad text": wire.frame(b"\xff\xfe", wire.TEXT),
    "bad text in parts": wire.frame(b"\xff", wire.TEXT, last=False)
    + wire.frame(b"\xfe", wire.CONTINUED),
    "unfinished": wire.frame(ROW, last=False) + wire.frame(ROW),
    "too long": wire.frame(ROW, length=2**63 + 5),
    "ping in parts": wire.frame(b"", wire.PING, last=False),
    "long ping": wire.frame(bytes(200), wire.PING),
    "http": b"GET / HTTP/1.1\r\n\r\n",
    "noise": os.urandom(300),
}


@pytest.mark.parametrize("model", ["tiny", "nobody"])
def test_no_bytes_make_a_traceback(process: Process, model: str) -> None:
    """With the handshake, just after it, and when it is answered; then gone, or waiting."""
    hello = wire.upgrade(f"/live/models/{model}/decode", ["Host: localhost"])
    for rubbish in TOO_EARLY_OR_WRONG.values():
        for pause in (None, 0.0005, 0.02):
            for leave in (wire.vanish, wire.frames):
                with wire.connect(process.url) as connection:
                    connection.settimeout(0.02)
                    if pause is None:
                        connection.sendall(hello + rubbish)
                    else:
                        connection.sendall(hello)
                        time.sleep(pause)
                        connection.sendall(rubbish)
                    with suppress(TimeoutError):  # kept open: it was not that wrong
                        leave(connection)
    _still_serves(process)


def test_a_client_that_is_hung_up_on_while_its_answer_waits(process: Process) -> None:
    """It asks for much, reads nothing, breaks the protocol, and then reads slowly."""
    address = urlsplit(process.url)
    question = wire.frame(ROW * 1024)
    for _ in range(6):
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(10)
            connection.connect((address.hostname, address.port))
            connection.sendall(wire.upgrade("/live/models/tiny/decode", ["Host: localhost"]))
            for _ in range(8):
                connection.sendall(question)
                time.sleep(0.02)
            connection.sendall(TOO_EARLY_OR_WRONG["unmasked"])
            time.sleep(0.1)
            while connection.recv(2**16):
                pass
    _still_serves(process)


def _still_serves(process: Process) -> None:
    with LiveClient(process.url, "tiny") as live:
        assert live.decode(np.zeros((1, 2))).shape == (1, 8, 8, 1)
    said = process.log.read_text()
    assert "Traceback" not in said, said


def _logged(fail: Callable[[], object]) -> logging.LogRecord:
    """What a log gets of a failure in uvicorn's reader of WebSockets, which ``fail`` is part of."""
    log_violations_in_a_line()
    space = {"__name__": websockets_sansio_impl.__name__, "fail": fail}
    exec("def data_received():\n    fail()", space)
    seen: list[logging.LogRecord] = []
    logger, handler = logging.getLogger("uvicorn.error"), logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        space["data_received"]()  # type: ignore[operator]
    except Exception as error:
        trace = error.__traceback__
        error.__traceback__ = trace and trace.tb_next  # without this test's own frame
        logger.error("It failed\nbadly.", exc_info=error)
    logger.removeHandler(handler)
    return seen[0]


READER = {"__name__": "websockets.protocol", "InvalidState": InvalidState}
exec("def wrong():\n    raise InvalidState('connection is connecting')", READER)
exec("def bug():\n    raise KeyError('bytes')", READER)


def test_a_violation_is_a_warning_in_one_line() -> None:
    record = _logged(READER["wrong"])  # type: ignore[arg-type]
    assert record.getMessage() == (
        "A client broke the protocol and was disconnected (InvalidState: connection is connecting)."
    )
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert "\n" not in logging.Formatter().format(record)


def test_other_failures_keep_their_traceback() -> None:
    def ours() -> None:
        raise InvalidState("raised by other code than the readers'")

    for fail in (READER["bug"], ours):
        record = _logged(fail)  # type: ignore[arg-type]
        assert record.getMessage() == "It failed\nbadly."
        assert record.levelname == "ERROR"
        assert "Traceback" in logging.Formatter().format(record)
