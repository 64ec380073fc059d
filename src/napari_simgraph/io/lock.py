"""A lock file: one window at a time writes a workspace."""

from __future__ import annotations

import errno
import json
import os
import platform
import time
import uuid
import weakref
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import psutil

GUARD = "lock.guard"  # held for the moment in which the lock is taken, by the system itself
_GUARD_SECONDS = 10.0  # far longer than that takes
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, getattr(errno, "ENOTSUP", errno.ENOSYS))
_OTHER_HOST_SECONDS = 600.0  # a lock from another machine counts this long after its last touch
_HOST_LETTERS = 30  # of a name in a sentence


class Lock:
    """Held from making until `release` or the end of the process.

    The file says whose it is: process, machine, and when the process began.

    Parameters
    ----------
    path
        The file.
    take_over
        Take it from another part of this process.

    Attributes
    ----------
    was_left
        Whether a process that died had it before.

    Raises
    ------
    ValueError
        Another window has it.
    """

    def __init__(self, path: Path, take_over: bool = False) -> None:
        self.path, self.was_left = path, False
        self._token = uuid.uuid4().hex
        with _guarded(path.with_name(GUARD)):
            ours = take_over and _read(path).get("pid") == os.getpid()
            if is_held(path) and not ours:
                raise ValueError(f"Another window has this workspace{holder(path)}.")
            self.was_left = path.exists() and not ours
            self._write()
        self.release = weakref.finalize(self, _remove, path, self._token)

    def is_mine(self) -> bool:
        """Whether nobody took it over."""
        return bool(_read(self.path).get("token") == self._token)

    def touch(self) -> None:
        """Say to other machines that it is still in use."""
        if self.path.exists():
            os.utime(self.path)

    def _write(self) -> None:
        process = psutil.Process()
        told = {"pid": process.pid, "began": process.create_time(), "host": platform.node()}
        temporary = self.path.with_name(f"lock.{self._token[:8]}.part")
        temporary.write_text(json.dumps(told | {"token": self._token}), encoding="utf-8")
        temporary.replace(self.path)


def _guarded(path: Path) -> AbstractContextManager[object]:
    """For the moment in which a lock is taken: of two windows that find one left over, one is in.

    Some network drives have no such locks; there both may be, once in a blue moon.
    """
    from filelock import FileLock, Timeout

    try:
        return FileLock(path).acquire(timeout=_GUARD_SECONDS)
    except Timeout:
        raise ValueError("Another window has this workspace.") from None
    except NotImplementedError:
        return nullcontext()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return nullcontext()


def is_held(path: Path) -> bool:
    """Whether a living process has the lock."""
    told = _read(path)
    if not told:
        return False
    try:
        if told.get("host") != platform.node():
            return time.time() - path.stat().st_mtime < _OTHER_HOST_SECONDS
        # A number is given again to other processes: the time it began tells them apart.
        began = psutil.Process(int(told["pid"])).create_time()
        return bool(abs(began - float(told["began"])) < 1.0)
    except (psutil.Error, OSError, KeyError, TypeError, ValueError):
        return False


def holder(path: Path) -> str:
    """Who has the lock, for a sentence: `` (process 4242 on scope-pc)``; "" where it isn't said."""
    told = _read(path)
    if not {"pid", "host"} <= told.keys():
        return ""
    return f" (process {told['pid']} on {str(told['host'])[:_HOST_LETTERS]})"


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _remove(path: Path, token: str) -> None:
    """Take the file away, if it is still ours."""
    if _read(path).get("token") == token:
        path.unlink(missing_ok=True)
