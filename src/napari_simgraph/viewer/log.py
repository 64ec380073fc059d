"""The log: what a person need not read on screen, kept for when somebody asks."""

from __future__ import annotations

import logging
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_dir

from napari_simgraph.core.shortage import is_out_of_memory
from napari_simgraph.io.faults import Told
from napari_simgraph.io.safe import may_pass, refused
from napari_simgraph.scale.process import Ended

NAME = "napari_simgraph"
# Two files of 1 MB hold months of tracebacks and can still be sent by mail.
_BYTES, _OLD_FILES = 1_000_000, 1
_NO_MEMORY = "Too little memory even for one tile. Use a smaller network or close other programs."
_AGAIN = "mend that and start it again; what was there before is kept."
_UNEXPECTED = "It stopped unexpectedly. Your strokes are safe."


def log_file() -> Path:
    """Where the log is, or will be at its first line."""
    return Path(user_log_dir(NAME.replace("_", "-"), appauthor=False)) / "simgraph.log"


def open_log() -> logging.Logger:
    """Our own logger, writing into `log_file`; the root logger is left alone.

    Where the folder can't be written, nothing is kept: a log must not stop the work.
    """
    logger = logging.getLogger(NAME)
    if any(isinstance(handler, RotatingFileHandler) for handler in logger.handlers):
        return logger
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            log_file(), maxBytes=_BYTES, backupCount=_OLD_FILES, encoding="utf-8", delay=True
        )
    except OSError:
        return logger
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(min(logger.level or logging.INFO, logging.INFO))
    return logger


def append(file: Path | None, text: str) -> None:
    """A line at the end of a job's own log; a file that can't be written is passed over."""
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write(text.rstrip() + "\n")
    except OSError:
        open_log().warning("Can't write %s", file)


def say_error(error: BaseException) -> str:
    """One sentence that says what happened and what can be done, without a traceback."""
    told = type(error) is ValueError or isinstance(error, Told | Ended)  # others speak of code
    if told and str(error):
        return str(error)
    if is_out_of_memory(error):
        return _NO_MEMORY
    if disk := may_pass(error):
        return f"{refused(disk).capitalize()}: {_AGAIN}"
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{Path(str(error.filename)).name} is no longer there."
    return _UNEXPECTED


def say_trace(error: BaseException) -> str:
    """The traceback as text."""
    return "".join(traceback.format_exception(error))


def forget_frames(error: BaseException | None) -> None:
    """Let go of the arrays that the frames of an error and of its causes hold."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
