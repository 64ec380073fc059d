"""Taking a class out of a painted layer, and putting it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from numpy.typing import NDArray

_UNDOABLE = 2_000_000  # pixels; napari's own undo keeps 24 bytes of each


@dataclass(frozen=True)
class Taken:
    """Where a value was in a layer, and what stands there now: `bits` packs one bit a pixel."""

    layer: LabelsLayer
    value: int
    into: int
    count: int
    bits: NDArray[np.uint8]


def take_out(layer: LabelsLayer, value: int, into: int = 0) -> Taken:
    """Give all pixels of this value another one, 0 is unlabelled.

    Ctrl+Z of the layer brings back up to two million.
    """
    mask = np.asarray(layer.data == value)
    taken = Taken(layer, value, into, int(mask.sum()), np.packbits(mask))
    _write(layer, mask, into)
    return taken


def put_back(taken: Taken) -> None:
    """Give the pixels their value again, where nothing else was painted meanwhile."""
    layer = taken.layer
    shape: tuple[int, ...] = tuple(layer.data.shape)
    mask = np.unpackbits(taken.bits, count=int(np.prod(shape))).reshape(shape).astype(bool)
    _write(layer, mask & (layer.data == taken.into), taken.value)


def _write(layer: LabelsLayer, mask: NDArray[Any], value: int) -> None:
    if int(mask.sum()) <= _UNDOABLE:
        layer.data_setitem(np.nonzero(mask), value)
        return
    layer.data[mask] = value
    mode, editable = layer.mode, layer.editable
    layer.editable = False  # empties napari's history: older steps would write over what changed
    layer.editable = editable
    layer.mode = mode
    layer.data = layer.data  # says that anything may have changed
