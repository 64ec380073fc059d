"""From a verb's result to files, with what a broken-off run needs to go on."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_simgraph.cli.found import write_found
from napari_simgraph.cli.recipes import of_model, recipe_of
from napari_simgraph.core.config import Config
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.objects import Columns
from napari_simgraph.core.raster import ImageSet, LabelsSet
from napari_simgraph.core.recipe import KEY
from napari_simgraph.core.tables import PatchTable
from napari_simgraph.core.verbs import makes_table
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.geojson import write_geojson
from napari_simgraph.io.models import load_model, save_model
from napari_simgraph.io.recipes import BARE, write_beside
from napari_simgraph.io.safe import remove
from napari_simgraph.io.tables import check_csv, write_csv
from napari_simgraph.io.write import write
from napari_simgraph.io.write_table import check_table, write_table

_PIXELS = (".tif", ".tiff", ".zarr")  # files of one picture


class Output:
    """Where the result of one command goes, and the Room beside it while it runs.

    Raises
    ------
    ValueError
        The target can't be written, found out before any work is done.
    """

    def __init__(self, asked: Namespace, config: Config) -> None:
        self._asked, self._config = asked, config
        self._recipe: dict[str, Any] = {}
        self._makes_model = asked.verb.result is Model
        # an answer that is only printed keeps nothing
        nowhere = Path(tempfile.gettempdir(), f"simgraph-{os.getpid()}")
        self._target = Path((asked.model if self._makes_model else asked.out) or nowhere)
        self._folder = self._target.with_name(self._target.name + ".partial")
        if self._makes_model and self._target.is_file():
            raise ValueError(f"{self._target} is a file; a model needs a folder.")
        kind = asked.verb.result
        if isinstance(kind, type) and issubclass(kind, Columns) and asked.out:
            check_csv(self._target)
        if makes_table(asked.verb) and asked.out:
            check_table(self._target)
        if not self._target.parent.is_dir():
            raise ValueError(f"The folder {self._target.parent} is not there: make it first.")

    def suits(self, nouns: Mapping[str, Any]) -> None:
        """Nothing, where what will be made of these inputs fits into the target.

        Raises
        ------
        ValueError
            Stacks are to go into one file.
        """
        image, suffix = nouns.get("image"), self._target.suffix.casefold()
        pixels = suffix in _PIXELS and not self._makes_model and not makes_table(self._asked.verb)
        # the first alone: each of them may have to be read
        if pixels and isinstance(image, ImageSet) and image.images[0].sections > 1:
            raise ValueError(f"{self._target}: several stacks need a folder; leave out '{suffix}'.")

    @contextmanager
    def room(self) -> Iterator[FolderRoom]:
        """The Room of the run; what a broken-off run left is used only with ``--resume``."""
        if not getattr(self._asked, "resume", False):
            remove(self._folder)
        elif not self._folder.is_dir():
            raise ValueError(f"There is nothing to go on from beside {self._target}.")
        room = self._room = FolderRoom(self._folder)
        try:
            yield room
        except BaseException:
            if not self._makes_model or room.restore() is None:
                room.clean()
            raise
        finally:
            room.close()

    def start(self) -> Model | None:
        """The model to go on from, if one was named."""
        return load_model(self._asked.start) if self._asked.start else None

    def write(self, result: Any, *, stopped: bool = False) -> list[Path]:
        """The files written; each says how it was made."""
        recipe = recipe_of(self._asked, self._config)
        self._recipe = replace(recipe, stopped=stopped).to_json()
        if isinstance(result, Model):
            origin = replace(of_model(recipe, result), stopped=stopped).to_json()
            named = result.replace(name=self._target.name, origin=origin)
            save_model(named, self._target)
            return [self._target]
        if hasattr(result, "image_scores"):
            return write_found(result, self._target, self._info())
        several = getattr(result, "_asdict", None)
        whole = several() if several is not None else {"result": result}
        parts = {name: noun for name, noun in whole.items() if noun is not None}
        written: list[Path] = []
        for name, noun in parts.items():
            target = self._target
            if len(parts) > 1:  # two results of one run: each carries its name
                target = _named(target, name)
            written += self._write(noun, target)
        return written

    def finish(self, *, cancelled: bool) -> None:
        """Drops the Room, but keeps it where ``--resume`` can go on from it."""
        if not (cancelled and self._makes_model):
            self._room.clean()

    def _write(self, noun: Any, target: Path) -> list[Path]:
        written = self._write_noun(noun, target)
        for path in written:
            if path.suffix.casefold() in BARE:
                write_beside(path, self._info())
        return written

    def _write_noun(self, noun: Any, target: Path) -> list[Path]:
        if isinstance(noun, PatchTable | SimilarityGraph):
            return write_table(noun, target, self._info())
        if isinstance(noun, Columns):
            return write_csv(noun, target)
        if isinstance(noun, Marks):
            return write_geojson(noun, target, self._info())
        if not isinstance(noun, ImageSet | LabelsSet):
            return write(noun, target, info=self._info())
        if target.suffix or (isinstance(noun, ImageSet) and noun.image_classes):
            return write(noun, target, info=self._info())
        target.mkdir(exist_ok=True)
        single = noun.images if isinstance(noun, ImageSet) else noun.labels
        return [
            path
            for one in single
            for path in write(one, target / f"{_stem(one.name)}.tif", info=self._info())
        ]

    def _info(self) -> dict[str, Any]:
        """What made the result, kept with it."""
        asked = self._asked
        inputs = {noun.name: getattr(asked, noun.name) for noun in asked.verb.nouns}
        settings = {
            item.name: getattr(asked, f"setting_{item.name}")
            for item in asked.verb.config.settings()
            if getattr(asked, f"setting_{item.name}") is not None
        }
        verb = f"{asked.command} {asked.verb_name}"
        return {"verb": verb, "inputs": inputs, **settings, KEY: self._recipe}


def _named(target: Path, name: str) -> Path:
    """``a_classes.ome.tif`` of ``a.ome.tif``: the ending that says the format stays whole."""
    inner = Path(target.stem).suffix
    ending = (inner if inner.casefold() == ".ome" else "") + target.suffix
    return target.with_name(f"{target.name.removesuffix(ending)}_{name}{ending}")


def _stem(name: str) -> str:
    """The name of the image that a result was made from: ``a`` of ``a · classes``."""
    return name.partition(" · ")[0]
