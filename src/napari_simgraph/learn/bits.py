"""Bits: whether pictures hold the same kind of numbers as those that a model learned from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_simgraph.core.job import Note
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, each_image

KIND = "dtype"  # in the normalisation of a model: a type without its order of bytes, ``u1``


def kind_of_numbers(image: Image) -> str:
    """The type of grey values, as a model keeps it where it keeps their range, too."""
    return image.dtype.str[1:]


def other_bits(model: Model, image: Image | ImageSet) -> Iterator[Note]:
    """A warning where the range of grey values that a model learned is that of another type."""
    known, own = model.normalisation.get(KIND), kind_of_numbers(each_image(image)[0])
    if known is not None and known != own:
        said = f"These pictures have {_said(own)}, those of the model {_said(known)}"
        yield Note(f"{said}: its answers may mean nothing.", warning=True)


def _said(kind: str) -> str:
    number = np.dtype(kind)
    bits = {"u": f"{8 * number.itemsize} bits", "i": f"{8 * number.itemsize} bits with a sign"}
    return bits.get(number.kind, "fractions")
