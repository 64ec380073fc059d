"""Labels from what is painted: one layer, one per class, or the fields of a large image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from numpy.typing import NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.io.lazy import Lazy
from napari_simgraph.viewer.layers import overlapping_labels_of
from napari_simgraph.viewer.live.fields import corner_of
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.strokes import renumbered

if TYPE_CHECKING:
    from napari_simgraph.viewer.views.painting import Painting


def painted_labels(painting: Painting, session: Session) -> Labels:
    """A copy of what is painted, fixed at this moment.

    Raises
    ------
    ValueError
        There is no layer, or one whose values or shape don't fit.
    """
    table, zero = painting.classes.table, painting.zero.isChecked()
    if painting.overlap.isChecked():
        return overlapping_labels_of(painting.masks.layers(), table)
    layer = painting.layer
    if layer is None:
        raise ValueError("Choose a labels layer, or make one with New strokes layer.")
    in_fields, plain = "corner" in about(layer), painting.numbering.plain
    every = ClassTable.of(f"value {n}" for n in range(1, painting.numbering.last + 1))
    wanted = table if plain else every
    if in_fields and painting.image is not None:
        labels = _joined(session.image(painting.image), painting.painted_layers, wanted)
    else:
        labels = session.labels(layer, wanted, zero)
    return labels if plain else renumbered(labels, painting.classes.numbers, table)


def _joined(image: Image, fields: Sequence[LabelsLayer], classes: ClassTable) -> Labels:
    """Labels of a whole image from the fields that are painted on."""
    pixels = _Fields(image.shape, [(corner_of(each), np.array(each.data)) for each in fields])
    return Labels(
        pixels, "", image.spacing, image.unit, image.origin, name="strokes", classes=classes
    )


class _Fields(Lazy):
    """The painted fields where they lie, and zeros around them."""

    def __init__(
        self, shape: tuple[int, ...], parts: list[tuple[tuple[int, int], NDArray[Any]]]
    ) -> None:
        super().__init__(shape, np.uint8)
        self._parts = parts

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        spans = [range(n)[s] for s, n in zip(box, self.shape, strict=True)]
        out = np.zeros([len(span) for span in spans], np.uint8)
        steps = spans[-2].step, spans[-1].step
        if steps != (1, 1):  # rare: read plainly, then leave out what lies between
            whole = (*box[:-2], *(slice(min(s), max(s) + 1) for s in spans[-2:]))
            return self._block(whole)[..., :: steps[0], :: steps[1]]
        for corner, part in self._parts:
            places: list[Any] = [...]
            sources: list[slice] = []
            for span, start, size in zip(spans[-2:], corner, part.shape[-2:], strict=True):
                low, high = max(span.start, start), min(span.stop, start + size)
                places.append(slice(low - span.start, max(low, high) - span.start))
                sources.append(slice(low - start, max(low, high) - start))
            out[tuple(places)] = part[(*box[:-2], *sources)]
        return out
