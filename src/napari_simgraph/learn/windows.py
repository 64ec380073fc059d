"""Windows: boxes of an image as network input, also where they reach beyond its border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.patch_pixels import mirror, read_mirrored
from napari_simgraph.core.raster import Image, Raster
from napari_simgraph.learn.normalise import Statistics

__all__ = ["Span", "Windows", "mirror", "mirrored"]

Span: TypeAlias = tuple[int, int]  # first pixel and the one after the last; may lie outside


@dataclass(frozen=True)
class Windows:
    """Network inputs cut out of one image, statistics taken off, neighbour sections added."""

    image: Image
    statistics: Statistics
    neighbours: int = 0

    def read(self, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
        """Input ``(C * (2 * neighbours + 1), Y, X)``, mirrored beyond borders.

        Beyond the first and last section the outermost one is repeated.
        """
        last = self.image.sections - 1
        near = range(z - self.neighbours, z + self.neighbours + 1)
        parts = [mirrored(self.image, min(max(k, 0), last), rows, columns) for k in near]
        planes = [self.statistics.normalise(part).transpose(2, 0, 1) for part in parts]
        return np.ascontiguousarray(np.concatenate(planes))


def mirrored(raster: Raster, z: int, rows: Span, columns: Span) -> NDArray[Any]:
    """A box ``(Y, X, C)`` of section `z`, mirrored at the borders of the section.

    Only the part inside the section is read.
    """
    return read_mirrored(raster, z, (rows, columns))
