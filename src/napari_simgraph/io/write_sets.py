"""Writing sets: a file for each image in a folder, or all in one .npz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.io.faults import Told
from napari_simgraph.io.outgoing import Outgoing, outgoing
from napari_simgraph.io.write_pictures import fits_png, write_png
from napari_simgraph.io.write_tiff import write_tiff


def write_set(
    nouns: ImageSet | LabelsSet, target: Path, made: Mapping[str, Any] | None = None
) -> list[Path]:
    """The files written: ``NAME.png`` where PNG holds all there is to say, else ``NAME.tif``.

    Images with classes go into a folder for each class.

    Raises
    ------
    ValueError
        The target is a single file.
    """
    if target.suffix:
        raise Told(f"{target}: several images need a folder; leave out '{target.suffix}'.")
    classes = nouns.image_classes if isinstance(nouns, ImageSet) else ()
    written: list[Path] = []
    listed: Sequence[Image | Labels] = nouns.images if isinstance(nouns, ImageSet) else nouns.labels
    for i, noun in enumerate(listed):
        going = outgoing(noun, made)
        folder = target / classes[i] if classes else target
        written.append(_write_one(going, folder, {path.stem for path in written}))
    return written


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
