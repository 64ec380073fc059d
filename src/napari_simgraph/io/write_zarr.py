"""Writing OME-Zarr 0.5 with a pyramid, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.core.raster import Labels
from napari_simgraph.io.ome_zarr import NAMESPACE, WHOLE
from napari_simgraph.io.outgoing import Outgoing
from napari_simgraph.io.safe import fresh

# A few sections of 512 x 512: 2 MB in 8 bits, quick to view and few files.
_CHUNK = {"C": 1, "Z": 8, "Y": 512, "X": 512}
# Levels are added until the plane fits on a screen.
_SMALLEST = 512
# Sections are halved too once they are hardly thicker than a pixel is wide.
_NEARLY_CUBE = 1.5
_UNITS = {"nm": "nanometer", "um": "micrometer", "mm": "millimeter", "cm": "centimeter"}
_UNITS |= {"pm": "picometer", "m": "meter"}


def write_zarr(going: Outgoing, target: Path) -> list[Path]:
    """The OME-Zarr written: channels first, each level half as large as the one before."""
    import zarr

    space = going.noun.axes.removesuffix("C")
    letters = ("C" if going.noun.axes.endswith("C") else "") + space
    factors = _factors(going, space)
    with fresh(target) as temporary:
        group = zarr.create_group(temporary)
        shape = (going.noun.channels,) * ("C" in letters) + going.noun.shape
        array = _create(group, "0", shape, going, letters)
        for box in _boxes(shape, array.chunks):
            array[box] = _read(going, box, letters)
        for level, step in enumerate(factors[1:], 1):
            shape = tuple(-(-n // f) for n, f in zip(array.shape, step, strict=True))
            coarse = _create(group, str(level), shape, going, letters)
            for box in _boxes(shape, coarse.chunks):
                coarse[box] = _halved(array, box, step, isinstance(going.noun, Labels))
            array = coarse
        told = _attributes(going, letters, factors)
        told[NAMESPACE][WHOLE] = {"axes": letters, "shape": list(group["0"].shape)}
        group.attrs.update(told)
    return [target]


def _create(group: Any, name: str, shape: tuple[int, ...], going: Outgoing, letters: str) -> Any:
    from zarr.codecs import ZstdCodec

    return group.create_array(
        name,
        shape=shape,
        chunks=tuple(min(_CHUNK[a], n) for a, n in zip(letters, shape, strict=True)),
        dtype=going.dtype,
        fill_value=0,
        dimension_names=[letter.lower() for letter in letters],
        # so that a damaged chunk is told, and a lost one is no empty one
        compressors=[ZstdCodec(checksum=True)],
        config={"write_empty_chunks": True},
    )


def _boxes(shape: Sequence[int], chunks: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Blocks that each fill whole chunks, sections outermost."""
    starts = [range(0, n, c) for n, c in zip(shape, chunks, strict=True)]
    for at in product(*starts):
        corner = zip(at, chunks, shape, strict=True)
        yield tuple(slice(s, min(s + c, n)) for s, c, n in corner)


def _read(going: Outgoing, box: tuple[slice, ...], letters: str) -> NDArray[Any]:
    """A block of the noun with channels first."""
    pixels = going.noun.levels[0]
    if letters.startswith("C"):
        return np.moveaxis(np.asarray(pixels[(*box[1:], box[0])]), -1, 0).astype(going.dtype)
    return np.asarray(pixels[box]).astype(going.dtype)


def _factors(going: Outgoing, space: str) -> list[tuple[int, ...]]:
    """For each level how much coarser it is than the one before, channels first."""
    lead = (1,) * going.noun.axes.endswith("C")
    shape, spacing = list(going.noun.shape), list(going.noun.spacing)
    factors: list[tuple[int, ...]] = [lead + (1,) * len(space)]
    while max(shape[-2:]) > _SMALLEST:
        thin = "Z" in space and spacing[0] <= _NEARLY_CUBE * spacing[-1]
        step = (2 if thin else 1,) * ("Z" in space) + (2, 2)
        shape = [-(-n // f) for n, f in zip(shape, step, strict=True)]
        spacing = [s * f for s, f in zip(spacing, step, strict=True)]
        factors.append(lead + step)
    return factors


def _halved(fine: Any, box: tuple[slice, ...], step: tuple[int, ...], labels: bool) -> NDArray[Any]:
    """A block of the coarser level: means of pixels, or every other label.

    A layer of chunks of the finer one is read at a time, and seen section by section: else 16
    sections of four chunks and as much again for their means would be held.
    """
    if len(box) < 3:
        return _coarser(_finer(fine, box, step), step, labels)
    made, layer = np.empty([s.stop - s.start for s in box], fine.dtype), _CHUNK["Z"] // step[-3]
    for start in range(box[-3].start, box[-3].stop, layer):
        part = slice(start, min(start + layer, box[-3].stop))
        block = _finer(fine, (*box[:-3], part, *box[-2:]), step)
        for z in range(part.stop - part.start):
            section = block[..., z * step[-3] : (z + 1) * step[-3], :, :]
            at = start - box[-3].start + z
            made[..., at : at + 1, :, :] = _coarser(section, step, labels)
    return made


def _finer(fine: Any, box: tuple[slice, ...], step: tuple[int, ...]) -> NDArray[Any]:
    """What a block of the coarser level is made of."""
    pairs = zip(box, step, fine.shape, strict=True)
    return np.asarray(fine[tuple(slice(s.start * f, min(s.stop * f, n)) for s, f, n in pairs)])


def _coarser(block: NDArray[Any], step: tuple[int, ...], labels: bool) -> NDArray[Any]:
    if labels:
        return block[tuple(slice(None, None, f) for f in step)]
    mean: Any = block.astype(np.float32)
    for axis, factor in enumerate(step):
        if factor == 2:
            if mean.shape[axis] % 2:  # an odd edge is its own neighbour
                last = mean.take([-1], axis)
                mean = np.concatenate([mean, last], axis)
            even = mean.take(range(0, mean.shape[axis], 2), axis)
            mean = (even + mean.take(range(1, mean.shape[axis], 2), axis)) / np.float32(2)
    whole = block.dtype.kind in "ui"
    rounded: NDArray[Any] = np.round(mean) if whole else mean
    return rounded.astype(block.dtype)


def _attributes(
    going: Outgoing, letters: str, factors: Sequence[tuple[int, ...]]
) -> dict[str, Any]:
    """OME metadata 0.5, and our own beside it."""
    unit = _UNITS.get(going.noun.unit, going.noun.unit)
    axes: list[dict[str, str]] = []
    for letter in letters:
        axis = {"name": letter.lower(), "type": "channel" if letter == "C" else "space"}
        known = letter != "C" and going.noun.unit != PIXEL
        axes.append({**axis, "unit": unit} if known else axis)
    lead = [1.0] * letters.startswith("C")
    scale = np.array([*lead, *going.noun.spacing])
    offset = np.array([0.0] * len(lead) + list(going.noun.origin))
    sets = []
    for level, step in enumerate(factors):
        if not isinstance(going.noun, Labels):  # a mean lies between the pixels it is made of
            offset = offset + (np.array(step) - 1) / 2 * scale
        scale = scale * np.array(step)
        moves = [
            {"type": "scale", "scale": scale.tolist()},
            {"type": "translation", "translation": offset.tolist()},
        ]
        sets.append({"path": str(level), "coordinateTransformations": moves})
    multiscale = {"name": going.noun.name, "axes": axes, "datasets": sets}
    ome = {"version": "0.5", "multiscales": [multiscale]}
    return {"ome": ome, NAMESPACE: dict(going.info)}
