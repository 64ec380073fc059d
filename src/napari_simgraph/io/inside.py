"""Files that a folder names lie in it: a folder from a stranger leads nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from napari_simgraph.io.faults import Told

_SHOWN = 60  # letters of a name in a sentence


def inside(folder: Path, name: str | Path, by: Path | None = None) -> Path:
    """Where the file lies that is named in a folder, or by a file in it.

    Raises
    ------
    ValueError
        The name leads out of the folder: by ``..``, from the root on, or through a link.
    """
    place = folder / name
    if not _lies_in(place, folder):
        named = f"names a file that lies elsewhere: {str(name)[:_SHOWN]!r}."
        raise Told(f"{(by or folder).name} {named}")
    return place


def file_name(text: str) -> str:
    """A name that every file system takes, still readable; it leads nowhere."""
    clean = "".join(c if c.isalnum() or c in "-_.() " else "-" for c in text).strip(" .")
    return clean[:80] or "unnamed"


def check_links(folder: Path) -> None:
    """Nothing, where no link in a folder leads out of it.

    Raises
    ------
    ValueError
        One does.
    """
    for link in _links(folder):
        if not _lies_in(link, folder):
            name = link.relative_to(folder)
            raise Told(f"In {folder.name}, {name} is a link to elsewhere: put the files there.")


def _lies_in(place: Path, folder: Path) -> bool:
    try:
        return place.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # links in a circle, letters that no name has
        return False


def _links(folder: Path) -> Iterator[Path]:
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield Path(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
