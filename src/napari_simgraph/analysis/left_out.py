"""Left out: pixels that a person's marks take out of what is searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.marks import Mark, Marks
from napari_simgraph.core.raster import Image

_AREAS = ("box", "polygon")


class LeftOut(NamedTuple):
    """The areas of one image that are not to be searched."""

    marks: Sequence[Mark]

    @classmethod
    def of(cls, marks: Marks | None, image: Image, single: bool) -> LeftOut:
        """Those of an image; marks without a name of an image belong to a single one."""
        names = {image.name, ""} if single else {image.name}
        found = [
            one
            for one in (marks.of_person() if marks is not None else ())
            if one.role == "exclude" and one.kind in _AREAS and one.image in names
        ]
        return cls(found)

    def kept(self, z: int, rows: tuple[int, int], columns: tuple[int, int]) -> NDArray[np.float32]:
        """1 where a box of a section is searched, 0 where it is left out ``(Y, X)``."""
        from skimage.draw import polygon2mask

        shape = (rows[1] - rows[0], columns[1] - columns[0])
        kept = np.ones(shape, np.float32)
        corner = np.array([rows[0], columns[0]])
        for mark in self.marks:
            places = np.concatenate(mark.parts) - corner
            if mark.z != z or (places.max(0) < 0).any() or (places.min(0) >= shape).any():
                continue
            inside = np.zeros(shape, np.bool_)
            for outline in mark.parts:  # a hole takes out what the outline before it took in
                inside ^= polygon2mask(shape, outline - corner)
            kept[inside] = 0
        return kept
