"""The images in a folder and in all folders below it, and the names that results get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from napari_simgraph.io.faults import Told
from napari_simgraph.io.folder import natural
from napari_simgraph.io.masks import FOLDERS, is_mask_of_another
from napari_simgraph.io.read import can_read, is_zarr

_NAMED = 3  # files that were left out are named, the rest is counted


@dataclass(frozen=True)
class ImageFile:
    """One image: where it is, its path below the folder, and the path of its results.

    `result` has no suffix: ``a/cell`` for ``a/cell.png``.
    """

    path: Path
    name: str
    result: str


def image_files(folder: Path, results: Path) -> tuple[list[ImageFile], list[str]]:
    """The images below a folder in natural order, and notes on what was left out.

    Parameters
    ----------
    folder
        Where to look.
    results
        Where results go; what lies in there is no input.

    Raises
    ------
    ValueError
        There is no image, or results would go among the images.
    """
    if folder.resolve() == results.resolve():
        raise Told("Results can't go among the images: choose another folder for them.")
    if not folder.is_dir():
        raise Told(f"{folder} is no folder: check the path.")
    found = list(_walk(folder, results.resolve()))
    readable = [path for path in found if can_read(path)]
    stems: dict[Path, set[str]] = {}
    for path in readable:
        stems.setdefault(path.parent, set()).add(path.stem.casefold())
    masks = [path for path in readable if is_mask_of_another(path.stem, stems[path.parent])]
    below = [path for path in readable if _among_masks(path, folder)]
    if len(below) < len(readable):  # a folder of masks alone is a folder of images
        masks += [path for path in below if path not in masks]
    images = [path for path in readable if path not in set(masks)]
    if not images:
        raise Told(f"{folder} holds no image that can be read.")
    others = [path.name for path in found if not can_read(path) and ".simgraph" not in path.name]
    notes = [
        f"Left out, {reason}: {_some(names)}."
        for reason, names in (("no images", others), ("masks", [path.name for path in masks]))
        if names
    ]
    return _named(images, folder), notes


def _among_masks(path: Path, folder: Path) -> bool:
    """Whether a file lies in a folder of masks (``ground_truth``, ``labels`` …) below another."""
    above = path.relative_to(folder).parent.parts
    return any(name.casefold() in FOLDERS for name in above)


def _walk(folder: Path, without: Path) -> Iterator[Path]:
    """Files in natural order, those of a folder before those below it; a Zarr is one file."""
    children = sorted((p for p in folder.iterdir() if not p.name.startswith(".")), key=natural)
    whole = [child for child in children if child.is_file() or is_zarr(child)]
    yield from whole
    for child in children:
        if child not in whole and child.resolve() != without:
            yield from _walk(child, without)


def _named(images: Sequence[Path], folder: Path) -> list[ImageFile]:
    """Images with the paths of their results; two of one stem keep their suffix in it."""
    bare = [_without_suffix(path).relative_to(folder) for path in images]
    small = [str(path).casefold() for path in bare]
    made = []
    for path, stem, key in zip(images, bare, small, strict=True):
        result = PurePosixPath(stem)
        if small.count(key) > 1:
            result = result.with_name(path.name.replace(".", "_"))
        made.append(ImageFile(path, path.relative_to(folder).as_posix(), result.as_posix()))
    return made


def _without_suffix(path: Path) -> Path:
    """``cell`` for cell.tif, cell.ome.tif and cell.ome.zarr."""
    name = path.name[: -len(path.suffix)] if path.suffix else path.name
    return path.with_name(name.removesuffix(".ome") or path.name)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
