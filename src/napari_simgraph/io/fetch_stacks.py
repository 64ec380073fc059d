"""Slices of a public set become stacks with pixel size and classes."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Job, Note, Progress
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.io.fetch import beside, fetch_files
from napari_simgraph.io.fetch_http import FetchError, Halted, Line
from napari_simgraph.io.fetch_sets import ABOUT, ORIGINALS, PublicSet
from napari_simgraph.io.folder import natural
from napari_simgraph.io.read import read_raw
from napari_simgraph.io.safe import fresh
from napari_simgraph.io.write import write

_LINE = Line()


def fetch_set(
    chosen: PublicSet, folder: Path, mirror: str = "", line: Line = _LINE
) -> Job[list[Path]]:
    """The files of a set that one opens; none where it was stopped before all was there.

    Raises
    ------
    FetchError
        See `fetch.fetch_files`.
    """
    files = [folder / name for name in chosen.products]
    if chosen.is_here(folder):
        yield Note(f"{chosen.name} is there already: {folder}")
        return files
    if not (yield from fetch_files(chosen.wanted(folder, mirror), line)):
        return []
    made = _Making(chosen, folder)
    done = yield from beside(made.run, made.progress, made.halt)
    return files if done else []


class _Making:
    """Makes the files that one opens, one after the other."""

    def __init__(self, chosen: PublicSet, folder: Path) -> None:
        self.halt = threading.Event()
        self._set, self._folder = chosen, folder
        self._making = chosen.products[0]

    def run(self) -> bool:
        """True once all are made."""
        for one in self._set.made:
            if self.halt.is_set():
                raise Halted
            self._making = str(one["file"])
            make(self._set, one, self._folder)
        with fresh(self._folder / ABOUT) as path:
            path.write_text(self._set.about(), encoding="utf-8")
        return True

    def progress(self) -> Progress:
        """What is being made, for the tick."""
        done = self._set.products.index(self._making) / len(self._set.products)
        return Progress(done, f"puts {self._making} together")


def make(chosen: PublicSet, how: Mapping[str, Any], folder: Path) -> None:
    """One file of a set, from its originals in the folder.

    Raises
    ------
    ValueError
        It can't be written.
    """
    target = folder / str(how["file"])
    if "copy" not in how:
        write(_noun(chosen, how, folder), target, info={"source": chosen.about()})
        return
    try:
        with fresh(target) as path:
            shutil.copyfile(folder / ORIGINALS / how["copy"], path)
    except OSError as error:
        raise FetchError(f"{target} can't be written: {error.strerror}.") from error


def _noun(chosen: PublicSet, how: Mapping[str, Any], folder: Path) -> Image | Labels:
    """The stack that the slices make."""
    place = {"spacing": chosen.told["spacing"], "unit": chosen.told["unit"]}
    name = Path(how["file"]).stem
    if "masks" in how:
        masks = [_stack(chosen, pattern, folder) > 0 for pattern in how["masks"].values()]
        values = 1 + np.stack(masks, -1).astype(np.uint8)  # 1 absent, 2 present
        classes = ClassTable.of(list(how["masks"]))
        return Labels(values, "ZYXC", name=name, classes=classes, exclusive=False, **place)
    pixels = _stack(chosen, how["slices"], folder)
    if "classes" not in how:
        return Image(pixels, "ZYX", name=name, **place)
    table = np.zeros(256, np.uint8)
    for number, values in enumerate(how["classes"].values(), 1):
        table[values] = number
    classes = ClassTable.of(list(how["classes"]))
    return Labels(table[pixels], "ZYX", name=name, classes=classes, **place)


def _stack(chosen: PublicSet, pattern: str, folder: Path) -> NDArray[Any]:
    """The slices whose paths fit the pattern, in the order of their numbers."""
    paths = [Path(path) for _, _, path in chosen.originals if fnmatchcase(path, pattern)]
    return np.stack(_slices([folder / ORIGINALS / path for path in sorted(paths, key=natural)]))


def _slices(files: Sequence[Path]) -> list[NDArray[Any]]:
    """The slices as grey values: masks stored in colour hold them three times."""
    read = [np.asarray(read_raw(file, "").levels[0][...]) for file in files]
    return [pixels[..., 0] if pixels.ndim == 3 else pixels for pixels in read]
