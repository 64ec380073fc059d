"""File names of masks: which file is the mask of which image."""

from __future__ import annotations

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
