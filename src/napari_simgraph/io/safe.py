"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Also where one file, or one person, may take no more.
FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
# A disk that is locked, or a drive of the network that does not answer now.
_LOCKED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, getattr(errno, "ESTALE", errno.EIO))


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
    """Take away a file or a folder, if it is there and may be taken away."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):  # what was to be told before is worth more
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


def commit(made: Path, folder: Path) -> None:
    """Put a folder that was made in the place of another one, whatever moment the process ends.

    From the first rename on the new one counts; `settle` ends what was broken off.
    """
    settle(folder)
    made.rename(_whole(folder))
    settle(folder)


def settle(folder: Path) -> None:
    """End a `commit` that was broken off; for those who write."""
    if _whole(folder).exists():
        shutil.rmtree(folder, ignore_errors=True)
        _whole(folder).rename(folder)


def standing(folder: Path) -> Path:
    """Where a folder that was committed is to be read, also where a `commit` was broken off."""
    return _whole(folder) if _whole(folder).exists() else folder


def sweep(folder: Path, keep: Collection[str] = ()) -> None:
    """Take away what a killed process left half written; `keep` names subfolders to leave alone."""
    for place, folders, files in os.walk(folder):
        if Path(place) == folder:
            folders[:] = [name for name in folders if name not in keep]
        for name in [name for name in (*folders, *files) if is_half(name)]:
            remove(Path(place, name))
        folders[:] = [name for name in folders if not is_half(name)]


def is_half(name: str) -> bool:
    """Whether a name is one of files and folders in the making, ours or, last, of Zarr's."""
    return name.startswith(".writing-") or name.endswith((".part", ".partial"))


def _whole(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.whole")


def refused(error: OSError) -> str:
    """Why the disk took nothing, as the end of a sentence."""
    if _is_full(error):
        return "the disk is full"
    if error.errno == errno.EROFS:
        return "the disk may only be read"
    return error.strerror or "the disk refused it"


def may_pass(error: BaseException | None) -> OSError | None:
    """What a disk said that may take the same later, once there is room or it is unlocked.

    Also where a sentence was made of it; None for all other errors.
    """
    while error is not None:
        if isinstance(error, OSError) and (_is_full(error) or error.errno in _LOCKED):
            return error
        error = error.__cause__
    return None


def _is_full(error: OSError) -> bool:
    ended_early = "requested and" in str(error)  # numpy's words, which have no number
    return error.errno in FULL or ended_early


def synced(path: Path, content: bytes) -> None:
    """Write a file so that it is on the disk, not only on its way."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
