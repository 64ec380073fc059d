"""File names of masks: which file is the mask of which image."""

from __future__ import annotations

from pathlib import Path

# Endings that data sets put behind the stem of an image to name its mask.
ENDINGS = (
    *("_mask", "_masks", "_anno", "_annotation", "_label", "_labels", "_gt", "_seg"),
    *("_segmentation", "_groundtruth", "_ground_truth", "-mask", "-labels", ".mask", ".labels"),
)
# Folders that hold masks beside a folder of images.
FOLDERS = ("labels", "label", "masks", "mask", "ground_truth", "groundtruth", "annotations", "gt")
# Folders that hold the images in a folder with others: no class has such a name.
IMAGE_FOLDERS = ("images", "image", "img", "imgs", "raw")


def bare(stem: str) -> str:
    """The stem of the image that a mask of this stem belongs to, in small letters."""
    small = stem.casefold()
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if small.endswith(ending) and len(small) > len(ending):
            return small.removesuffix(ending)
    return small


def is_mask_of_another(stem: str, stems: set[str]) -> bool:
    """Whether the name says mask, and the image of that name stands beside it."""
    small = stem.casefold()
    return bare(small) != small and bare(small) in stems


def picture_of(mask: Path) -> Path | None:
    """The picture whose labels lie at a path, by both names; None where there is none near it.

    ``cell_mask.png`` beside ``cell.png``, ``train-labels.tif`` beside ``train-volume.tif``,
    ``labels/cell.png`` below ``cell.png``, the folder ``labels`` beside ``images``.
    """
    stem = _stem(mask)
    name, above = bare(stem), mask.parent
    if mask.is_dir() and stem in FOLDERS:
        near = [above / folder for folder in IMAGE_FOLDERS]
        return next((folder for folder in near if folder.is_dir()), None)
    if name != stem:
        beside = [other for other in _files(above) if bare(_stem(other)) == _stem(other)]
        exact = [other for other in beside if _stem(other) == name]
        alike = [other for other in beside if _stem(other).startswith((f"{name}-", f"{name}_"))]
        return next(iter([*exact, *alike]), None)
    if above.name.casefold() in FOLDERS:
        near = [above.parent, *(above.parent / folder for folder in IMAGE_FOLDERS)]
        return next((o for folder in near for o in _files(folder) if _stem(o) == stem), None)
    return None


def _stem(path: Path) -> str:
    return path.stem.casefold().removesuffix(".ome")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
