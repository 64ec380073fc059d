"""Writing sets: a file for each image in a folder, or images of one size as frames of a TIFF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.io.faults import Told
from napari_simgraph.io.outgoing import Outgoing, outgoing
from napari_simgraph.io.write_pictures import fits_png, write_png
from napari_simgraph.io.write_tiff import write_tiff


def write_set(
    nouns: ImageSet | LabelsSet, target: Path, made: Mapping[str, Any] | None = None
) -> list[Path]:
    """The files written: ``NAME.png`` where PNG holds all there is to say, else ``NAME.tif``.

    Images with classes go into a folder for each class. A target ``.tif`` takes all as frames.

    Raises
    ------
    ValueError
        The target is a file of another kind, or the images differ in size or type.
    """
    listed: Sequence[Image | Labels] = nouns.images if isinstance(nouns, ImageSet) else nouns.labels
    if target.suffix.casefold() in (".tif", ".tiff"):
        return write_tiff(_frames(listed, target, made), target)
    if target.suffix:
        raise Told(f"{target}: several images need a folder; leave out '{target.suffix}'.")
    classes = nouns.image_classes if isinstance(nouns, ImageSet) else ()
    written: list[Path] = []
    for i, noun in enumerate(listed):
        going = outgoing(noun, made)
        folder = target / classes[i] if classes else target
        written.append(_write_one(going, folder, {path.stem for path in written}))
    return written


@dataclass(frozen=True)
class Frames(Outgoing):
    """Images of one size, one after the other on an axis T."""

    listed: Sequence[Image | Labels] = ()

    def strips(self) -> Iterator[Iterator[NDArray[Any]]]:
        """Each plane in turn as strips of its rows."""
        for noun in self.listed:
            yield from replace(outgoing(noun), dtype=self.dtype).strips()


def _frames(
    listed: Sequence[Image | Labels], target: Path, made: Mapping[str, Any] | None
) -> Frames:
    first = outgoing(listed[0], made)
    if len({(one.axes, one.dtype, one.levels[0].shape) for one in listed}) > 1:
        raise Told(f"{target}: these images differ in size; leave out '{target.suffix}'.")
    if first.axes not in ("YX", "YXC"):
        raise Told(f"{target}: several stacks need a folder; leave out '{target.suffix}'.")
    info = {**first.info, "frames": [one.name for one in listed]}
    shape = (len(listed), *first.shape)
    return Frames(first.noun, f"T{first.axes}", shape, first.dtype, info, listed)


def _write_one(going: Outgoing, folder: Path, taken: set[str]) -> Path:
    name, count = going.noun.name, 1
    while name in taken:
        name, count = f"{going.noun.name}_{count}", count + 1
    if _png_says_all(going):
        write_png(next(iter(going.planes())), folder / f"{name}.png")
        return folder / f"{name}.png"
    return write_tiff(going, folder / f"{name}.tif")[0]


def _png_says_all(going: Outgoing) -> bool:
    """Flat pictures without classes, pixel size or fractions."""
    plain = not going.info.get("classes") and not going.noun.has_scale
    return plain and fits_png(going) and going.axes in ("YX", "YXC")
