"""What a file or folder was like, so that one can tell later whether it is still the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

State: TypeAlias = Literal["same", "changed", "gone"]

_WHOLE_BYTES = 64 * 2**20  # read whole up to here: a tenth of a second
_OF_SYSTEMS = (".DS_Store", "Thumbs.db", "desktop.ini")  # that file browsers leave behind
_WORKSPACE = "workspace.json"  # lies in every workspace
_SAMPLES, _SAMPLE_BYTES = 64, 2**20  # above that, pieces at even distances


def print_of(path: str | Path) -> dict[str, Any]:
    """Size in bytes, time of the last change, and a hash of the content, as plain JSON.

    Above 64 MB the hash is of 64 pieces; a folder counts as its files one after the other.

    Raises
    ------
    OSError
        It can't be read.
    """
    files = _files(Path(path))
    return _stat(Path(path), files) | {"hash": _hash(Path(path), files)}


def state_of(path: str | Path, told: Mapping[str, Any]) -> State:
    """Whether a path still holds what `print_of` told of: by size and time, then by content.

    Where nothing was told it counts as the same.
    """
    place = Path(path)
    if not place.exists():
        return "gone"
    files = _files(place)
    now = _stat(place, files)
    if not {"bytes", "changed"} & told.keys():
        return "same"
    if now["bytes"] != told.get("bytes"):
        return "changed"
    if now["changed"] == told.get("changed") or "hash" not in told:
        return "same"
    return "same" if _hash(place, files) == told["hash"] else "changed"


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found: list[Path] = []
    for place, folders, names in os.walk(path):
        if _WORKSPACE in names:  # among the pictures, but none of them
            folders.clear()
            continue
        found += [Path(place, name) for name in names if name not in _OF_SYSTEMS]
    return sorted(found)


def _stat(path: Path, files: list[Path]) -> dict[str, Any]:
    stats = [file.stat() for file in files]
    folders = {file.parent for file in files if file != path}  # they tell of other names
    times = [stat.st_mtime for stat in stats] + [folder.stat().st_mtime for folder in folders]
    return {"bytes": sum(stat.st_size for stat in stats), "changed": max(times, default=0.0)}


def _hash(path: Path, files: list[Path]) -> str:
    """16 hexadecimal digits of names, sizes and content."""
    sizes = [file.stat().st_size for file in files]
    digest = hashlib.blake2b(digest_size=8)
    for file, size in zip(files, sizes, strict=True):
        name = file.relative_to(path).as_posix() if file != path else ""
        digest.update(f"{name} {size}\n".encode())
    begin, few = 0, sum(sizes) <= _WHOLE_BYTES
    wanted = _pieces(sum(sizes))
    for file, size in zip(files, sizes, strict=True):
        inside = range(0, size, _SAMPLE_BYTES) if few else _within(wanted, begin, size)
        if inside:
            with file.open("rb") as content:
                for at in inside:
                    content.seek(at)
                    digest.update(content.read(_SAMPLE_BYTES))
        begin += size
    return digest.hexdigest()


def _pieces(size: int) -> list[int]:
    """Where pieces begin, counted through all files."""
    return [(size - _SAMPLE_BYTES) * i // (_SAMPLES - 1) for i in range(_SAMPLES)]


def _within(places: list[int], begin: int, size: int) -> list[int]:
    """The places inside one file, counted from its beginning."""
    return [at - begin for at in places if begin <= at < begin + size]
