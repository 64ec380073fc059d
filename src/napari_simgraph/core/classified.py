"""Classified: a table that says of each patch or picture which class it has, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.model import Model
from napari_simgraph.core.patches import PatchGrid, Source
from napari_simgraph.core.raster import ImageSet
from napari_simgraph.core.tables import PatchTable

KEPT_ASIDE = "checked/patch_id"  # the array of a model that names patches kept aside
FOUND, SURE, CHANCE = "class", "confidence", "p "  # columns; CHANCE comes before a class's name


@dataclass(frozen=True, eq=False)
class Classified(PatchTable):
    """The class found for each patch, with the chance of every class.

    The columns are ``class``, ``confidence`` (the chance of that class) and ``p NAME`` for each
    class; ``made["classes"]`` names them in order.

    Raises
    ------
    ValueError
        A column is missing.
    """

    name: str = field(default="classes", kw_only=True)

    def __post_init__(self) -> None:
        wanted = [FOUND, SURE, *(CHANCE + name for name in self.names)]
        if not self.names or not set(wanted) <= set(self.columns):
            raise ValueError("This table doesn't say how sure each class is: classify again.")
        super().__post_init__()

    @property
    def names(self) -> tuple[str, ...]:
        """The classes in order of value."""
        return tuple(str(name) for name in self.made.get("classes", ()))

    @property
    def chances(self) -> NDArray[np.float32]:
        """How likely each class is, ``(N, K)``; rows add up to 1."""
        columns = [np.asarray(self.columns[CHANCE + name], np.float32) for name in self.names]
        return np.stack(columns, axis=1)

    @classmethod
    def of(
        cls, grid: PatchGrid, chances: NDArray[np.floating], names: Sequence[str], **more: Any
    ) -> Self:
        """The table of chances ``(N, K)`` of the classes `names`; `more` are further fields."""
        found = chances.argmax(1) if len(chances) else np.zeros(0, np.intp)
        columns: dict[str, NDArray[Any]] = {FOUND: np.array(names, np.str_)[found]}
        columns[SURE] = chances.max(1, initial=0).astype(np.float32)
        for number, name in enumerate(names):
            columns[CHANCE + name] = chances[:, number].astype(np.float32)
        made = {**more.pop("made", {}), "classes": list(names)}
        return cls(grid, columns=columns, made=made, **more)

    @classmethod
    def from_table(cls, table: PatchTable) -> Self:
        """A table that was read as any other.

        Raises
        ------
        ValueError
            It holds no chances.
        """
        if FOUND not in table.columns:  # a file doesn't repeat what the images say themselves
            table = table.with_column(FOUND, table.classes())
        fields = ("columns", "maps", "colors", "name", "made")
        return cls(table.grid, **{name: getattr(table, name) for name in fields})


def kept_ids(model: Model) -> NDArray[np.uint64]:
    """The patches that were kept aside while a model of classes learned."""
    return np.asarray(model.arrays.get(KEPT_ASIDE, ()), np.int64).view(np.uint64)


def picture_names(sources: Sequence[Source]) -> tuple[str, ...]:
    """What each picture is called among these: its path below their common folder, else its name.

    ``Crack/exp1_num_12.jpg`` in a folder of classes, ``exp1_num_12.jpg`` in a flat one.
    """
    return _below([one.path for one in sources], [one.name for one in sources])


def names_of_pictures(images: ImageSet) -> tuple[str, ...]:
    """The same of images that are open."""
    if getattr(images.images, "alike", False):  # of one array: they have names of their own
        return tuple(one.name for one in images)
    return _below([one.source for one in images], [one.name for one in images])


def _below(files: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    paths = [PurePath(one) for one in files]
    if not all(files) or len(set(paths)) < len(paths):
        return tuple(names)
    folders = [path.parent.parts for path in paths]
    common = 0
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        common += 1
    return tuple("/".join(path.parts[common:]) for path in paths)
