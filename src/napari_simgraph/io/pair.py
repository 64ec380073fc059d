"""Images and their masks, paired by the names of their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, each_image
from napari_simgraph.io.faults import Told, check_file
from napari_simgraph.io.folder import groups_in, natural, picture_files, read_files
from napari_simgraph.io.labels import LabelOptions, as_labels, read_labels
from napari_simgraph.io.masks import FOLDERS, bare, is_mask_of_another
from napari_simgraph.io.pictures import SUFFIXES as PICTURES
from napari_simgraph.io.raw import ReadOptions
from napari_simgraph.io.read import is_zarr, read
from napari_simgraph.io.sidecar import SIDECAR
from napari_simgraph.io.tiff import SUFFIXES as TIFFS

_NAMED = 3  # file names said in a note, the rest is counted


@dataclass(frozen=True)
class Paired:
    """Images, the labels in the same order, and what was paired in plain sentences."""

    image: Image | ImageSet
    labels: Labels | LabelsSet
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """A picture file, the class of its folder, and the file of its mask."""

    image: Path
    mask: Path
    image_class: str = ""


def read_paired(
    images: str | Path,
    labels: str | Path,
    *,
    options: ReadOptions | None = None,
    label_options: LabelOptions | None = None,
) -> Paired:
    """Images and labels of two folders (or of one that holds both), paired by name.

    ``cell1.png`` belongs to ``cell1.png``, ``cell1_mask.png``, ``cell1_anno.tif`` … Folders that
    we wrote, and single files, go together as they are.

    Raises
    ------
    ValueError
        Nothing can be paired, or a pair differs in size.
    """
    options, given = options or ReadOptions(), label_options or LabelOptions()
    first, second = Path(images), Path(labels)
    check_file(first)
    check_file(second)
    whole = any((one / SIDECAR).is_file() or is_zarr(one) for one in (first, second))
    if whole or not (first.is_dir() and second.is_dir()):
        found, told = read(first, options=options), read_labels(second, options=given)
        return _checked(Paired(found.image, told.labels, (*found.notes, *told.notes)))
    pairs, notes = pair_files(first, second)
    if _are_stacks(pairs, first, second, options):
        return _checked(_read_pairs(pairs, (first, second), options, given, notes))
    apart = replace(options, axes=f"N{options.axes or 'YX'}")
    return _checked(_read_pairs(pairs, (first, second), apart, given, notes))


def pair_files(images: Path, labels: Path) -> tuple[list[Pair], list[str]]:
    """Pairs of files in natural order, and what was paired and what was not.

    Raises
    ------
    ValueError
        No mask has the name of an image.
    """
    masks = _masks(labels, images)
    pairs, alone = [], []
    for name, files in groups_in(images, {}):
        for file in files:
            stem = file.stem.casefold()
            mask = masks.get((name.casefold(), stem)) or masks.get(("", stem))
            if mask and mask != file:
                pairs.append(Pair(file, mask, name))
            elif file not in masks.values():
                alone.append(file.name)
    if not pairs:
        raise Told(f"No file in {labels} has the name of an image in {images}.")
    first = pairs[0]
    notes = [f"Paired {len(pairs)} images with labels, {first.image.name} with {first.mask.name}."]
    if alone:
        told = "1 image has" if len(alone) == 1 else f"{len(alone)} images have"
        notes.append(f"{told} no labels, left out: {_some(alone)}.")
    used = {pair.mask for pair in pairs}
    # A mask stands there under its stem and under that of its image: it is counted once.
    spare = [mask.name for mask in dict.fromkeys(masks.values()) if mask not in used]
    if spare and images != labels:
        told = "1 label file has" if len(spare) == 1 else f"{len(spare)} label files have"
        notes.append(f"{told} no image, left out: {_some(spare)}.")
    return pairs, notes


def labels_folder(images: str | Path) -> Path | None:
    """The folder that holds the masks of a folder of images, by its usual names; or None."""
    folder = Path(images)
    if not folder.is_dir():
        return None
    if _beside(folder):
        return folder
    for place in (folder, folder.parent):
        for name in FOLDERS:
            if (place / name).is_dir() and place / name != folder:
                return place / name
    return None


def _masks(labels: Path, images: Path) -> dict[tuple[str, str], Path]:
    """Mask files by class of their folder and stem of their image."""
    same = labels.resolve() == images.resolve()
    found: dict[tuple[str, str], Path] = {}
    children = sorted((d for d in labels.iterdir() if d.is_dir()), key=natural)
    for name, folder in [("", labels), *((d.name.casefold(), d) for d in children)]:
        files = _beside(folder) if same else [*picture_files(folder), *_beside(folder)]
        for file in files:
            found.setdefault((name, bare(file.stem)), file)
            if not same:
                found.setdefault((name, file.stem.casefold()), file)
    return found


def _beside(folder: Path) -> list[Path]:
    """Masks that stand in one folder with their images."""
    known = (*PICTURES, *TIFFS)
    files = [f for f in folder.iterdir() if f.is_file() and f.suffix.casefold() in known]
    stems = {f.stem.casefold() for f in files}
    return sorted((f for f in files if is_mask_of_another(f.stem, stems)), key=natural)


def _are_stacks(pairs: Sequence[Pair], images: Path, labels: Path, options: ReadOptions) -> bool:
    """Whether both folders, as paired, are slices of one stack."""
    if any(pair.image_class for pair in pairs) or options.axes.upper().startswith("N"):
        return False
    image = read_files([("", [p.image for p in pairs])], images, options).image
    mask = read_files([("", [p.mask for p in pairs])], labels, ReadOptions(), indices=True).image
    return isinstance(image, Image) and isinstance(mask, Image)


def _read_pairs(
    pairs: Sequence[Pair],
    folders: tuple[Path, Path],
    options: ReadOptions,
    given: LabelOptions,
    notes: Sequence[str],
) -> Paired:
    apart = options.axes.upper().startswith("N")
    plain = ReadOptions("NYX" if apart else "", options.spacing, options.unit)
    groups = [(pair.image_class, [pair.image]) for pair in pairs]
    joined = [("", [pair.image for pair in pairs])]
    found = read_files(groups if apart else joined, folders[0], options)
    masks = read_files([("", [p.mask for p in pairs])], folders[1], plain, indices=True)
    told = as_labels(list(each_image(masks.image)), given, masks.notes, str(folders[1]))
    return Paired(found.image, told.labels, (*notes, *found.notes, *told.notes))


def _checked(paired: Paired) -> Paired:
    """The pairs, where each mask has the size of its image."""
    from napari_simgraph.core.raster import each_labels

    images, labels = each_image(paired.image), each_labels(paired.labels)
    if len(images) != len(labels):
        raise Told(f"{len(images)} images and {len(labels)} labels don't go together.")
    for image, mask in zip(images, labels, strict=True):
        if image.shape != mask.shape:
            raise Told(
                f"{image.name} is {_size(image.shape)} pixels, but its labels {_size(mask.shape)}."
            )
    return paired


def _size(shape: Sequence[int]) -> str:
    return " x ".join(str(n) for n in shape)


def _some(names: Sequence[str]) -> str:
    more = " …" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
