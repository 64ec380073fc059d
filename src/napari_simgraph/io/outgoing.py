"""Nouns on their way to disk: plane by plane, in the order and type that files have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import plain
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.runs import to_runs

# Rows of a plane that are read at once: as many as a chunk of a result has, of no more bytes.
_ROWS, _STRIP_BYTES = 512, 64 * 2**20


@dataclass(frozen=True)
class Outgoing:
    """An image or labels in the axes of the file, channels first unless they are colours.

    Parameters
    ----------
    noun
        What is written.
    axes
        ``YX``, ``ZYX``, ``CYX``, ``CZYX``; ``YXC`` or ``ZYXC`` for colours.
    shape, dtype
        Of the whole array in the file.
    info
        What is written beside the pixels, so that our reader gets it back.
    """

    noun: Image | Labels
    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    info: Mapping[str, Any]

    @property
    def colour(self) -> bool:
        """Whether each plane holds red, green and blue."""
        return self.axes.endswith("C")

    @property
    def nbytes(self) -> int:
        """How many bytes the pixels take."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def planes(self) -> Iterator[NDArray[Any]]:
        """The planes one by one in the order of the file."""
        for at in self._places():
            yield self._part(at, slice(None))

    def strips(self) -> Iterator[Iterator[NDArray[Any]]]:
        """Each plane in turn as strips of its rows, for planes that are too large for memory."""
        height, width = self.noun.plane
        row = width * self.dtype.itemsize * (self.noun.channels if self.colour else 1)
        step = min(_ROWS, max(1, _STRIP_BYTES // row))
        for at in self._places():
            rows = (slice(top, min(top + step, height)) for top in range(0, height, step))
            yield map(partial(self._part, at), rows)

    def _places(self) -> Iterator[tuple[int | None, int | None]]:
        """Section and channel of each plane; None where there is no such axis."""
        sections = range(self.noun.sections) if "Z" in self.axes else [None]
        channels = range(self.noun.channels) if self.axes.startswith("C") else [None]
        for channel in channels:
            yield from ((z, channel) for z in sections)

    def _part(self, at: tuple[int | None, int | None], rows: slice) -> NDArray[Any]:
        """Some rows of a plane."""
        z, channel = at
        yx = (rows, slice(None))
        key = (*(() if z is None else (z,)), *yx, *(() if channel is None else (channel,)))
        block = np.asarray(self.noun.levels[0][key])
        return np.ascontiguousarray(block, self.dtype)

    def size(self, letter: str) -> float:
        """Pixel size along an axis."""
        space = self.noun.axes.removesuffix("C")
        return self.noun.spacing[space.index(letter)]


def outgoing(noun: Image | Labels, made: Mapping[str, Any] | None = None) -> Outgoing:
    """The noun as it goes to disk; labels in the smallest type that holds them."""
    sizes = dict(zip(noun.axes, noun.levels[0].shape, strict=True))
    colours = isinstance(noun, Image) and noun.classes is None and sizes.get("C") == 3
    order = noun.axes
    if order.endswith("C") and not colours:
        order = "C" + order.removesuffix("C")
    shape = tuple(int(sizes[letter]) for letter in order)
    dtype = _label_type(noun) if isinstance(noun, Labels) else noun.dtype.newbyteorder("=")
    if dtype.kind == "b":
        dtype = np.dtype(np.uint8)
    if isinstance(noun, Image) and noun.classes is not None:
        dtype = np.dtype(np.float32)
    return Outgoing(noun, order, shape, dtype, info_of(noun, made) | {"order": order})


def info_of(noun: Image | Labels, made: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What is written beside the pixels, as plain JSON."""
    info: dict[str, Any] = {
        "noun": "Labels" if isinstance(noun, Labels) else "Image",
        "name": noun.name,
        "axes": noun.axes,
        "spacing": list(noun.spacing),
        "origin": list(noun.origin),
        "unit": noun.unit,
    }
    if noun.classes is not None:
        info["classes"] = noun.classes.to_json()
    if isinstance(noun, Labels):
        info |= {"exclusive": noun.exclusive, "meaning": noun.meaning}
        if noun.meaning == "objects":
            info["object_classes"] = to_runs(noun.object_classes)
    if made:
        info["made"] = plain(made)
    return info


def _label_type(labels: Labels) -> np.dtype[Any]:
    """The smallest unsigned type that holds all values."""
    if labels.dtype.kind == "b" or labels.dtype == np.uint8:
        return np.dtype(np.uint8)
    highest = max(int(labels.section(z, box).max()) for z, box in labels.squares())
    return np.min_scalar_type(max(highest, len(labels.classes)))
