"""One capability over all images of a folder: one file at a time, one table, errors per file."""

from __future__ import annotations

import errno
import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from napari_simgraph.analysis.shares import class_shares, object_figures
from napari_simgraph.core.config import Config
from napari_simgraph.core.job import Clock, Device, Job, Note, Progress, Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, each_image
from napari_simgraph.core.recipe import KEY, Recipe
from napari_simgraph.core.tables import PatchTable
from napari_simgraph.io.faults import BROKEN
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.image_files import ImageFile, image_files
from napari_simgraph.io.prints import print_of
from napari_simgraph.io.raw import ReadOptions
from napari_simgraph.io.read import read
from napari_simgraph.io.run_table import Row, RunTable, fraction_column
from napari_simgraph.io.write import write
from napari_simgraph.learn.aside import Aside

# Settings that change how fast it goes, not what comes out.
_NO_MATTER = ("device", "threads")
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_ROOM = ".room"  # what is being made, beside the results


@dataclass(frozen=True)
class FolderRun:
    """What is done with a folder.

    Parameters
    ----------
    source, target
        The folder of images, and the folder for results and table.
    verb
        ``segmentation apply``: as the command line says it.
    call
        The verb: ``call(model, image, config=…, room=…) -> Job``.
    model, config
        What it is called with.
    options
        How to read the images.
    again
        Also those that are done already with this model and these settings.
    hear
        Told each row once its file is done, in the thread of the job.
    recipe
        How one of the files is made by itself, where that can be said.
    """

    source: Path
    target: Path
    verb: str
    call: Callable[..., Job[Any]]
    model: Model
    config: Config
    options: ReadOptions = field(default_factory=ReadOptions)
    again: bool = False
    hear: Callable[[Row], object] = lambda row: None
    recipe: Recipe | None = None


def run_folder(asked: FolderRun) -> Job[RunTable]:
    """The table of what became of each image, also on disk as ``table.csv``.

    What can't be done is told in its row, and the rest goes on. Images that are done already with
    the same model and settings are passed over. Only one image is held at a time.

    Raises
    ------
    ValueError
        There is no image in the folder, or the disk is full.
    """
    aside = Aside()
    try:
        look = partial(image_files, asked.source, asked.target)
        files, notes = yield from aside.wait(look)
        for note in [*notes, *_neighbours(asked.model, files)]:
            aside.halt.hear((yield Note(note)))
        return (yield from _all(asked, files, aside))
    finally:
        aside.close()


def _all(asked: FolderRun, files: list[ImageFile], aside: Aside) -> Job[RunTable]:
    columns = [fraction_column(name) for name in asked.model.classes.names]
    table = RunTable(asked.target, [file.name for file in files], columns)
    clock, first = Clock(), True
    try:
        for number, file in enumerate(files):
            at = _Place(number, len(files), file.name, clock, first)
            aside.halt.hear((yield at.tick()))
            key = yield from aside.wait(partial(_key, asked, file))
            row = None if asked.again else table.done_before(file.name, key)
            known = row is not None
            if row is None and not aside.halt.stopped:
                row, first = (yield from _one(asked, file, at, aside)), False
            if row is None:  # stopped before it was done
                break
            table.add(replace(row, key=key), before=known)
            asked.hear(row)
            if row.status == "failed":
                aside.halt.hear((yield Note(f"Not done, {file.name}: {row.told}", warning=True)))
    finally:
        written = table.write()
    if not written:
        yield Note("table.csv is open in another program: close it and run again.", warning=True)
    return table


class _Place:
    """Which file of how many it is, and what the ticks of its job say of the whole."""

    def __init__(self, number: int, count: int, name: str, clock: Clock, first: bool) -> None:
        self._number, self._count, self._name = number, count, name
        self._clock, self._first = clock, first
        self._share = 0.0
        self.notes: list[str] = []

    def tick(self) -> Progress:
        """While the file is read or written."""
        return self._progress("")

    def of_all(self, tick: Tick) -> Tick:
        """A tick of the file's job as one of the whole run; notes go into its row."""
        if isinstance(tick, Note):
            self.notes.append(tick.text)
        if isinstance(tick, Device) and self._first:
            return tick
        if isinstance(tick, Progress):
            self._share = max(self._share, tick.done)
            return self._progress(tick.text)
        return self.tick()

    def _progress(self, text: str) -> Progress:
        done = (self._number + self._share) / self._count
        said = f"file {self._number + 1} of {self._count}, {self._name}"
        return Progress(done, f"{said} · {text}" if text else said, self._clock.left(done))


def _one(
    asked: FolderRun, file: ImageFile, at: _Place, aside: Aside
) -> Generator[Tick, Signal | None, Row | None]:
    """The row of one file; None where it was stopped before it was done."""
    started, row = time.monotonic(), Row(file.name, "failed", model=asked.model.name)
    room = FolderRoom(asked.target / _ROOM)
    try:
        opened = yield from aside.wait(partial(read, file.path, options=asked.options), at.tick)
        at.notes += opened.notes
        row = replace(row, **_facts(opened.image))
        job = asked.call(asked.model, opened.image, config=asked.config, room=room)
        result = yield from _told_of_all(job, at, aside)
        if aside.halt.stopped:
            return None
        made = yield from aside.wait(partial(_keep, asked, file, result), at.tick)
        row = replace(row, status="done", **made)
    except (*BROKEN, MemoryError) as error:
        if _is_full(error):
            raise ValueError("The disk is full: make room, then run again.") from error
        at.notes.append(_sentence(error, file))
    finally:
        room.clean()
    said = " ".join(dict.fromkeys(at.notes))
    return replace(row, told=said, seconds=time.monotonic() - started)


def _told_of_all(job: Job[Any], at: _Place, aside: Aside) -> Job[Any]:
    """The result of the job of one file, its ticks as those of the whole run."""
    signal: Signal | None = None
    try:
        while True:
            tick = job.send(signal)
            signal = yield at.of_all(tick)
            aside.halt.hear(signal)
    except StopIteration as end:
        return end.value
    finally:
        job.close()


def _keep(asked: FolderRun, file: ImageFile, result: Any) -> dict[str, Any]:
    """Results and figures of a row, once the results are written."""
    settings = asked.config.changed()
    inputs = {"model": asked.model.name, "image": str(file.path)}
    info = {"verb": asked.verb, "inputs": inputs, **settings, **_recipe(asked.recipe, file)}
    paths: list[Path] = []
    figures: dict[str, float] = dict(getattr(result, "figures", {}))
    parts, folders = _parts(result), getattr(result, "folders", {})
    for name, noun in parts.items():
        target = asked.target / folders.get(name, "") / file.result
        target.parent.mkdir(parents=True, exist_ok=True)
        several = len(parts) > 1 and not folders
        stem = f"{target.name}_{name}" if several else target.name
        single = not isinstance(noun, ImageSet | LabelsSet)
        paths += write(noun, target.with_name(stem + ".tif" * single), info=info)
        if single:
            figures = _figures(noun) | figures  # classes come before how sure they are
    names = tuple(path.relative_to(asked.target).as_posix() for path in paths)
    return {"results": names, "figures": figures}


def _recipe(recipe: Recipe | None, file: ImageFile) -> dict[str, Any]:
    """How the results of one file are made again, for what is kept with them."""
    if recipe is None:
        return {}
    path = file.path.absolute()
    own = {"image": str(path)}, {"image": print_of(path)}
    inputs, prints = dict(recipe.inputs) | own[0], dict(recipe.prints) | own[1]
    out = f"{Path(file.result).name}.tif"
    return {KEY: replace(recipe, inputs=inputs, prints=prints, out=out).to_json()}


def _parts(result: Any) -> dict[str, Any]:
    """The images of a result by name; those that were not asked for are left out."""
    several = result._asdict() if hasattr(result, "_asdict") else {"result": result}
    kept = {name: noun for name, noun in several.items() if not isinstance(noun, PatchTable)}
    return {name: noun for name, noun in kept.items() if noun is not None}


def _figures(noun: Image | Labels) -> dict[str, float]:
    if isinstance(noun, Labels) and noun.meaning == "objects":
        return object_figures(noun)
    return {fraction_column(name): share for name, share in class_shares(noun).items()}


def _facts(image: Image | ImageSet) -> dict[str, Any]:
    """Shape and pixel size for the row, of a set those of its first image."""
    first, count = each_image(image)[0], len(each_image(image))
    shape = "x".join(str(n) for n in first.levels[0].shape)
    spacing = "x".join(f"{size:.6g}" for size in first.spacing) if first.has_scale else ""
    told = f"{count} of {shape}" if count > 1 else shape
    return {"shape": told, "spacing": spacing, "unit": first.unit if first.has_scale else ""}


def _key(asked: FolderRun, file: ImageFile) -> str:
    """What the results of a file depend on, in 16 hexadecimal digits."""
    settings = {k: v for k, v in asked.config.to_json().items() if k not in _NO_MATTER}
    state = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in _all_of(file)]
    made_with = [asked.verb, asked.model.fingerprint, settings, vars(asked.options), state]
    text = json.dumps(made_with, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _all_of(file: ImageFile) -> Iterator[Path]:
    """The file, or the files of a Zarr."""
    if file.path.is_dir():
        yield from sorted(path for path in file.path.rglob("*") if path.is_file())
    else:
        yield file.path


def _neighbours(model: Model, files: list[ImageFile]) -> list[str]:
    """What is to be known of a model that looks at sections above and below."""
    inputs = int(model.network.get("options", {}).get("in_channels", model.channels))
    if inputs <= model.channels or len(files) == 1:
        return []
    return ["This model looks at neighbour sections: each file is taken as a stack of its own."]


def _sentence(error: BaseException, file: ImageFile) -> str:
    if isinstance(error, MemoryError):
        return "Too little memory for this image."
    said = " ".join(str(error).split())
    if isinstance(error, ValueError):
        return said.replace(str(file.path), file.path.name)
    return f"It stopped unexpectedly ({type(error).__name__}: {said})."


def _is_full(error: BaseException) -> bool:
    """Whether the disk is full, also where a sentence was made of it."""
    causes = (error, error.__cause__)
    return any(isinstance(one, OSError) and one.errno in _FULL for one in causes)
