"""Tables of pictures: their classes as CSV, and which of them show the same thing."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from napari_simgraph.core.classified import Classified, names_of_pictures, picture_names
from napari_simgraph.core.patches import COLUMNS, PatchGrid, Source
from napari_simgraph.core.raster import ImageSet
from napari_simgraph.io.anndata_read import is_table, read_table
from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.safe import fresh

_IMAGE, _CLASS = "image", "class"
_PLACE = ("z", "y", "x", "size")  # columns of patches; whole pictures need none
_DIGITS = 6  # of chances


def write_chances(table: Classified, target: Path) -> list[Path]:
    """The file written: image, class, and a column with the chance of each class.

    Patches have their place, too.
    """
    grid, names = table.grid, picture_names(table.grid.sources)
    whole = bool(table.made.get("whole")) and all(one.sections == 1 for one in grid.sources)
    place = () if whole else _PLACE
    taken = {_IMAGE, _CLASS, *place}
    heads = [f"p {name}" if name in taken else name for name in table.names]
    found, chances = table.columns[_CLASS].tolist(), table.chances
    with fresh(target) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([_IMAGE, *place, _CLASS, *heads])
        for row in range(len(table)):
            where = [int(getattr(grid, name)[row]) for name in place]
            said = [f"{chance:.{_DIGITS}g}" for chance in chances[row]]
            writer.writerow([names[int(grid.image[row])], *where, found[row], *said])
    return [target]


def read_chances(path: str | Path) -> Classified:
    """The classes found, from our CSV or a table of patches.

    Raises
    ------
    ValueError
        The file holds no classes with their chances.
    """
    file = Path(path).expanduser()
    if is_table(file):
        return Classified.from_table(read_table(file))
    head, *rows = list(_rows(file))
    if head[:1] != [_IMAGE] or _CLASS not in head:
        raise Told(f"{file} holds no predictions: it has no columns image and class.")
    first = head.index(_CLASS) + 1
    names = [name.removeprefix("p ") for name in head[first:]]
    try:
        chances = np.array([row[first:] for row in rows], np.float32).reshape(len(rows), len(names))
    except ValueError:
        raise Told(f"{file} has something else than numbers as chances.") from None
    return Classified.of(_unseen([row[0] for row in rows]), chances, names, made={"whole": True})


def with_groups(images: ImageSet, path: str | Path) -> tuple[ImageSet, list[str]]:
    """The pictures with their groups (image, group in a CSV), and what is to be known of them.

    Pictures are named by their path below the folder, by their file or by its stem.

    Raises
    ------
    ValueError
        The file names none of the pictures.
    """
    head, *rows = list(_rows(Path(path).expanduser()))
    if head[:1] != [_IMAGE]:  # no header: the first line is a picture, too
        rows = [head, *rows]
    given = {_plain(row[0]): row[1].strip() for row in rows if len(row) > 1 and row[1].strip()}
    called = names_of_pictures(images)
    files = [one.source or one.name for one in images]
    found = [_find(given, *pair) for pair in zip(called, files, strict=True)]
    missing = [name for name, group in zip(called, found, strict=True) if not group]
    if len(missing) == len(called):
        raise Told(f"{path} names none of these pictures; the first is {called[0]}.")
    groups = [group or f"alone {n}" for n, group in enumerate(found)]
    notes = [f"{len(set(groups))} groups of pictures; each stays on one side."]
    if missing:
        notes.append(f"{len(missing)} pictures have no group, the first is {missing[0]}.")
    return replace(images, image_groups=tuple(groups)), notes


def _find(given: dict[str, str], name: str, file: str) -> str:
    """The group of a picture, by the longest part of its path that is listed; "" if none is."""
    parts = PurePath(_plain(file)).parts
    ends = ["/".join(parts[-count:]) for count in range(len(parts), 0, -1)]
    for key in (_plain(name), *ends, PurePath(_plain(name)).stem, PurePath(parts[-1]).stem):
        if key in given:
            return given[key]
    return ""


def _plain(name: str) -> str:
    return name.strip().replace("\\", "/").removeprefix("./")


def _rows(file: Path) -> Iterator[Sequence[str]]:
    check_file(file)
    with telling(file, "CSV"), file.open(newline="", encoding="utf-8-sig") as opened:
        rows = [row for row in csv.reader(opened) if row]
    if not rows:
        raise Told(f"{file} is empty.")
    return iter(rows)


def _unseen(names: Sequence[str]) -> PatchGrid:
    """A grid of pictures that are known by name only."""
    sources = tuple(_source(name) for name in names)
    columns: dict[str, Any] = dict.fromkeys(COLUMNS, np.zeros(len(names), np.int32))
    columns |= {"image": np.arange(len(names)), "size": np.ones(len(names))}
    return PatchGrid(sources, **columns)


def _source(name: str) -> Source:
    digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    return Source(name, digest, (1, 1), (1.0, 1.0), (0.0, 0.0))
