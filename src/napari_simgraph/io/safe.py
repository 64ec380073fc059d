"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh(target: Path) -> Iterator[Path]:
    """A path to write to, beside the target and with its suffix; renamed when all went well.

    An existing file or folder at the target is replaced only at the very end.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    suffixes = "".join(target.suffixes[-2:])
    temporary = target.parent / f".writing-{uuid.uuid4().hex[:12]}{suffixes}"
    try:
        yield temporary
        _take_place(temporary, target)
    finally:
        remove(temporary)


def remove(path: Path) -> None:
    """Take away a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _take_place(new: Path, target: Path) -> None:
    if not (target.is_dir() or new.is_dir()) or not target.exists():
        os.replace(new, target)
        return
    old = target.parent / f".replaced-{uuid.uuid4().hex[:12]}"
    os.replace(target, old)  # a folder can't be renamed over another one
    try:
        os.replace(new, target)
    except OSError:
        os.replace(old, target)
        raise
    remove(old)


def synced(path: Path, content: bytes) -> None:
    """Write a file so that it is on the disk, not only on its way."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
