"""One sentence instead of a library's traceback, and no chatter of libraries on the screen."""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What the format libraries raise on files that are broken; imagecodecs' errors are RuntimeErrors.
BROKEN = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    RuntimeError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    SyntaxError,
    struct.error,
    zlib.error,
)


class Told(ValueError):
    """A sentence for the person about a file; it passes `telling` unchanged."""


@contextmanager
def telling(path: Path | str, kind: str) -> Iterator[None]:
    """Errors of a format library become one sentence that names the file.

    Raises
    ------
    ValueError
        Something in the block failed because of the file.
    """
    try:
        yield
    except Told:
        raise
    except PermissionError:
        raise Told(f"{path} can't be opened: you have no right to read it.") from None
    except FileNotFoundError:
        raise Told(f"{path} is no longer there.") from None
    except BROKEN as error:
        raise Told(f"{path} can't be read as {kind}: it is broken or something else.") from error


@contextmanager
def quiet(name: str = "tifffile") -> Iterator[list[str]]:
    """What a library's logger says in the block, as a list, kept off the screen."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger(name)
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


def check_file(path: Path) -> None:
    """Nothing, for a file that is there and holds something.

    Raises
    ------
    ValueError
        It is missing or empty.
    """
    if not path.exists():
        raise Told(f"{path} is not there: check the path.")
    if path.is_file() and path.stat().st_size == 0:
        raise Told(f"{path} is empty (0 bytes).")
