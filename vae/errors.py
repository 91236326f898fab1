"""The one exception that is meant for people."""

from __future__ import annotations


class VaeError(Exception):
    """Something a person did or met, told in one sentence: what came, and what is allowed.

    The command line prints it to stderr and exits with status 1; the pages show it in a red box.
    Anything else that escapes is a bug and keeps its traceback.
    """
