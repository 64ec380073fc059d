"""A lock file: one window at a time writes a workspace."""

from __future__ import annotations

import json
import os
import platform
import time
import uuid
import weakref
from pathlib import Path
from typing import Any

import psutil

_OTHER_HOST_SECONDS = 600.0  # a lock from another machine counts this long after its last touch


class Lock:
    """Held from making until `release` or the end of the process.

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
        if not self._write():
            ours = take_over and _read(path).get("pid") == os.getpid()
            if is_held(path) and not ours:
                raise ValueError("Another window has this workspace.")
            self.was_left = not ours
            path.unlink(missing_ok=True)
            if not self._write():  # another window was quicker
                raise ValueError("Another window has this workspace.")
        self.release = weakref.finalize(self, _remove, path, self._token)

    def is_mine(self) -> bool:
        """Whether nobody took it over."""
        return bool(_read(self.path).get("token") == self._token)

    def touch(self) -> None:
        """Say to other machines that it is still in use."""
        if self.path.exists():
            os.utime(self.path)

    def _write(self) -> bool:
        process = psutil.Process()
        told = {"pid": process.pid, "began": process.create_time(), "host": platform.node()}
        try:
            with open(self.path, "x", encoding="utf-8") as file:
                json.dump(told | {"token": self._token}, file)
        except FileExistsError:
            return False
        return True


def is_held(path: Path) -> bool:
    """Whether a living process has the lock."""
    told = _read(path)
    if not told:
        return False
    if told.get("host") != platform.node():
        return time.time() - path.stat().st_mtime < _OTHER_HOST_SECONDS
    try:
        # A number is given again to other processes: the time it began tells them apart.
        began = psutil.Process(int(told["pid"])).create_time()
        return bool(abs(began - float(told["began"])) < 1.0)
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _remove(path: Path, token: str) -> None:
    """Take the file away, if it is still ours."""
    if _read(path).get("token") == token:
        path.unlink(missing_ok=True)
