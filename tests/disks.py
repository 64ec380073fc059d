"""Disks that take nothing more: full ones, and ones that may only be read."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BYTES = 2**16  # of a small file system


@contextmanager
def full_disk(folder: Path, free: int = 0) -> Iterator[Path]:
    """A folder on a disk with so many free bytes.

    A file system of its own where one may be made, as root on Linux; else the system refuses this
    process files that are longer.
    """
    with _mounted(folder) as there:
        if there:
            with contextlib.suppress(OSError):
                (folder / "filler").write_bytes(bytes(_BYTES - free))
            yield folder
            return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def locked_disk(folder: Path) -> Iterator[Path]:
    """A folder that may be read and not written, also by root."""
    with _mounted(folder) as there:
        if there:
            _run("mount", "-o", "remount,ro", str(folder))
            yield folder
            return
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        raise OSError("Rights hold for everybody but root, who may make no file system here.")
    folder.chmod(0o555)
    try:
        yield folder
    finally:
        folder.chmod(0o755)


@contextmanager
def _mounted(folder: Path) -> Iterator[bool]:
    """Whether the folder is a small file system of its own now."""
    folder.mkdir()
    words = ("mount", "-t", "tmpfs", "-o", f"size={_BYTES}", "none", str(folder))
    there = hasattr(os, "geteuid") and os.geteuid() == 0 and _run(*words)
    try:
        yield there
    finally:
        if there:
            _run("umount", "-l", str(folder))


def _run(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True).returncode == 0
    except OSError:
        return False
