"""Which class is filled up with drawn patches, and by how many."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable

_FEW, _MOST = 10, 500  # patches that a class is filled up by, at least and at most


class Given(Protocol):
    """What is learned from: images, and a table with classes where patches of them have some."""

    @property
    def image(self) -> Image | ImageSet:
        """The images."""
        ...

    @property
    def table(self) -> EmbeddingTable | None:
        """The table, None where pictures have classes themselves."""
        ...


def counts_of(given: Given) -> dict[str, int]:
    """How many patches of each class there are."""
    classes: Any = given.table.classes() if given.table is not None else ()
    if given.table is None and isinstance(given.image, ImageSet):
        classes = np.array(given.image.image_classes, np.str_)
    names, counts = np.unique(classes, return_counts=True)
    found = dict(zip(names.tolist(), counts.tolist(), strict=True))
    found.pop("", None)
    return found


def filling(model: Model | None, counts: dict[str, int], wanted: str) -> tuple[str, int]:
    """The class that is filled up, and by how many: the wanted one, else the rarest.

    "" and 0 where no class has fewer than others, or the model draws none of them.
    """
    known = model.classes.names if model is not None else ()
    there = {name: count for name, count in counts.items() if name in known}
    most, rarest = max(there.values(), default=0), min(there, key=there.__getitem__, default="")
    name = wanted if there.get(wanted, most) < most else rarest
    missing = most - there.get(name, most)
    return (name, min(_MOST, max(_FEW, missing))) if missing else ("", 0)
