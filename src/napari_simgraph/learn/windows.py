"""Windows: boxes of an image as network input, also where they reach beyond its border."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.patch_pixels import mirror, read_mirrored
from napari_simgraph.core.raster import Image, Raster
from napari_simgraph.learn import grain
from napari_simgraph.learn.normalise import Statistics

__all__ = ["Span", "Windows", "mirror", "mirrored"]

Span: TypeAlias = tuple[int, int]  # first pixel and the one after the last; may lie outside


@dataclass(frozen=True)
class Windows:
    """Network inputs cut out of one image, statistics taken off, neighbour sections added.

    Sections with much more than the `noise` that is known are blurred a little, see `grain`; 0
    where it isn't known.
    """

    image: Image
    statistics: Statistics
    neighbours: int = 0
    noise: float = 0.0
    _blurs: dict[int, float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def read(self, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
        """Input ``(C * (2 * neighbours + 1), Y, X)``, mirrored beyond borders.

        Beyond the first and last section the outermost one is repeated.
        """
        last = self.image.sections - 1
        near = range(z - self.neighbours, z + self.neighbours + 1)
        planes = [self._plane(min(max(k, 0), last), rows, columns) for k in near]
        return np.ascontiguousarray(np.concatenate(planes))

    def _plane(self, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
        blur = self._blur(z)
        wide = grain.margin(blur)
        down, across = ((first - wide, last + wide) for first, last in (rows, columns))
        pixels = mirrored(self.image, z, down, across)
        values = self.statistics.normalise(pixels).transpose(2, 0, 1)
        return grain.blurred(values, blur) if blur else values

    def _blur(self, z: int) -> float:
        """How much a section is blurred; its noise is looked at once."""
        if not self.noise:
            return 0.0
        if z not in self._blurs:
            found = grain.noise_in(self.image, self.statistics, z)
            self._blurs[z] = grain.blur_for(found, self.noise)
        return self._blurs[z]


def mirrored(raster: Raster, z: int, rows: Span, columns: Span) -> NDArray[Any]:
    """A box ``(Y, X, C)`` of section `z`, mirrored at the borders of the section.

    Only the part inside the section is read.
    """
    return read_mirrored(raster, z, (rows, columns))
