"""Folders of pictures: a stack where all are alike, else a set; sub-folders are classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.io.faults import Told
from napari_simgraph.io.inside import inside
from napari_simgraph.io.lazy import Mapped, PlaneCache, Planes
from napari_simgraph.io.masks import FOLDERS, IMAGE_FOLDERS, is_mask_of_another
from napari_simgraph.io.pictures import SUFFIXES as PICTURES
from napari_simgraph.io.pictures import read_picture
from napari_simgraph.io.raw import Opened, Raw, ReadOptions, opened
from napari_simgraph.io.sidecar import SIDECAR, read_info, said_in
from napari_simgraph.io.tiff import SUFFIXES as TIFFS
from napari_simgraph.io.tiff import read_tiff

# The first files that were left out are named, the rest counted.
_NAMED = 3


def read_folder(folder: Path, options: ReadOptions, indices: bool = False) -> Opened:
    """The pictures in a folder: one stack where all are alike, else a set of images.

    With sub-folders it is a set, and the class of an image is the name of its folder. Folders of
    masks (``labels``, ``ground_truth`` …) are left out where there are others.

    Parameters
    ----------
    folder, options
        Where, and what the person says; axes that begin with N keep images apart.
    indices
        For pictures with a palette: their values in place of their colours (labels).

    Raises
    ------
    ValueError
        No picture in it can be read.
    """
    info = read_info(folder / SIDECAR)
    found = read_files(groups_in(folder, info), folder, options, indices=indices, info=info)
    return replace(found, notes=(*found.notes, *_left_out(folder)))


def read_files(
    groups: Sequence[tuple[str, Sequence[Path]]],
    folder: Path,
    options: ReadOptions,
    *,
    indices: bool = False,
    info: dict[str, Any] | None = None,
) -> Opened:
    """The pictures in these files, each group with its class; see `read_folder`.

    Raises
    ------
    ValueError
        None of them can be read.
    """
    info = info or {}
    notes: list[str] = []
    cache = PlaneCache()
    read = [(name, _read_all(files, cache, indices, notes)) for name, files in groups]
    raws = [raw for _, group in read for raw in group]
    if not raws:
        raise Told(f"{folder} holds no picture that can be read. {' '.join(notes)}".strip())
    notes += list(dict.fromkeys(note for raw in raws for note in raw.notes))
    classes = [name for name, group in read for _ in group]
    if info.get("files") and len(info["files"]) == len(raws):
        return _noted(opened(_ours(raws, info, folder), options), notes)
    apart = options.axes.upper().startswith("N")
    if len(groups) == 1 and not apart and _alike(raws) and not groups[0][0]:
        return _noted(opened(_stack(raws, folder), options), notes)
    return _set(raws, classes, folder, options, notes)


def natural(path: Path) -> list[Any]:
    """A sort key under which slice2 stands before slice10."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]


def picture_files(folder: Path) -> list[Path]:
    """The pictures in a folder in natural order, without masks of others among them."""
    files = [f for f in folder.iterdir() if f.is_file() and not f.name.startswith(".")]
    files = [f for f in files if f.suffix.casefold() in (*PICTURES, *TIFFS)]
    stems = {f.stem.casefold() for f in files}
    return sorted((f for f in files if not is_mask_of_another(f.stem, stems)), key=natural)


def groups_in(folder: Path, info: dict[str, Any]) -> list[tuple[str, list[Path]]]:
    """Files with their class: "" for those in the folder itself."""
    if info.get("files"):
        listed = [inside(folder, str(name)) for name in info["files"]]
        return [("", [file for file in listed if file.is_file()])]
    found = [("", picture_files(folder))]
    masks: list[tuple[str, list[Path]]] = []
    for child in _folders(folder):
        name = "" if child.name.casefold() in IMAGE_FOLDERS else child.name
        below = [(name, picture_files(child))]
        below += [(d.name, picture_files(d)) for d in _folders(child)]
        (masks if child.name.casefold() in FOLDERS else found).extend(below)
    images = [(name, files) for name, files in found if files]
    return images or [(name, files) for name, files in masks if files]


def _folders(folder: Path) -> list[Path]:
    return sorted((d for d in folder.iterdir() if d.is_dir() and d.name[0] != "."), key=natural)


def _read_all(
    files: Sequence[Path], cache: PlaneCache, indices: bool, notes: list[str]
) -> list[Raw]:
    """The files that can be read; the others are named in the notes."""
    raws = []
    for file in files:
        try:
            if file.suffix.casefold() in PICTURES:
                raws.append(read_picture(file, cache, indices))
            else:
                raws.append(read_tiff(file, cache=cache))
        except ValueError as error:
            notes.append(f"Left out: {error}")
    return raws


def _left_out(folder: Path) -> list[str]:
    """A note on files that are no pictures."""
    known = (*PICTURES, *TIFFS)
    names = sorted(
        f.name
        for f in folder.iterdir()
        if f.is_file()
        and f.suffix.casefold() not in known
        and f.name[0] != "."
        and f.name != SIDECAR
    )
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"Left out, no pictures: {', '.join(names[:_NAMED])}{more}."]


def _alike(raws: Sequence[Raw]) -> bool:
    """Whether the pictures are slices: flat, of one size and type."""
    first = raws[0]
    flat = first.axes in ("YX", "YXC")
    single = flat and not any(raw.info for raw in raws)  # what we wrote was an image of its own
    return single and all(
        (r.shape, r.dtype, r.axes) == (first.shape, first.dtype, first.axes) for r in raws
    )


def _stack(raws: Sequence[Raw], folder: Path) -> Raw:
    """Slices as one stack; a single one stays flat."""
    first = raws[0]
    if len(raws) == 1:
        return first
    lazy = _planes(raws, (len(raws),))
    return replace(
        first, levels=(lazy,), axes="Z" + first.axes, name=folder.name, source=str(folder), notes=()
    )


def _planes(raws: Sequence[Raw], lead: tuple[int, ...]) -> Planes:
    first = raws[0]
    arrays = [raw.levels[0] for raw in raws]
    small = PlaneCache(1)  # the pictures themselves keep what was decoded
    return Planes(lead, first.shape, first.dtype, partial(_slice, arrays), small)


def _slice(arrays: Sequence[Any], i: int) -> NDArray[Any]:
    return np.asarray(arrays[i][...])


def _scaled(factor: np.float32, block: NDArray[Any]) -> NDArray[Any]:
    return block.astype(np.float32) * factor


def _ours(raws: Sequence[Raw], info: dict[str, Any], folder: Path) -> Raw:
    """A folder that we wrote: its description says what the slices are."""
    if len({(raw.shape, raw.dtype) for raw in raws}) > 1:
        raise Told(f"{folder} was changed: its slices differ in size, remove {SIDECAR}.")
    lead = tuple(int(n) for n in info.get("lead", [len(raws)]))
    if int(np.prod(lead, dtype=np.int64)) != len(raws):
        raise Told(f"{folder} was changed: slices are missing, remove {SIDECAR}.")
    stack: Any = _planes(raws, lead)
    if info.get("factor"):
        stack = Mapped(stack, partial(_scaled, np.float32(info["factor"])), np.float32)
    name = str(info.get("name") or folder.name)
    return said_in(info, Raw((stack,), name=name, source=str(folder)))


def _noted(found: Opened, notes: Sequence[str]) -> Opened:
    return replace(found, notes=(*notes, *(n for n in found.notes if n not in notes)))


def _set(
    raws: Sequence[Raw],
    classes: Sequence[str],
    folder: Path,
    options: ReadOptions,
    notes: Sequence[str],
) -> Opened:
    """Images of any sizes with the class of their folder."""
    inner_axes = options.axes[1:] if options.axes[:1] in "Nn" else options.axes
    images: list[Image] = []
    named: list[str] = []
    asked: set[str] = set()
    for raw, name in zip(raws, classes, strict=True):
        fits = len(inner_axes) == len(raw.shape)
        found = opened(raw, replace(options, axes=inner_axes if fits else ""))
        asked |= found.questions
        images += each_image(found.image)
        named += [name] * len(each_image(found.image))
    told = list(notes)
    if any(named):
        told.append(f"{len(images)} images in {len(set(named) - {''})} classes, by folder.")
    made = ImageSet(tuple(images), tuple(named) if any(named) else (), folder.name)
    return Opened(made, tuple(told), frozenset(asked), _common(raws))


def _common(raws: Sequence[Raw]) -> dict[str, Any]:
    """What we wrote beside all of them alike."""
    first = raws[0].info
    keys = ("noun", "classes", "exclusive", "meaning", "made")
    return {
        k: first[k] for k in keys if k in first and all(r.info.get(k) == first[k] for r in raws)
    }
