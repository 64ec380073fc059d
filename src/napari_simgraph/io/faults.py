"""One sentence instead of a library's traceback, and no chatter of libraries on the screen."""

from __future__ import annotations

import csv
import logging
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError

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
    SystemError,  # h5py's, where HDF5 itself stumbles
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    csv.Error,
    TokenError,  # numpy's, of the head of an array
)

# One listener at a time, or two would stand in front of each other.
_LISTENING = threading.RLock()


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
    except MemoryError as error:
        raise Told(f"{path} asks for more memory than there is.") from error
    except BROKEN as error:
        raise Told(f"{path} can't be read as {kind}: it is broken or something else.") from error


@contextmanager
def quiet(name: str = "tifffile") -> Iterator[None]:
    """What a library's logger says in the block stays off the screen."""
    logger = logging.getLogger(name)

    def swallow(_: logging.LogRecord) -> bool:
        return False

    logger.addFilter(swallow)
    try:
        yield
    finally:
        logger.removeFilter(swallow)


@contextmanager
def listening(name: str = "tifffile") -> Iterator[list[str]]:
    """What a library's logger says in the block, as a list, kept off the screen.

    What it says about other files in other threads is not in the list.
    """
    said: list[str] = []
    here = threading.get_ident()

    def listen(record: logging.LogRecord) -> bool:
        if record.thread != here:
            return True
        said.append(record.getMessage())
        return False

    logger = logging.getLogger(name)
    with _LISTENING:
        logger.filters.insert(0, listen)  # filters behind one that says no are never asked
        try:
            yield said
        finally:
            logger.removeFilter(listen)


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
